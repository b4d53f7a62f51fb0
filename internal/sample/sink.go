package sample

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
)

// sink writes whole files to the output and keeps the first error, so that the simulation need not look at each.
type sink struct {
	out   Output
	err   error
	count int
	bytes int64
}

// file writes one file; a name that ends in .gz is compressed.
func (s *sink) file(name string, data []byte) {
	if s.err != nil {
		return
	}
	if err := s.write(name, data); err != nil {
		s.err = fmt.Errorf("write %s: %w", name, err)
		return
	}
	s.count++
	s.bytes += int64(len(data))
}

func (s *sink) write(name string, data []byte) error {
	w, err := s.out.Create(name)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(name, ".gz") {
		if _, err := w.Write(data); err != nil {
			w.Close()
			return err
		}
		return w.Close()
	}
	packed := gzip.NewWriter(w)
	if _, err := packed.Write(data); err != nil {
		w.Close()
		return err
	}
	if err := packed.Close(); err != nil {
		w.Close()
		return err
	}
	return w.Close()
}

// json writes an indented JSON file.
func (s *sink) json(name string, value any) {
	data, err := json.MarshalIndent(value, "", "  ")
	s.check(err)
	s.file(name, append(data, '\n'))
}

// line encodes a value as one line of NDJSON.
func (s *sink) line(value any) []byte {
	data, err := json.Marshal(value)
	s.check(err)
	return append(data, '\n')
}

func (s *sink) check(err error) {
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("encode sample: %w", err)
	}
}
