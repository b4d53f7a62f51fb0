package activities

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"go.temporal.io/sdk/activity"

	"github.com/probity/probity/internal/audit"
)

// ChangesName is the activity type of Changes.
const ChangesName = "GatherChanges"

// ChangesResult names a sorted run of audit entries and the facts about the lines they came from.
type ChangesResult struct {
	Run   Ref       `json:"run"`
	Facts Ref       `json:"facts"`
	Read  ReadStats `json:"read"`
}

// Changes reduces one partition of the audit logs, or of a recorder's segments, to a sorted run.
type Changes struct {
	Store     *Store
	Audit     AuditLog
	MaxMemory int // bytes of entries held before they are spilled
}

// Execute reads the partition. Its objects depend on the plan and the index alone, so another attempt writes the same.
func (a *Changes) Execute(ctx context.Context, params PartParams) (ChangesResult, error) {
	plan, err := a.Store.readPlan(ctx, params.Plan)
	if err != nil {
		return ChangesResult{}, err
	}
	def, err := plan.definition()
	if err != nil {
		return ChangesResult{}, err
	}
	options := audit.CollectorOptions{
		From: plan.From, Interval: plan.Interval, MaxBytes: a.MaxMemory,
		Spill: func() (audit.SpillFile, error) { return newSpillFile(a.Store.Scratch) },
	}
	if def.TypeSpec.AuditEventsSelection != nil {
		options.Selection = def.TypeSpec.AuditEventsSelection.Resources
	}
	collector := audit.NewCollector(options)
	read, err := a.read(ctx, plan, params.Index, collector)
	if err != nil {
		return ChangesResult{}, err
	}
	if read.LeftOut != nil {
		collector.AddLeftOut(read.LeftOut)
	}
	slices.Sort(read.Damaged)
	return a.store(ctx, params.Index, collector, read)
}

func (a *Changes) read(ctx context.Context, plan *planned, index int, collector *audit.Collector) (ReadStats, error) {
	lines := 0
	beat := func() {
		if lines++; lines%1000 == 0 {
			activity.RecordHeartbeat(ctx, lines)
		}
	}
	if index >= len(plan.Audit) {
		return a.Store.readSegments(ctx, plan.Recorded[index-len(plan.Audit)], collector, beat)
	}
	read, err := a.Audit.Read(ctx, plan.Audit[index], func(line []byte) error {
		beat()
		collector.AddLine(line)
		return collector.Err()
	})
	if err != nil {
		return read, fmt.Errorf("read audit logs: %w", err)
	}
	return read, nil
}

func (a *Changes) store(ctx context.Context, index int, collector *audit.Collector, read ReadStats) (ChangesResult, error) {
	result := ChangesResult{Read: read}
	folder := a.Store.staging(ctx)
	var facts audit.Facts
	var err error
	result.Run, err = a.Store.write(ctx, fmt.Sprintf("%schanges-%04d.ndjson.zst", folder, index), true,
		func(w io.Writer) (int64, error) {
			facts, err = collector.Encode(w)
			return facts.Used, err
		})
	if err != nil {
		return ChangesResult{}, fmt.Errorf("store audit entries: %w", err)
	}
	result.Facts, err = a.Store.writeJSON(ctx, fmt.Sprintf("%schanges-%04d.facts.json", folder, index), facts)
	return result, err
}

// spillFile is a temporary file that is gone when it is closed.
type spillFile struct{ *os.File }

func newSpillFile(scratch string) (*spillFile, error) {
	file, err := os.CreateTemp(scratch, "probity-*")
	if err != nil {
		return nil, fmt.Errorf("create temporary file: %w", err)
	}
	return &spillFile{file}, nil
}

// Rewind makes the next Read start at the first byte.
func (s *spillFile) Rewind() error {
	_, err := s.Seek(0, io.SeekStart)
	return err
}

// Close removes the file.
func (s *spillFile) Close() error {
	closed := s.File.Close()
	if err := os.Remove(s.Name()); err != nil {
		return err
	}
	return closed
}
