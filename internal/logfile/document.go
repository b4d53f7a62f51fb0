package logfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// MaxDocument is the largest object, and the largest YAML document, that is read from a folder, in bytes. A List in JSON may
// be of any size, as its items are read one by one; a List in YAML is one document.
const MaxDocument = 16 << 20

// place is where an object was found, for messages.
type place struct {
	file   string
	number int // of the document in the file, from 1
	item   int // in a List, from 1; 0 = the document is the object
}

// String is "pods.json, document 1, item 3".
func (p place) String() string {
	text := fmt.Sprintf("%s, document %d", p.file, p.number)
	if p.item > 0 {
		text += fmt.Sprintf(", item %d", p.item)
	}
	return text
}

// document is one object of a file. An item of a List has its kind and apiVersion from the List where it has none itself
// (audit-log.md 9).
type document struct {
	place
	apiVersion string
	kind       string
	raw        json.RawMessage // as it was read, valid only during the call
}

// line prefixes what is wrong with a document by where it is.
type documentError struct {
	place
	line int
	err  error
}

func (e *documentError) Error() string {
	return fmt.Sprintf("%s (line %d): %s", e.place, e.line, e.err)
}
func (e *documentError) Unwrap() error { return e.err }

var errTooLong = fmt.Errorf("is larger than %d MiB: split it, or write a List as JSON, whose items are read one by one", MaxDocument>>20)

// canonical is the object's JSON with sorted names and no blanks, with kind and apiVersion filled in, so that the same object
// gives the same bytes from YAML and JSON, alone or in a List. Numbers keep their digits.
func (d *document) canonical() (json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(d.raw))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		return nil, fmt.Errorf("decode object: %w", err)
	}
	fields["apiVersion"], fields["kind"] = d.apiVersion, d.kind
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(fields); err != nil {
		return nil, fmt.Errorf("encode object: %w", err)
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// identify reads kind and apiVersion, taking the List's where the object has none.
func (d *document) identify(list typeMeta) error {
	var own typeMeta
	if err := json.Unmarshal(d.raw, &own); err != nil {
		return errors.New("is not an object with a kind and an apiVersion")
	}
	d.kind, d.apiVersion = own.Kind, own.APIVersion
	if d.kind == "" {
		d.kind = strings.TrimSuffix(list.Kind, "List")
	}
	if d.apiVersion == "" {
		d.apiVersion = list.APIVersion
	}
	if d.kind == "" || d.apiVersion == "" {
		return errors.New("has no kind or no apiVersion: every object, or the List it is in, must have both")
	}
	return nil
}

type typeMeta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}
