package logfile

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/probity/probity/internal/flow"
)

// FlowSpill keeps the flow groups that do not fit into memory in compressed files of a folder.
type FlowSpill struct{ dir string }

var _ flow.Spill = FlowSpill{}

// NewFlowSpill spills to the folder, which must exist; "" is the system's folder for temporary files.
func NewFlowSpill(dir string) FlowSpill { return FlowSpill{dir} }

// Create begins a file.
func (s FlowSpill) Create() (flow.SpillRun, error) {
	file, err := os.CreateTemp(s.dir, "flow-groups-*.ndjson.zst")
	if err != nil {
		return nil, fmt.Errorf("create spill file: %w", err)
	}
	packed, err := zstd.NewWriter(file, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("create spill file %s: %w", file.Name(), err)
	}
	return &flowRun{file: file, packed: packed}, nil
}

type flowRun struct {
	file   *os.File
	packed *zstd.Encoder
}

func (f *flowRun) Write(p []byte) (int, error) { return f.packed.Write(p) }

// Close ends the writing.
func (f *flowRun) Close() error {
	err := f.packed.Close()
	if closeErr := f.file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write spill file %s: %w", f.file.Name(), err)
	}
	return nil
}

// Open reads the file from its start.
func (f *flowRun) Open() (io.ReadCloser, error) {
	file, err := os.Open(f.file.Name())
	if err != nil {
		return nil, fmt.Errorf("open spill file: %w", err)
	}
	unpacked, err := zstd.NewReader(bufio.NewReader(file), zstd.WithDecoderConcurrency(1))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open spill file %s: %w", file.Name(), err)
	}
	return &flowRunReader{unpacked, file}, nil
}

// Remove deletes the file.
func (f *flowRun) Remove() error { return os.Remove(f.file.Name()) }

type flowRunReader struct {
	*zstd.Decoder
	file *os.File
}

// Close frees the decoder and the file.
func (r *flowRunReader) Close() error {
	r.Decoder.Close()
	return r.file.Close()
}
