package flow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// errDisk is what a faultySpill fails with.
var errDisk = errors.New("disk broken")

// faultySpill fails in one step, from some call of it on.
type faultySpill struct {
	memorySpill
	step  string // create, write, close, open, read or remove
	after int    // so many calls of the step succeed
}

func (s *faultySpill) fails(step string) error {
	if step != s.step {
		return nil
	}
	if s.after--; s.after >= 0 {
		return nil
	}
	return errDisk
}

func (s *faultySpill) Create() (SpillRun, error) {
	if err := s.fails("create"); err != nil {
		return nil, err
	}
	s.kept++
	return &faultyRun{memoryRun{spill: &s.memorySpill}, s}, nil
}

type faultyRun struct {
	memoryRun
	faults *faultySpill
}

func (r *faultyRun) Write(b []byte) (int, error) {
	if err := r.faults.fails("write"); err != nil {
		return 0, err
	}
	return r.memoryRun.Write(b)
}

func (r *faultyRun) Close() error {
	if err := r.faults.fails("close"); err != nil {
		return err
	}
	return r.memoryRun.Close()
}

func (r *faultyRun) Open() (io.ReadCloser, error) {
	if err := r.faults.fails("open"); err != nil {
		return nil, err
	}
	in, err := r.memoryRun.Open()
	if r.faults.fails("read") != nil {
		half := io.LimitReader(in, int64(r.Len()/2))
		return io.NopCloser(io.MultiReader(half, failing{errDisk})), err
	}
	return in, err
}

func (r *faultyRun) Remove() error {
	_ = r.memoryRun.Remove()
	return r.faults.fails("remove")
}

// TestEveryFaultOfASpillIsTold has each step fail at its first call and at later ones: never a result that lacks groups, and
// every run is removed in the end.
func TestEveryFaultOfASpillIsTold(t *testing.T) {
	const lines = 3 * maxRuns // with one group in memory: enough for runs to be merged
	for _, step := range []string{"create", "write", "close", "open", "read", "remove"} {
		for _, after := range []int{0, 1, maxRuns / 2, maxRuns} {
			t.Run(fmt.Sprint(step, after), func(t *testing.T) {
				spill := &faultySpill{step: step, after: after}
				r := NewReducer(Options{Interval: day, MaxGroups: 1, Spill: spill})
				for i := range lines {
					r.AddLine(enterpriseLine(i, i))
				}
				require.ErrorIs(t, r.Err(), errDisk)
				require.ErrorIs(t, r.Encode(io.Discard), errDisk)
				used := r.Stats().Used
				r.AddLine(enterpriseLine(1, 1))
				require.Equal(t, used, r.Stats().Used, "what comes after is not counted")
				spill.step = ""
				require.NoError(t, r.Close())
				require.Zero(t, spill.kept)
			})
		}
	}
}

func TestAFaultWhileReadingSpilledGroups(t *testing.T) {
	for _, step := range []string{"open", "read"} {
		t.Run(step, func(t *testing.T) {
			spill := &faultySpill{}
			r := NewReducer(Options{Interval: day, MaxGroups: 2, Spill: spill})
			for i := range 9 {
				r.AddLine(enterpriseLine(i, i))
			}
			want := encoded(t, r)
			spill.step, spill.after = step, 2
			require.ErrorIs(t, r.Encode(io.Discard), errDisk)
			var last error
			for _, err := range r.Groups() {
				require.NoError(t, last, "nothing comes after the error")
				last = err
			}
			require.ErrorIs(t, last, errDisk)
			spill.step = ""
			require.Equal(t, want, encoded(t, r), "the groups are still there")
		})
	}
}

func TestCloseTellsWhatCouldNotBeRemoved(t *testing.T) {
	spill := &faultySpill{}
	r := NewReducer(Options{Interval: day, MaxGroups: 1, Spill: spill})
	for i := range 4 {
		r.AddLine(enterpriseLine(i, i))
	}
	spill.step, spill.after = "remove", 1
	require.ErrorIs(t, r.Close(), errDisk)
	require.Zero(t, spill.kept, "it goes on with the others")
	require.NoError(t, r.Close(), "and only once")
}

