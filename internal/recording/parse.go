package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Parse reads one line. Members that this version does not know are tolerated; an unknown type or another schema is an error.
func Parse(raw []byte) (Line, error) {
	var line Line
	if err := json.Unmarshal(raw, &line); err != nil {
		return Line{}, fmt.Errorf("decode line of a segment: %w", err)
	}
	if err := line.validate(); err != nil {
		return Line{}, err
	}
	return line, nil
}

func (l *Line) validate() error {
	switch l.Type {
	case Opened, Closed:
		if l.Schema != Schema {
			return fmt.Errorf("segment has schema %.80q: this version reads %q", l.Schema, Schema)
		}
		return l.validateSpans()
	case Created, Changed, Deleted, Found:
		if len(l.Object) == 0 || bytes.Equal(l.Object, []byte("null")) {
			return fmt.Errorf("%s line has no object", l.Type)
		}
	case Listed, Followed, Absent, Refused:
	default:
		return fmt.Errorf("line of a segment has type %.80q: this version knows none of that name", l.Type)
	}
	switch {
	case l.At.IsZero():
		return fmt.Errorf("%s line has no time", l.Type)
	case l.Kind == "":
		return fmt.Errorf("%s line names no kind", l.Type)
	}
	return nil
}

func (l *Line) validateSpans() error {
	for _, span := range l.Spans {
		if span.Kind == "" || span.From.IsZero() || span.To.Before(span.From) {
			return fmt.Errorf("%s line covers %.80q from %s to %s: a span needs a kind, and ends after it begins", l.Type, span.Kind, span.From, span.To)
		}
	}
	for _, gap := range l.Gaps {
		if gap.Kind == "" || gap.To.Before(gap.From) {
			return fmt.Errorf("%s line has a gap of %.80q from %s to %s: a gap needs a kind, and ends after it begins", l.Type, gap.Kind, gap.From, gap.To)
		}
	}
	return nil
}

// encode is the line's one encoding, with its line end. Objects stay as the server wrote them.
func (l *Line) encode() ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(l); err != nil {
		return nil, fmt.Errorf("encode %s line: %w", l.Type, err)
	}
	return buffer.Bytes(), nil
}

// CompareVersions orders two resourceVersions: decimal numbers of any length. A missing one is the lowest.
func CompareVersions(a, b string) int {
	switch {
	case a == b:
		return 0
	case len(a) < len(b), len(a) == len(b) && a < b:
		return -1
	}
	return 1
}
