package activities_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
)

// atKey cancels when the bucket is asked for an object of that name.
func atKey(bucket activities.Bucket, name string, cancel func()) *hooked {
	return &hooked{bucket, func(op, key string) error {
		if op == "get" && strings.HasSuffix(key, name) {
			cancel()
		}
		return nil
	}}
}

// TestCanceledSteps: a step that is cancelled, or whose worker stops, ends with the context's own error, which is no failure of
// the report, and leaves no result.
func TestCanceledSteps(t *testing.T) {
	t.Parallel()
	prepared := func(t *testing.T) (*pipeline, *staged, func()) {
		p := shop(t, networkAccess)
		s, err := p.prepare(t)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		p.background = ctx
		return p, s, cancel
	}
	for name, c := range map[string]struct {
		at  string // the object whose reading the cancellation meets
		run func(*testing.T, *pipeline, *staged) error
	}{
		"gather changes": {"plan.json", func(t *testing.T, p *pipeline, s *staged) error {
			_, err := step[activities.ChangesResult](t, p, activities.ChangesName, activities.PartParams{Plan: s.plan.Plan})
			return err
		}},
		"gather flows": {"plan.json", func(t *testing.T, p *pipeline, s *staged) error {
			_, err := step[activities.FlowsResult](t, p, activities.FlowsName, activities.PartParams{Plan: s.plan.Plan})
			return err
		}},
		"compute, while the changes are replayed": {"changes-0000.ndjson.zst", compute},
		"compute, while flows are merged":         {"flows-0000.ndjson.zst", compute},
		"render": {"provenance.json", func(t *testing.T, p *pipeline, s *staged) error {
			_, err := step[activities.RenderResult](t, p, activities.RenderName, activities.RenderParams{Plan: s.plan.Plan, Computed: s.computed})
			return err
		}},
		"seal": {"endpoints.csv", func(t *testing.T, p *pipeline, s *staged) error {
			_, err := step[activities.Sealed](t, p, activities.SealName, s.seal())
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p, s, cancel := prepared(t)
			puts := &atomic.Int64{}
			p.bucket = counting(atKey(p.bucket, c.at, cancel), puts, p.background)
			requireCanceled(t, c.run(t, p, s))
			require.Zero(t, puts.Load(), "nothing is written after the cancellation")
		})
	}
}

func compute(t *testing.T, p *pipeline, s *staged) error {
	_, err := step[activities.ComputeResult](t, p, activities.ComputeName, activities.ComputeParams{Plan: s.plan.Plan, Gathered: s.gathered})
	return err
}

func requireCanceled(t *testing.T, err error) {
	t.Helper()
	require.ErrorContains(t, err, context.Canceled.Error())
	require.NotContains(t, err.Error(), activities.FailureUnavailable, "a step that was told to end has not failed")
}

// counting counts the objects that are written once the context has ended.
func counting(bucket activities.Bucket, puts *atomic.Int64, ctx context.Context) *hooked { //nolint:revive // the context is watched, not used
	return &hooked{bucket, func(op, _ string) error {
		if strings.HasPrefix(op, "put") && ctx.Err() != nil {
			puts.Add(1)
		}
		return nil
	}}
}

// TestCanceledReadingEndsEarly: the rest of a large log is not read.
func TestCanceledReadingEndsEarly(t *testing.T) {
	t.Parallel()
	lines := strings.Repeat(shopLog(t), 20_000)
	ctx, cancel := context.WithCancel(t.Context())
	p := shop(t, inventory).auditFiles(map[string]string{"audit.log": lines})
	planned, err := p.plan(t)
	require.NoError(t, err)
	log := &endingLog{AuditLog: p.audit.(*porttest.AuditLog), after: 3000, cancel: cancel}
	p.audit, p.background = log, ctx
	_, err = step[activities.ChangesResult](t, p, activities.ChangesName, activities.PartParams{Plan: planned.Plan})
	requireCanceled(t, err)
	require.Less(t, log.given, 4000)
}

// endingLog cancels after some lines.
type endingLog struct {
	*porttest.AuditLog
	after, given int
	cancel       func()
}

func (e *endingLog) Read(ctx context.Context, part activities.Partition, line func([]byte) error) (activities.ReadStats, error) {
	return e.AuditLog.Read(ctx, part, func(l []byte) error {
		if e.given++; e.given == e.after {
			e.cancel()
		}
		return line(l)
	})
}

// TestCanceledReplayEndsEarly: a long replay looks at the context too, not only at the bucket.
func TestCanceledReplayEndsEarly(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	for i := range 5000 {
		log.WriteString(strings.NewReplacer("a-3", fmt.Sprintf("b-%d", i), "web-2", fmt.Sprintf("web-x%d", i)).Replace(shopLines(t, "audit/audit.log")[2]))
	}
	p := shop(t, inventory).auditFiles(map[string]string{"audit.log": log.String()})
	planned, err := p.plan(t)
	require.NoError(t, err)
	gathered, err := p.gather(t, planned)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	p.background = ctx
	puts := &atomic.Int64{}
	p.bucket = counting(atKey(p.bucket, "changes-0000.ndjson.zst", cancel), puts, ctx)
	requireCanceled(t, compute(t, p, &staged{plan: planned, gathered: gathered}))
	require.Zero(t, puts.Load())
}

// TestOutages: whatever operation of the bucket fails (every seventh is tried), the step says which object it was about, and is
// worth another attempt.
func TestOutages(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"put", "put new", "get"} {
		t.Run(op, func(t *testing.T) {
			p := shop(t, inventory)
			whole := p.bucket
			// Every step is repeated after the outage with what an earlier one left: the result is the same.
			want := shop(t, inventory).run(t).digests()
			for n := 0; ; n += 7 {
				calls := 0
				p.bucket = &hooked{whole, func(does, _ string) error {
					if does == op {
						if calls++; calls == n+1 {
							return errOutage
						}
					}
					return nil
				}}
				sealed, err := p.try(t)
				if calls <= n {
					require.NoError(t, err)
					p.bucket = whole
					require.Equal(t, want, p.read(t, sealed).digests())
					return
				}
				failure := requireFailure(t, err, activities.FailureUnavailable, false)
				require.Contains(t, failure.Message(), "archive/test/")
			}
		})
	}
}
