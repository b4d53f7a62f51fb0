package activities_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

func TestSameRunSameBundle(t *testing.T) {
	t.Parallel()
	for _, name := range reportTypes {
		t.Run(name, func(t *testing.T) {
			p := shop(t, name)
			first := p.run(t)
			require.Equal(t, 1, first.Revision)
			keys := keysBelow(t, p.bucket, layout(t).Reports())
			second := p.run(t)
			require.Equal(t, first.Sealed, second.Sealed)
			require.Equal(t, keys, keysBelow(t, p.bucket, layout(t).Reports()), "nothing is written again")
		})
	}
}

func TestWhoAskedForItIsNoOtherBundle(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	first := p.run(t)
	p.trigger = evidence.Manual
	require.Equal(t, first.Sealed, p.run(t).Sealed)
}

func TestOtherContentIsANewRevision(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	first := p.run(t)
	p.auditFiles(map[string]string{"audit.log": strings.SplitAfter(shopLog(t), "\n")[3]})
	second := p.run(t)
	require.Equal(t, 2, second.Revision)
	require.Equal(t, &evidence.Link{Key: first.Path, SHA256: first.SHA256}, second.manifest.Supersedes)
	require.NotEqual(t, first.Content, second.Content)

	p.auditFiles(map[string]string{"audit.log": shopLog(t)})
	third := p.run(t)
	require.Equal(t, 3, third.Revision, "the newest revision counts: a return to what was before is a change too")
	require.Equal(t, second.Path, third.manifest.Supersedes.Key)
	require.Equal(t, first.Content, third.Content)
	requireGoodChain(t, p)
}

// requireGoodChain verifies all that the archive has of the report.
func requireGoodChain(t *testing.T, p *pipeline) {
	t.Helper()
	archive := catalogue.New(p.bucket, layout(t))
	ids, err := archive.Bundles(t.Context(), p.name(t))
	require.NoError(t, err)
	var chain []evidence.Sealed
	for _, id := range ids {
		sealed, checked, err := evidence.VerifyBundle(t.Context(), archive.Reader(), layout(t).Bundle(id))
		require.NoError(t, err)
		require.Empty(t, checked.Faults)
		chain = append(chain, sealed)
	}
	require.Empty(t, evidence.VerifyChain(chain))
}

func TestBundlesOfOneReportAreAChain(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	first := p.run(t)
	require.Nil(t, first.manifest.Previous)
	p.interval = interval.Interval{Start: p.interval.End, End: p.interval.End.AddDate(0, 0, 1)}
	p.auditFiles(map[string]string{"audit.log": strings.ReplaceAll(shopLog(t), "2026-11-24T", "2026-11-25T")})
	second := p.run(t)
	require.Equal(t, &evidence.Link{Key: first.Path, SHA256: first.SHA256}, second.manifest.Previous)
	requireGoodChain(t, p)
}

func TestSealAtOneTime(t *testing.T) {
	t.Parallel()
	t.Run("the same contents", func(t *testing.T) {
		p := shop(t, inventory)
		s, err := p.prepare(t)
		require.NoError(t, err)
		var wait sync.WaitGroup
		results, failures := make([]activities.Sealed, 8), make([]error, 8)
		for i := range results {
			wait.Go(func() { results[i], failures[i] = step[activities.Sealed](t, p, activities.SealName, s.seal()) })
		}
		wait.Wait()
		for i := range results {
			require.NoError(t, failures[i])
			require.Equal(t, results[0], results[i])
		}
		require.Equal(t, 1, results[0].Revision)
	})
	t.Run("one that another run was asked for sealed meanwhile", func(t *testing.T) {
		p := shop(t, inventory)
		s, err := p.prepare(t)
		require.NoError(t, err)
		manual := p.copied()
		manual.trigger = evidence.Manual
		var first activities.Sealed
		p.bucket = atManifest(p.bucket, func() {
			other, err := manual.prepare(t)
			require.NoError(t, err)
			first, err = step[activities.Sealed](t, manual, activities.SealName, other.seal())
			require.NoError(t, err)
		})
		second, err := step[activities.Sealed](t, p, activities.SealName, s.seal())
		require.NoError(t, err)
		require.Equal(t, first, second)
	})
	t.Run("other contents", func(t *testing.T) {
		p := shop(t, inventory)
		s, err := p.prepare(t)
		require.NoError(t, err)
		whole := p.bucket
		p.bucket = atManifest(whole, func() {
			manifest := layout(t).Bundle(evidence.BundleID{Report: p.name(t), Interval: p.interval, Revision: 1}) + evidence.ManifestName
			foreign := shop(t, inventory).auditFiles(map[string]string{"audit.log": strings.SplitAfter(shopLog(t), "\n")[3]})
			require.Equal(t, 1, foreign.run(t).Revision)
			body, err := foreign.bucket.Get(t.Context(), manifest)
			require.NoError(t, err)
			defer body.Close()
			require.NoError(t, whole.PutIfAbsent(t.Context(), manifest, strings.NewReader(readAll(t, body))))
		})
		_, err = step[activities.Sealed](t, p, activities.SealName, s.seal())
		_ = requireFailure(t, err, activities.FailureConflict, true)
		require.ErrorContains(t, err, "daily-inventory/20261124T000000Z_20261125T000000Z/r1: sealed before with other contents")
	})
}

