package recorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/recording"
	"github.com/probity/probity/internal/resource"
)

// follower follows one kind. Only its own goroutine uses it.
type follower struct {
	*Recorder
	kind resource.Kind
	name string

	version string    // up to which everything was recorded; "" = a list is needed
	until   time.Time // the same as a time; zero = the kind was never followed
	why     string    // a list is needed
	refused string    // why the kind cannot be followed; it is logged once
	since   time.Time // when that was written last
	caught  string    // changes up to this version come late
}

func newFollower(r *Recorder, kind resource.Kind, positions map[string]recording.Span) *follower {
	f := &follower{Recorder: r, kind: kind, name: kind.Collection()}
	if at, ok := positions[f.name]; ok {
		f.version, f.until = at.ToVersion, at.To // one that was absent has no version
		f.why = "no recorder was running"
	}
	return f
}

// Pauses between attempts to reach the API server.
const (
	shortestPause = 250 * time.Millisecond
	longestPause  = 10 * time.Second
)

// run follows the kind until ctx ends. It fails only when nothing can be written any more.
func (f *follower) run(ctx context.Context, served *board) error {
	pause := shortestPause
	for ctx.Err() == nil {
		before := f.version
		err := f.term(ctx, served)
		var lost *journalError
		if errors.As(err, &lost) {
			return lost
		}
		if f.version != before || err == nil {
			pause = shortestPause
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		f.Logger.Warn("a kind is not followed at the moment; trying again", "kind", f.name, "error", err, "again", pause)
		wait(ctx, pause)
		pause = min(2*pause, longestPause)
	}
	return nil
}

func wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// term lists the kind if need be, and watches it once.
func (f *follower) term(ctx context.Context, served *board) error {
	how, news, err := served.of(ctx, f.kind)
	if err != nil {
		return err
	}
	if len(how.Resources) == 0 {
		err := f.without(&how)
		if err == nil {
			await(ctx, news)
		}
		return err
	}
	place := how.Resources[0]
	err = f.follow(ctx, place)
	switch {
	case apierrors.IsForbidden(err) && ctx.Err() == nil:
		if err := f.refuse("refused: " + err.Error()); err != nil {
			return err
		}
		await(ctx, news)
		return nil
	case apierrors.IsNotFound(err): // removed, which the next answer will tell
		await(ctx, news)
		return nil
	}
	return err
}

func await(ctx context.Context, news <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-news:
	}
}

// without notes that there is nothing to follow.
func (f *follower) without(how *kube.Served) error {
	if how.Err != nil {
		return f.refuse(how.Err.Error())
	}
	if f.version != "" { // it was there: its objects went with it
		line := recording.Line{Type: recording.Listed, Kind: f.name, Version: f.version, List: f.journal.nextList()}
		if err := f.add(&line); err != nil {
			return err
		}
	}
	f.version, f.refused = "", ""
	return f.add(&recording.Line{Type: recording.Absent, Kind: f.name})
}

// refuse notes that the kind cannot be followed.
func (f *follower) refuse(why string) error {
	if why != f.refused {
		f.Logger.Warn("a kind cannot be recorded", "kind", f.name, "why", why)
		f.refused, f.since = why, f.until
	}
	f.why = why
	line := recording.Line{Type: recording.Refused, Kind: f.name, Since: f.since, Why: why}
	err := f.write(&line, time.Now())
	f.since = line.At
	return err
}

