package starter

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/probity/probity/internal/definitions"
)

// Source gives the definitions as they are now. A folder or server that cannot be read at all is an error: then nothing is
// changed.
type Source interface {
	Load(ctx context.Context) (*definitions.Set, error)
}

// Starter keeps the schedules in line with the definitions.
type Starter struct {
	source    Source
	schedules *Schedules
	every     time.Duration
	logger    *slog.Logger
	told      map[string]string // problems already logged, so that each is said once
}

// New returns a starter that compares every interval of the given length.
func New(source Source, schedules *Schedules, every time.Duration, logger *slog.Logger) *Starter {
	return &Starter{source: source, schedules: schedules, every: every, logger: logger, told: map[string]string{}}
}

// Run compares now and then until ctx ends. A failed comparison is logged and repeated: Temporal or the source may be away.
func (s *Starter) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.every)
	defer ticker.Stop()
	for {
		if err := s.Sync(ctx); err != nil && ctx.Err() == nil {
			s.logger.Error("schedules were not brought in line; trying again", "error", err, "again", s.every)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Sync compares once: schedules are created, updated, paused, resumed and deleted as the definitions say.
func (s *Starter) Sync(ctx context.Context) error {
	set, err := s.source.Load(ctx)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	var failures []error
	for _, def := range set.Reports {
		if def.Schedule == nil {
			continue // on demand only: a schedule it had is removed below
		}
		keep[def.Name] = true
		_, err := s.schedules.Ensure(ctx, def.Definition, def.Raw)
		failures = append(failures, err)
	}
	s.tell(set)
	if len(set.Faults) > 0 {
		return errors.Join(failures...) // a report that is not there may be in what could not be read
	}
	have, err := s.schedules.Names(ctx)
	if err != nil {
		return errors.Join(append(failures, err)...)
	}
	slices.Sort(have)
	for _, name := range have {
		if !keep[name] && set.Invalid[name] == nil {
			failures = append(failures, s.schedules.Remove(ctx, name))
		}
	}
	return errors.Join(failures...)
}

// tell logs what is wrong with the definitions, each problem once.
func (s *Starter) tell(set *definitions.Set) {
	now := map[string]string{}
	say := func(object, effect string, problem error) {
		if now[object] = problem.Error(); s.told[object] != now[object] {
			s.logger.Error("definition refused", "object", object, "effect", effect, "error", problem)
		}
	}
	for name, problem := range set.BrokenTypes {
		say("type "+name, "the schedules of its reports stay as they were", problem)
	}
	for name, problem := range set.Invalid {
		say("report "+name, "its schedule stays as it was", problem)
	}
	for i, problem := range set.Faults {
		say("fault "+strconv.Itoa(i+1), "definitions may be missing; no schedule is deleted", problem)
	}
	s.told = now
}
