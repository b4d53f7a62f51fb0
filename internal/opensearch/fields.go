package opensearch

import (
	"bytes"
	"encoding/json"
	"strings"
)

// dig finds the value at a path of an object; a member whose name holds dots is found too.
func dig(object json.RawMessage, path string) (json.RawMessage, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return nil, false
	}
	if value, ok := members[path]; ok {
		return value, true
	}
	for i, c := range path {
		if c != '.' {
			continue
		}
		if inner, ok := members[path[:i]]; ok {
			if value, ok := dig(inner, path[i+1:]); ok {
				return value, true
			}
		}
	}
	return nil, false
}

// unnest is the record of a document, as it stands in it: an object, or one that was stored as text. A document without the field
// is taken for the record.
func unnest(source json.RawMessage, event string) json.RawMessage {
	if event == "" {
		return source
	}
	value, ok := dig(source, event)
	if !ok {
		return source
	}
	if len(value) > 0 && value[0] == '"' {
		var text string
		if json.Unmarshal(value, &text) != nil || !strings.HasPrefix(strings.TrimSpace(text), "{") {
			return source
		}
		return oneLine(json.RawMessage(text))
	}
	if len(value) == 0 || value[0] != '{' {
		return source
	}
	return value
}

// oneLine is the document without line ends. A server gives documents as they were sent to it, which may be over several lines.
func oneLine(raw json.RawMessage) json.RawMessage {
	if bytes.IndexByte(raw, '\n') < 0 {
		return raw
	}
	var out bytes.Buffer
	if json.Compact(&out, raw) != nil {
		return bytes.ReplaceAll(raw, []byte("\n"), []byte(" "))
	}
	return out.Bytes()
}

// restore puts the time at which a request was received back into its event, where a shipper took it as the document's stamp.
func restore(event, source json.RawMessage) json.RawMessage {
	const name = `"requestReceivedTimestamp"`
	value, ok := dig(source, stamp)
	if !ok || len(value) == 0 || value[0] != '"' || bytes.Contains(event, []byte(name)) {
		return event
	}
	// An API server writes it before the time of the stage.
	at := bytes.Index(event, []byte(`"stageTimestamp"`))
	if at < 0 {
		return event
	}
	out := make(json.RawMessage, 0, len(event)+len(name)+len(value)+2)
	out = append(append(append(append(out, event[:at]...), name...), ':'), value...)
	return append(append(out, ','), event[at:]...)
}

// eachMember calls fn with the members of an object that is known to be valid JSON: the name as it stands between its quotes, and the
// value's bytes.
func eachMember(object []byte, fn func(name, value []byte)) {
	i := bytes.IndexByte(object, '{') + 1
	for i > 0 {
		from := bytes.IndexByte(object[i:], '"')
		if from < 0 {
			return
		}
		from += i
		to := stringEnd(object, from)
		colon := bytes.IndexByte(object[to:], ':')
		if colon < 0 {
			return
		}
		begin := to + colon + 1
		for begin < len(object) && object[begin] <= ' ' {
			begin++
		}
		end := jsonEnd(object, begin)
		fn(object[from+1:to-1], bytes.TrimRight(object[begin:end], " \r\n\t"))
		i = end
	}
}

// stringEnd is behind the closing quote of the string that begins at i.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// jsonEnd is behind the value that begins at i: at the comma or bracket that follows it.
func jsonEnd(b []byte, i int) int {
	for depth := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}