func (f *follower) follow(ctx context.Context, place schema.GroupVersionResource) error {
	if f.version == "" {
		if err := f.list(ctx, place); err != nil {
			return err
		}
	}
	// Changes that were made while nobody watched come late: up to the version that the server has now.
	f.caught = ""
	if time.Since(f.until) > lateAfter {
		version, err := f.Source.Version(ctx, place)
		if err != nil {
			return fmt.Errorf("ask for the version of %s: %w", f.name, err)
		}
		f.caught = version
	}
	began := time.Now()
	err := f.Source.Watch(ctx, place, f.kind, f.version, f.tell)
	switch {
	case errors.Is(err, kube.ErrExpired):
		f.Logger.Warn("the watch expired: the kind is listed anew", "kind", f.name, "since", f.until, "error", err)
		f.version, f.why = "", kube.ErrExpired.Error()
		return nil
	case err != nil:
		return err
	case time.Since(began) < kube.WatchTime: // the server stops, perhaps, and need not have told everything
		wait(ctx, shortestPause)
		return nil
	}
	return f.add(&recording.Line{Type: recording.Followed, Kind: f.name, Version: f.version})
}

// lateAfter is how long a kind may be without a watch before the times of its changes are in question.
const lateAfter = 3 * time.Second

// list records every object of the kind, and closes the gap before it.
func (f *follower) list(ctx context.Context, place schema.GroupVersionResource) error {
	var number, count int64
	var at time.Time
	begin := func() error {
		number, count, at = f.journal.nextList(), 0, time.Now()
		return nil
	}
	version, err := f.Source.List(ctx, place, f.kind, begin, func(object []byte) error {
		count++
		line := recording.Line{Type: recording.Found, Kind: f.name, List: number, Object: object}
		return f.write(&line, at)
	})
	if err != nil {
		return err
	}
	whole := recording.Line{Type: recording.Listed, Kind: f.name, Version: version, List: number, Count: count, Since: f.until, Why: f.why}
	if err := f.write(&whole, at); err != nil {
		return err
	}
	gap := !f.until.IsZero()
	f.metrics.listed(f.name, gap)
	if gap {
		f.Logger.Warn("a kind was listed anew: the time before is a gap", "kind", f.name, "objects", count, "version", version, "since", f.until, "why", f.why)
	} else {
		f.Logger.Info("a kind was listed", "kind", f.name, "objects", count, "version", version)
	}
	f.version, f.until, f.why, f.refused = version, whole.At, "", ""
	return nil
}

var types = map[string]recording.Type{kube.Added: recording.Created, kube.Modified: recording.Changed, kube.Deleted: recording.Deleted}

// tell records what the watch told.
func (f *follower) tell(watched *kube.Watched) error {
	if watched.Type == kube.Bookmark {
		f.version = watched.Version
		return f.add(&recording.Line{Type: recording.Followed, Kind: f.name, Version: watched.Version})
	}
	of, ok := types[watched.Type]
	if !ok {
		return fmt.Errorf("watch of %s tells %.40q, which is no type of event", f.name, watched.Type)
	}
	hint := recording.HintOf(watched.Raw)
	line := recording.Line{Type: of, Kind: f.name, Version: watched.Version, Manager: hint.Manager, Object: watched.Object}
	now := time.Now()
	at := now
	if f.caught != "" && recording.CompareVersions(watched.Version, f.caught) <= 0 {
		line.Received = now.UTC().Truncate(time.Microsecond)
		at = between(hint.Time, f.until, now)
	}
	if err := f.write(&line, at); err != nil {
		return err
	}
	f.version, f.until = watched.Version, line.At
	f.metrics.changed(f.name, string(of))
	return nil
}

func between(at, from, to time.Time) time.Time {
	switch {
	case at.Before(from):
		return from
	case at.After(to):
		return to
	}
	return at
}

// add writes a line that is true until now.
func (f *follower) add(line *recording.Line) error {
	if err := f.write(line, time.Now()); err != nil {
		return err
	}
	f.until = line.At
	return nil
}

// write gives the line its time, which never goes back within a kind, and writes it.
func (f *follower) write(line *recording.Line, at time.Time) error {
	at = at.UTC().Truncate(time.Microsecond)
	if at.Before(f.until) {
		at = f.until
	}
	line.At = at
	if err := f.journal.add(line); err != nil {
		return err
	}
	if line.Type != recording.Refused {
		f.metrics.last.WithLabelValues(f.name).Set(float64(at.UnixMilli()) / 1000)
	}
	return nil
}
