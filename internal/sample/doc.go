// Package sample invents one cluster and one day of its life: an online shop and what surrounds it, with the audit logs, flow
// logs and benchmark results that such a day leaves, and report definitions to read them with.
//
// The day holds scripted events that only a report over an interval can see; the story says what each report must find about
// them. Everything comes from a seed: the same options give the same bytes. The package is pure: it writes where it is told
// to, and knows no clock.
package sample

import (
	"fmt"
	"io"
	"time"
)

// Options say which day to invent. The zero Scale is 1.
type Options struct {
	// Seed decides every name, address, identity and moment that the script leaves open.
	Seed uint64
	// Day is the day's start: midnight UTC.
	Day time.Time
	// Scale multiplies pods, worker nodes and flow records. At 1 there are about 150 pods, at 10 about 1,400.
	Scale int
}

// Output is where the files go. Names have slashes. A file is closed before the next is made.
type Output interface {
	Create(name string) (io.WriteCloser, error)
}

// Summary says what was written.
type Summary struct {
	Files       int
	Bytes       int64 // before compression
	AuditEvents int64
	FlowRecords int64
	Pods        int // that existed at any time
	Story       []Event
}

// Generate writes the folders cluster/ (the state just before the day), audit/, flows/, benchmarks/ and reports/, and
// story.json. The logs begin ten minutes before the day and end ten minutes after it. It stops at the first error of out.
func Generate(opts Options, out Output) (Summary, error) {
	if opts.Scale == 0 {
		opts.Scale = 1
	}
	if err := opts.validate(); err != nil {
		return Summary{}, err
	}
	files := &sink{out: out}
	w := newWorld(opts, files)
	w.build()
	w.plan()
	w.run()
	w.audit.close()
	w.flows.close()
	writeBenchmarks(w)
	writeReports(w)
	files.json("story.json", w.story)
	if files.err != nil {
		return Summary{}, files.err
	}
	return Summary{
		Files: files.count, Bytes: files.bytes, AuditEvents: w.audit.events, FlowRecords: w.flows.records, Pods: w.podCount, Story: w.story,
	}, nil
}

func (o Options) validate() error {
	switch {
	case o.Day.IsZero() || !o.Day.Equal(o.Day.UTC().Truncate(24*time.Hour)):
		return fmt.Errorf("day %s is not the start of a day: give midnight UTC", o.Day.Format(time.RFC3339))
	case o.Scale < 1 || o.Scale > 1000:
		return fmt.Errorf("scale %d is not possible: give 1 to 1000", o.Scale)
	}
	return nil
}
