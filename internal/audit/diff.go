package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

const (
	// maxWhat bounds the text of one row, in bytes: a cell that a person can still read.
	maxWhat = 2000
	// maxValue bounds one printed value, in runes.
	maxValue = 160
)

// document decodes an object and takes out what says nothing about what a person asked for: status, and the bookkeeping of
// the API server and of kubectl.
func document(raw []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var doc map[string]any
	if err := decoder.Decode(&doc); err != nil {
		return nil, fmt.Errorf("decode object: %w", err)
	}
	for _, name := range []string{"apiVersion", "kind", "status"} {
		delete(doc, name)
	}
	if meta, ok := doc["metadata"].(map[string]any); ok {
		for _, name := range []string{"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"} {
			delete(meta, name)
		}
		if annotations, ok := meta["annotations"].(map[string]any); ok {
			delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
		}
	}
	return doc, nil
}

// differences says what differs from before to after: "spec.ingress[0].action: Allow → Deny; spec.order: 10 → 20", in the
// order of the paths, bounded; "" when nothing does.
func differences(before, after map[string]any) string {
	var d differ
	d.maps("", before, after)
	return d.text()
}

// contents lists what an object says: "spec.order: 10; spec.selector: all()", bounded like differences.
func contents(doc map[string]any) string {
	var d differ
	d.plain = true
	d.maps("", nil, doc)
	return d.text()
}

type differ struct {
	found []string
	plain bool // print values only, not what they were before
}

func (d *differ) text() string {
	var b strings.Builder
	for i, part := range d.found {
		if b.Len()+len(part)+2 > maxWhat {
			fmt.Fprintf(&b, "; and %d more", len(d.found)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(part)
	}
	return b.String()
}

func (d *differ) values(path string, before, after any) {
	if empties(before) && empties(after) {
		return
	}
	oldMap, oldIsMap := before.(map[string]any)
	newMap, newIsMap := after.(map[string]any)
	if (oldIsMap || before == nil) && (newIsMap || after == nil) {
		d.maps(path, oldMap, newMap)
		return
	}
	oldList, oldIsList := before.([]any)
	newList, newIsList := after.([]any)
	if (oldIsList || before == nil) && (newIsList || after == nil) {
		d.lists(path, oldList, newList)
		return
	}
	if same(before, after) {
		return
	}
	if d.plain {
		d.add("%s: %s", path, show(after))
		return
	}
	d.add("%s: %s → %s", path, show(before), show(after))
}

func (d *differ) add(format string, args ...any) {
	d.found = append(d.found, fmt.Sprintf(format, args...))
}

func (d *differ) maps(path string, before, after map[string]any) {
	names := slices.Collect(maps.Keys(before))
	for name := range after {
		if _, both := before[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		d.values(member(path, name), before[name], after[name])
	}
}

// lists compares lists without what they begin and end with in common, so that one inserted rule is one difference.
func (d *differ) lists(path string, before, after []any) {
	if plain(before) && plain(after) {
		d.sets(path, before, after)
		return
	}
	start := 0
	for start < len(before) && start < len(after) && same(before[start], after[start]) {
		start++
	}
	oldEnd, newEnd := len(before), len(after)
	for oldEnd > start && newEnd > start && same(before[oldEnd-1], after[newEnd-1]) {
		oldEnd--
		newEnd--
	}
	if oldEnd == newEnd || d.plain {
		for i := start; i < newEnd; i++ {
			d.values(fmt.Sprintf("%s[%d]", path, i), element(before, i), after[i])
		}
		return
	}
	for i := start; i < oldEnd; i++ {
		d.add("%s[%d] removed: %s", path, i, show(before[i]))
	}
	for i := start; i < newEnd; i++ {
		d.add("%s[%d] added: %s", path, i, show(after[i]))
	}
}

func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// sets compares lists of plain values by what was added and removed; their order comes last.
func (d *differ) sets(path string, before, after []any) {
	removed, added := minus(before, after), minus(after, before)
	switch {
	case d.plain:
		d.add("%s: %s", path, enumerate("", after))
	case len(removed)+len(added) > 0:
		parts := make([]string, 0, 2)
		if len(removed) > 0 {
			parts = append(parts, enumerate("−", removed))
		}
		if len(added) > 0 {
			parts = append(parts, enumerate("+", added))
		}
		d.add("%s: %s", path, strings.Join(parts, ", "))
	case !same(before, after):
		d.add("%s: reordered", path)
	}
}

// minus is the multiset difference a − b in a's order.
func minus(a, b []any) []any {
	count := make(map[string]int, len(b))
	for _, value := range b {
		count[show(value)]++
	}
	var rest []any
	for _, value := range a {
		if key := show(value); count[key] > 0 {
			count[key]--
		} else {
			rest = append(rest, value)
		}
	}
	return rest
}

// maxListed bounds how many elements of one list are printed.
const maxListed = 10

func enumerate(sign string, list []any) string {
	parts := make([]string, 0, maxListed+1)
	for i, value := range list {
		if i == maxListed {
			parts = append(parts, fmt.Sprintf("%sand %d more", sign, len(list)-i))
			break
		}
		parts = append(parts, sign+show(value))
	}
	return strings.Join(parts, ", ")
}

func plain(list []any) bool {
	return !slices.ContainsFunc(list, func(value any) bool {
		switch value.(type) {
		case map[string]any, []any:
			return true
		}
		return false
	})
}

func empties(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	}
	return false // an empty object may say something: "podSelector: {}" selects all
}

func same(a, b any) bool { return marshal(a) == marshal(b) }

// marshal prints a decoded value as JSON, which cannot fail: it came from JSON. Members are sorted.
func marshal(value any) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value)
	return strings.TrimSuffix(buf.String(), "\n")
}

// show prints a value: a plain word as it is, everything else as JSON; cut when long.
func show(value any) string {
	if value == nil {
		return "(none)"
	}
	s, ok := value.(string)
	if !ok || s == "" || strings.ContainsFunc(s, unprintable) || strings.Contains(s, "; ") || s != strings.TrimSpace(s) {
		s = marshal(value)
	}
	if runes := []rune(s); len(runes) > maxValue {
		s = string(runes[:maxValue]) + "…"
	}
	return s
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// member is the path of an object's member: ".name", or ["name"] when the name has more than letters, digits, - and _.
func member(path, name string) string {
	odd := name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
	})
	switch {
	case odd:
		return path + "[" + marshal(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}