// TestADamagedRunIsFound changes a spilled run between writing and reading.
func TestADamagedRunIsFound(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func([]byte) []byte
		want   string
	}{
		{"cut", func(b []byte) []byte { return b[:len(b)*2/3] }, "decode flow groups"},
		{"without its end", func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte(`{"groups"`))] }, "ends early"},
		{"empty", func([]byte) []byte { return nil }, "ends early"},
		{"another text", func([]byte) []byte { return []byte("x\n") }, "header"},
		{"a group lost", func(b []byte) []byte {
			lines := bytes.SplitAfter(b, []byte("\n"))
			return bytes.Join(append(lines[:1:1], lines[2:]...), nil)
		}, "the trailer says 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewReducer(Options{Interval: day, MaxGroups: 2, Spill: &memorySpill{}})
			for i := range 5 {
				r.AddLine(enterpriseLine(i, i))
			}
			run := r.runs[1].(*memoryRun)
			damaged := c.damage(bytes.Clone(run.Bytes()))
			run.Reset()
			run.Write(damaged)
			require.ErrorContains(t, r.Encode(io.Discard), c.want)
		})
	}
}

// TestABatchAfterAFault has the spill fail in the middle of a batch, and a merge after that.
func TestABatchAfterAFault(t *testing.T) {
	var lines [][]byte
	for i := range 5 * batchSize {
		lines = append(lines, enterpriseLine(i, i))
	}
	spill := &faultySpill{step: "create", after: 1}
	r := NewReducer(Options{Interval: day, MaxGroups: 2, Spill: spill})
	r.AddLines(lines)
	require.ErrorIs(t, r.Err(), errDisk)
	require.Less(t, r.groups.n, batchSize, "the rest of the batch at most")
	require.Equal(t, int64(batchSize), r.Stats().Lines, "the batches after it are not read")
	other := NewReducer(r.Options())
	spill.step = ""
	other.AddLines(lines)
	kept := len(r.runs) + len(other.runs)
	require.ErrorIs(t, r.Merge(other), errDisk)
	require.Len(t, r.runs, kept, "the runs of both can be removed")
	require.NoError(t, r.Close())
	require.Zero(t, spill.kept)
}

func TestMergeKeepsTheBound(t *testing.T) {
	spill := &memorySpill{}
	bounded := func(most, from, to int) *Reducer {
		r := NewReducer(Options{Interval: day, MaxGroups: most, Spill: spill})
		for i := from; i < to; i++ {
			r.AddLine(enterpriseLine(i, i))
		}
		return r
	}
	r := bounded(10, 0, 25)
	for i := range 12 {
		require.NoError(t, r.Merge(bounded(30, 10*i, 10*i+25)))
		require.LessOrEqual(t, r.groups.n, 10)
		require.Less(t, len(r.runs), maxRuns)
	}
	want := reduce(t, Options{})
	for i := range 25 {
		want.AddLine(enterpriseLine(i, i))
	}
	for i := range 12 {
		for j := range 25 {
			want.AddLine(enterpriseLine(10*i+j, 10*i+j))
		}
	}
	require.Equal(t, encoded(t, want), encoded(t, r))
	require.NoError(t, r.Close())
	require.Zero(t, spill.kept)
}

func TestMergeAndDecodeStopAtTheBound(t *testing.T) {
	many := reduce(t, Options{})
	for i := range 100 {
		many.AddLine(enterpriseLine(i, i))
	}
	text := encoded(t, many)
	for name, add := range map[string]func(*Reducer) error{
		"merge":  func(r *Reducer) error { return r.Merge(many) },
		"decode": func(r *Reducer) error { return r.Decode(bytes.NewReader([]byte(text))) },
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReducer(Options{Interval: day, MaxGroups: 5})
			require.ErrorContains(t, add(r), "more than 5 flow groups and nothing to spill them to")
			require.ErrorContains(t, r.Err(), "more than 5 flow groups")
			require.LessOrEqual(t, r.groups.n, 5)
		})
	}
}