func TestKilledSeal(t *testing.T) {
	t.Parallel()
	whole := shop(t, inventory).run(t)
	want, objects := whole.SHA256, len(whole.files)
	for _, n := range []int{0, 1, objects / 2, objects} { // the last one lacks its manifest alone
		killed := shop(t, inventory)
		s, err := killed.prepare(t)
		require.NoError(t, err)
		whole := killed.bucket
		killed.bucket = dies(whole, n)
		_, err = step[activities.Sealed](t, killed, activities.SealName, s.seal())
		_ = requireFailure(t, err, activities.FailureUnavailable, false)
		require.ErrorContains(t, err, errOutage.Error())
		none, err := catalogue.New(whole, layout(t)).Bundles(t.Context(), "")
		require.NoError(t, err)
		require.Empty(t, none, "without its manifest there is no bundle")

		killed.bucket = whole
		again, err := step[activities.Sealed](t, killed, activities.SealName, s.seal())
		require.NoError(t, err)
		require.Equal(t, want, again.SHA256, "the next attempt completes it, after %d of %d objects", n, objects)
	}
}

func TestLeftoversOfAKilledSeal(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*pipeline){
		"other contents": func(p *pipeline) {
			p.auditFiles(map[string]string{"audit.log": strings.SplitAfter(shopLog(t), "\n")[3]})
		},
		// The bundle that follows has two files: what is left of the others would never be in any manifest.
		"other files": func(p *pipeline) { p.audit = nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := shop(t, inventory)
			s, err := p.prepare(t)
			require.NoError(t, err)
			whole := p.bucket
			p.bucket = dies(whole, 3)
			_, err = step[activities.Sealed](t, p, activities.SealName, s.seal())
			require.Error(t, err)

			p.bucket = whole
			change(p)
			b := p.run(t)
			require.Equal(t, 2, b.Revision, "the number is passed over: what was left there may be locked")
			require.Nil(t, b.manifest.Supersedes)
			require.Equal(t, b.Sealed, p.run(t).Sealed)
			requireGoodChain(t, p)
		})
	}
}

func TestSealRefusesWhatTheStepDidNotWrite(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	s, err := p.prepare(t)
	require.NoError(t, err)
	file := s.rendered.Files[1]
	require.NoError(t, p.bucket.Put(t.Context(), file.Key, strings.NewReader("other bytes")))
	_, err = step[activities.Sealed](t, p, activities.SealName, s.seal())
	require.ErrorContains(t, err, file.Key)
	require.ErrorContains(t, err, "the object is not what the step wrote")
	for _, key := range keysBelow(t, p.bucket, layout(t).Reports()) {
		require.NotContains(t, key, evidence.ManifestName)
		require.NotContains(t, key, file.Name)
	}
}

// atManifest calls do once, just before the first manifest of a bundle is written.
func atManifest(bucket activities.Bucket, do func()) *hooked {
	var once sync.Once
	return &hooked{bucket, func(op, key string) error {
		if op == "put new" && strings.HasSuffix(key, "r1/"+evidence.ManifestName) {
			once.Do(do)
		}
		return nil
	}}
}
