package audit_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/audit"
)

// memorySpill is a spill file in memory. It fails where it is told to.
type memorySpill struct {
	bytes.Buffer
	writeErr, rewindErr, readErr error
	rewound, closed              bool
}

func (m *memorySpill) Write(p []byte) (int, error) {
	if m.rewound {
		return 0, errors.New("written after Rewind")
	}
	if m.writeErr != nil {
		return 0, m.writeErr
	}
	return m.Buffer.Write(p)
}

func (m *memorySpill) Read(p []byte) (int, error) {
	if !m.rewound {
		return 0, errors.New("read before Rewind")
	}
	if m.readErr != nil {
		return 0, m.readErr
	}
	return m.Buffer.Read(p)
}

func (m *memorySpill) Rewind() error { m.rewound = true; return m.rewindErr }
func (m *memorySpill) Close() error  { m.closed = true; return nil }

func TestSpill(t *testing.T) {
	broken := errors.New("disk full")
	for name, c := range map[string]struct {
		file memorySpill
		err  error // of making it
		want string
	}{
		"works":           {},
		"cannot be made":  {err: broken, want: "make spill file: disk full"},
		"cannot write":    {file: memorySpill{writeErr: broken}, want: "write spill file: disk full"},
		"cannot rewind":   {file: memorySpill{rewindErr: broken}, want: "rewind spill file: disk full"},
		"cannot be read":  {file: memorySpill{readErr: broken}, want: "read spill file: disk full"},
		"ends too early":  {file: memorySpill{readErr: io.ErrUnexpectedEOF}, want: "read spill file: unexpected EOF"},
		"is cut to bytes": {file: memorySpill{readErr: io.ErrNoProgress}, want: "read spill file"},
	} {
		t.Run(name, func(t *testing.T) {
			var made []*memorySpill
			o := options()
			o.MaxBytes = 4000
			o.Spill = func() (audit.SpillFile, error) {
				file := &memorySpill{writeErr: c.file.writeErr, rewindErr: c.file.rewindErr, readErr: c.file.readErr}
				made = append(made, file)
				return file, c.err
			}
			collector := audit.NewCollector(o)
			for _, line := range history(3, 100) {
				collector.AddLine(line)
			}
			var run bytes.Buffer
			_, err := collector.Encode(&run)
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			require.NoError(t, collector.Err())
			require.Greater(t, len(made), 3)
			for _, file := range made {
				require.True(t, file.closed)
			}
			whole, _ := encode(t, options(), history(3, 100))
			require.Equal(t, string(whole), run.String())
		})
	}
}

func TestSpillErrorsShowEarly(t *testing.T) {
	o := options()
	o.MaxBytes = 1
	o.Spill = func() (audit.SpillFile, error) { return nil, errors.New("disk full") }
	c := audit.NewCollector(o)
	c.AddLine(logged{verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "5")}.line())
	require.ErrorContains(t, c.Err(), "disk full")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestEncodeTellsWriteErrors(t *testing.T) {
	c := audit.NewCollector(options())
	c.AddLine(logged{verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "5")}.line())
	_, err := c.Encode(brokenWriter{})
	require.ErrorContains(t, err, "write run of audit entries: no space")
}
