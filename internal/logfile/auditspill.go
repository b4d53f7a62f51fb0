package logfile

import (
	"fmt"
	"io"
	"os"

	"github.com/probity/probity/internal/audit"
)

// SpillTo makes spill files in a folder, for audit.CollectorOptions. They have no name any more once they are made, so that
// they vanish with the process, however it ends.
func SpillTo(dir string) func() (audit.SpillFile, error) {
	return func() (audit.SpillFile, error) {
		file, err := os.CreateTemp(dir, "probity-spill-*")
		if err != nil {
			return nil, fmt.Errorf("create spill file: %w", err)
		}
		if err := os.Remove(file.Name()); err != nil {
			file.Close()
			return nil, fmt.Errorf("unlink spill file: %w", err)
		}
		return spillFile{file}, nil
	}
}

type spillFile struct{ *os.File }

// Rewind goes back to the first byte.
func (s spillFile) Rewind() error {
	_, err := s.Seek(0, io.SeekStart)
	return err
}
