package flow

import (
	"fmt"
	"io"
	"iter"
)

// Spill keeps sorted runs of groups that do not fit into memory. It is given by the caller, since this package touches no
// files. A Spill may be shared by reducers that work at the same time.
type Spill interface {
	// Create begins a run.
	Create() (SpillRun, error)
}

// SpillRun is one run: written once, closed, then read any number of times and removed.
type SpillRun interface {
	io.WriteCloser
	// Open reads the run from its start. It is called after Close only.
	Open() (io.ReadCloser, error)
	// Remove frees the run.
	Remove() error
}

// maxRuns bounds how many runs are read at the same time; more are merged into one first.
const maxRuns = 64

// spill writes the groups in memory to a run and forgets them.
func (r *Reducer) spill() {
	if r.err != nil {
		return
	}
	if r.options.Spill == nil {
		r.err = fmt.Errorf("more than %d flow groups and nothing to spill them to: raise the limit or give a spill folder",
			r.options.MaxGroups)
		r.forget()
		return
	}
	groups := r.groups.entries()
	r.err = r.writeRun(merge([]source{&groups}))
	r.forget()
	if r.err == nil && len(r.runs) >= maxRuns {
		r.err = r.compact()
	}
}

func (r *Reducer) forget() {
	r.groups.forget()
	r.lines.reset()
}

func (r *Reducer) writeRun(groups iter.Seq2[entry, error]) error {
	run, err := r.options.Spill.Create()
	if err != nil {
		return fmt.Errorf("spill flow groups: %w", err)
	}
	r.runs = append(r.runs, run)
	if err := encode(run, header{Schema: Schema, Interval: r.options.Interval}, groups); err != nil {
		_ = run.Close()
		return fmt.Errorf("spill flow groups: %w", err)
	}
	if err := run.Close(); err != nil {
		return fmt.Errorf("spill flow groups: %w", err)
	}
	return nil
}

// compact merges all runs into one.
func (r *Reducer) compact() error {
	old := r.runs
	r.runs = nil
	if err := r.writeRun(mergeRuns(old, nil)); err != nil {
		r.runs = append(r.runs, old...)
		return err
	}
	return remove(old)
}

// Close removes the spilled runs. The reducer must not be used afterwards; one that was merged into another or never
// spilled needs no Close.
func (r *Reducer) Close() error {
	old := r.runs
	r.runs = nil
	return remove(old)
}

// remove removes all runs, also when one cannot be removed; the error is the first one.
func remove(runs []SpillRun) error {
	var first error
	for _, run := range runs {
		if err := run.Remove(); err != nil && first == nil {
			first = fmt.Errorf("remove spilled flow groups: %w", err)
		}
	}
	return first
}

// sorted iterates over all groups in order, spilled ones included.
func (r *Reducer) sorted() iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		if r.err != nil {
			yield(entry{}, r.err)
			return
		}
		groups := r.groups.entries()
		mergeRuns(r.runs, &groups)(yield)
	}
}

// mergeRuns iterates over the groups of spilled runs and of memory, which may be nil.
func mergeRuns(runs []SpillRun, memory source) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		var sources []source
		if memory != nil {
			sources = append(sources, memory)
		}
		for _, run := range runs {
			in, err := run.Open()
			if err != nil {
				yield(entry{}, fmt.Errorf("open spilled flow groups: %w", err))
				return
			}
			defer in.Close()
			opened, err := openRun(in)
			if err != nil {
				yield(entry{}, err)
				return
			}
			sources = append(sources, opened)
		}
		merge(sources)(yield)
	}
}
