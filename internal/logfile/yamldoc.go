package logfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"

	"sigs.k8s.io/yaml"
)

// yamlReader takes the objects out of a stream of YAML documents, told apart by "---" at the start of a line.
type yamlReader struct {
	in   *bufio.Reader
	at   place
	line int // of the document being read, from 1
	next int // of the line to read next
	give func(document) error
}

func newYAMLReader(in io.Reader, at place, give func(document) error) *yamlReader {
	return &yamlReader{in: bufio.NewReaderSize(in, 64<<10), at: at, line: 1, next: 1, give: give}
}

func (r *yamlReader) readAll() error {
	for {
		text, last, err := r.split()
		if err != nil || !isBlank(text) {
			r.at.number++
		}
		if err == nil && !isBlank(text) {
			err = r.document(text)
		}
		if err != nil {
			return err
		}
		if last {
			return nil
		}
		r.line = r.next
	}
}

// split reads up to the next separator or the end of the stream.
func (r *yamlReader) split() (text []byte, last bool, err error) {
	startOfLine := true
	for {
		part, err := r.in.ReadSlice('\n')
		whole := err == nil
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return nil, false, err
		}
		if startOfLine && isSeparator(part) {
			r.next++
			// "--- # comment" and "--- {…}": what follows the dashes belongs to the next document.
			if rest := bytes.TrimSpace(part[3:]); len(rest) > 0 && rest[0] != '#' && part[0] == '-' {
				return nil, false, errors.New("has text after the separator \"---\": put it on a line of its own")
			}
			return text, errors.Is(err, io.EOF), nil
		}
		if text = append(text, part...); len(text) > MaxDocument {
			return nil, false, errTooLong
		}
		if whole {
			r.next++
		}
		startOfLine = whole
		if errors.Is(err, io.EOF) {
			return text, true, nil
		}
	}
}

func isSeparator(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("---")) && !bytes.HasPrefix(line, []byte("...")) {
		return false
	}
	return len(line) == 3 || bytes.IndexByte([]byte(" \t\r\n"), line[3]) >= 0
}

// isBlank tells whether a document has only comments, directives and empty lines.
func isBlank(text []byte) bool {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && line[0] != '%' {
			return false
		}
	}
	return true
}

// secretKind finds a Secret in a document that cannot be parsed.
var secretKind = regexp.MustCompile(`(?m)^[\s-]*"?kind"?:\s*["']?Secret`)

func (r *yamlReader) document(text []byte) error {
	raw, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		if secretKind.Match(text) {
			return errors.New("cannot be parsed; the reason is withheld, as the document holds a Secret")
		}
		// Parsed again below as many empty lines as come before it, the parser tells the line in the file.
		_, err = yaml.YAMLToJSONStrict(append(bytes.Repeat([]byte("\n"), r.line-1), text...))
		return err
	}
	inner := newJSONReader(bytes.NewReader(raw), place{file: r.at.file, number: r.at.number - 1}, r.give)
	if err := inner.readAll(); err != nil {
		r.at = inner.at
		return err
	}
	return nil
}
