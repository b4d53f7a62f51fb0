package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/blob"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	now := midnight
	bucket := &blob.Memory{Now: func() time.Time { return now }}
	p := shop(t, inventory)
	p.bucket = bucket
	b := p.run(t)
	root := layout(t).StagingRoot()
	own := keysBelow(t, bucket, root)
	require.NotEmpty(t, own)
	kept := keysBelow(t, bucket, layout(t).Root())
	put := func(key string, age time.Duration) {
		now = midnight.Add(-age)
		require.NoError(t, bucket.Put(t.Context(), key, strings.NewReader("x")))
	}
	put(root+"report~daily/young/plan.json", activities.StagingAge-time.Hour)
	put(root+"report~daily/old/plan.json", activities.StagingAge+time.Hour)
	put(layout(t).Root()+"reports/other", 100*activities.StagingAge)

	swept, err := step[activities.SweepResult](t, p, activities.SweepName, activities.SweepParams{})
	require.NoError(t, err)
	require.Equal(t, activities.SweepResult{Own: int64(len(own)), Old: 1}, swept)
	require.Equal(t, []string{root + "report~daily/young/plan.json"}, keysBelow(t, bucket, root))
	require.Len(t, keysBelow(t, bucket, layout(t).Root()), len(kept)-len(own)+2, "nothing but staging is touched")
	require.Equal(t, b.digests(), p.read(t, b.Sealed).digests())

	again, err := step[activities.SweepResult](t, p, activities.SweepName, activities.SweepParams{})
	require.NoError(t, err)
	require.Zero(t, again)
}

func TestSweepFails(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.bucket = &hooked{p.bucket, func(op, _ string) error {
		if op == "clear" {
			return errOutage
		}
		return nil
	}}
	_, err := step[activities.SweepResult](t, p, activities.SweepName, activities.SweepParams{})
	require.ErrorContains(t, err, "Sweep: clear staging: "+errOutage.Error())
}
