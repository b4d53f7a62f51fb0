package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// MaxDocument is the largest document that the Read functions accept, in bytes.
const MaxDocument = 64 << 20

// encode is the one form of all documents: fields in their declared order, map keys sorted, two spaces of indent, no HTML
// escapes, a newline at the end.
func encode(document any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decode reads a document of the schema. Fields that this version does not know are tolerated.
func decode(raw []byte, schema string, into any) error {
	if len(raw) > MaxDocument {
		return fmt.Errorf("document of %d bytes is larger than the limit of %d", len(raw), MaxDocument)
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return err
	}
	if head.Schema != schema {
		return fmt.Errorf("schema is %q: this version reads %q", shown(head.Schema), schema)
	}
	return json.Unmarshal(raw, into)
}

// canonical rewrites JSON with sorted keys and no white space, so that a definition gives the same bytes however it was written.
// Numbers keep their digits.
func canonical(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one JSON value")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Digest is the lower-case hex SHA-256 of raw, as objects, links and references state it.
func Digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
