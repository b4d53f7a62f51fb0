package logfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxPending bounds, in bytes, the items that are held until their List's kind is known.
const maxPending = 64 << 20

// jsonReader takes the objects out of a stream of JSON values: single objects one after the other (NDJSON is one case),
// Lists, and plain arrays of objects. Items are read one by one, whatever the size of the List.
type jsonReader struct {
	decoder *json.Decoder
	meter   *meter
	at      place
	offset  int64 // of the object being read; errors are told there
	give    func(document) error
	pending []json.RawMessage // items without a kind of their own, of a List whose kind comes after them
	held    int               // bytes in pending
}

func newJSONReader(in io.Reader, at place, give func(document) error) *jsonReader {
	m := &meter{in: in, limit: MaxDocument}
	return &jsonReader{decoder: json.NewDecoder(m), meter: m, at: at, give: give}
}

// readAll reads to the end of the stream.
func (r *jsonReader) readAll() error {
	for {
		r.at.number++
		r.at.item = 0
		r.begin()
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'):
			err = r.object()
		case json.Delim('['):
			err = r.items(nil)
		default:
			err = fmt.Errorf("is %T, not an object", token)
		}
		if err != nil {
			return err
		}
	}
}

func (r *jsonReader) begin() {
	r.offset = r.decoder.InputOffset()
	r.meter.mark = r.offset
}

// object reads what follows the opening brace: a List's items are given as they come, anything else at its end.
func (r *jsonReader) object() error {
	fields := map[string]json.RawMessage{}
	isList := false
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if name == "items" {
			if isList, err = r.listItems(fields); err != nil {
				return err
			}
			continue
		}
		var value json.RawMessage
		if err := r.decoder.Decode(&value); err != nil {
			return err
		}
		fields[name] = value
	}
	if _, err := r.decoder.Token(); err != nil {
		return err
	}
	if isList {
		return r.givePending(fields)
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return r.giveObject(raw, typeMeta{})
}

// listItems reads the value of "items": an array, or null for a list that is empty.
func (r *jsonReader) listItems(fields map[string]json.RawMessage) (bool, error) {
	token, err := r.decoder.Token()
	switch {
	case err != nil:
		return false, err
	case token == nil:
		return true, nil
	case token == json.Delim('['):
		return true, r.items(fields)
	}
	return false, fmt.Errorf("items is %v, not an array", token)
}

// items reads what follows an opening bracket. listFields is what is known of the List so far.
func (r *jsonReader) items(listFields map[string]json.RawMessage) error {
	list := metaOf(listFields)
	for r.decoder.More() {
		r.at.item++
		r.begin()
		var raw json.RawMessage
		if err := r.decoder.Decode(&raw); err != nil {
			return err
		}
		var own typeMeta
		_ = json.Unmarshal(raw, &own) // what is no object is refused by giveObject
		incomplete := own.Kind == "" || own.APIVersion == ""
		if listFields != nil && incomplete && (list.Kind == "" || list.APIVersion == "") {
			if r.held += len(raw); r.held > maxPending {
				return errors.New("has items without a kind before the List's own kind: write kind and apiVersion first")
			}
			r.pending = append(r.pending, bytes.Clone(raw))
			continue
		}
		if err := r.giveObject(raw, list); err != nil {
			return err
		}
	}
	r.begin()
	_, err := r.decoder.Token()
	return err
}

func (r *jsonReader) givePending(fields map[string]json.RawMessage) error {
	list := metaOf(fields)
	r.at.item = 0
	for _, raw := range r.pending {
		r.at.item++
		if err := r.giveObject(raw, list); err != nil {
			return err
		}
	}
	r.pending, r.held = nil, 0
	return nil
}

func (r *jsonReader) giveObject(raw json.RawMessage, list typeMeta) error {
	doc := document{place: r.at, raw: raw}
	if list.Kind == "List" {
		list = typeMeta{} // a v1 List holds objects of any kind, which say their own
	}
	if err := doc.identify(list); err != nil {
		return err
	}
	return r.give(doc)
}

func metaOf(fields map[string]json.RawMessage) typeMeta {
	var meta typeMeta
	_ = json.Unmarshal(fields["kind"], &meta.Kind) // absent, or no string: stays empty and is refused with the item
	_ = json.Unmarshal(fields["apiVersion"], &meta.APIVersion)
	return meta
}

// meter stops a reader that takes more than limit bytes for one object.
type meter struct {
	in    io.Reader
	read  int64
	mark  int64 // where the object began
	limit int64
}

func (m *meter) Read(p []byte) (int, error) {
	if m.read-m.mark > m.limit {
		return 0, errTooLong
	}
	n, err := m.in.Read(p)
	m.read += int64(n)
	return n, err
}
