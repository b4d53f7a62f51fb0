package receive

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// spoolPattern names the files of spools; they are hidden from readers of the folder, and left-over ones are removed.
const spoolPattern = ".spool-*"

// spool keeps lines: the first ones in memory, all of them in a file when there are many. After a fault it keeps nothing
// more, and err says why.
type spool struct {
	folder string
	memory bytes.Buffer
	file   *os.File
	size   int64
	err    error
}

// write adds a line and its line feed.
func (s *spool) write(line []byte) {
	if s.err != nil {
		return
	}
	s.memory.Write(line)
	s.memory.WriteByte('\n')
	s.size += int64(len(line)) + 1
	if s.memory.Len() > memoryBody {
		s.flush()
	}
}

func (s *spool) flush() {
	if s.file == nil {
		if s.file, s.err = os.CreateTemp(s.folder, spoolPattern); s.err != nil {
			s.err = fmt.Errorf("keep a push: %w", s.err)
			return
		}
	}
	if _, err := s.memory.WriteTo(s.file); err != nil {
		s.err = fmt.Errorf("keep a push: %w", err)
	}
}

// reader gives all lines; there can be one after the other.
func (s *spool) reader() io.Reader {
	if s.file == nil {
		return bytes.NewReader(s.memory.Bytes())
	}
	stored := io.NewSectionReader(s.file, 0, s.size-int64(s.memory.Len()))
	return io.MultiReader(stored, bytes.NewReader(s.memory.Bytes()))
}

// copyTo gives all lines.
func (s *spool) copyTo(out io.Writer) error {
	if s.err != nil {
		return s.err
	}
	_, err := io.Copy(out, s.reader())
	return err
}

// close forgets the lines.
func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
		s.file = nil
	}
	s.memory, s.size = bytes.Buffer{}, 0
}
