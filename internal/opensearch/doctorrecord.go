package opensearch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// asDocument is the place of a record that is the document itself.
const asDocument = "document"

// records finds where in the documents the records lie, and tells when that is not where the configuration has them. It is true when
// the configuration must change for that. timed tells whether the documents are found by a time.
func (x *examination) records(samples []json.RawMessage, timed bool) (elsewhere bool) {
	mapping := &x.source.Log.Mapping
	places := map[string]int{}
	for _, doc := range samples {
		if x.renamed(doc) {
			places[x.configured()]++
			continue
		}
		if place := x.place(doc); place != "" {
			places[place]++
		}
	}
	if len(places) == 0 {
		if len(samples) > 0 {
			x.found.problem(true, fmt.Sprintf("the newest documents hold no %s: %s may name other indices than those of the log",
				x.what(), x.source.Setting), "")
		}
		return false
	}
	names := sortedKeys(places)
	slices.SortStableFunc(names, func(a, b string) int { return places[b] - places[a] })
	x.found.Record = names[0]
	if x.found.Record == x.configured() {
		return false
	}
	text := fmt.Sprintf("the %s are under %s, and the configuration has them under %s", x.what()+"s", x.found.Record, x.configured())
	if x.found.Record == asDocument {
		text = fmt.Sprintf("the documents are the %ss, and the configuration has them under %s", x.what(), mapping.Event)
	}
	// A document without the field of the configuration is taken for the record.
	partial := x.found.Record != asDocument || !timed
	x.found.problem(partial, text, x.change(x.found.Record))
	return true
}

func (x *examination) configured() string {
	if event := x.source.Log.Mapping.Event; event != "" {
		return event
	}
	return asDocument
}

func (x *examination) what() string {
	if x.source.Kind == Flows {
		return "flow record"
	}
	return "audit event"
}

// change is the line of the configuration for records at a place.
func (x *examination) change(place string) string {
	log := "flows"
	if x.source.Kind == AuditEvents {
		log = "audit"
		for _, preset := range []string{PresetFluentBit, PresetVector} {
			if presets[preset].audit.Event == place {
				return "opensearch.preset: " + preset
			}
		}
	}
	if place == asDocument {
		return "opensearch.preset: " + PresetEnterprise
	}
	return "opensearch.mapping: [" + log + ".event=" + place + "]"
}

// renamed tells whether the configuration says how fields are called and the document has them so.
func (x *examination) renamed(doc json.RawMessage) bool {
	fields := x.source.Log.Mapping.Fields
	for _, path := range fields {
		if _, ok := dig(doc, path); ok {
			return true
		}
	}
	return false
}

// maxNesting is how deep records are looked for.
const maxNesting = 3

// place finds the record in a document: the path of the field, asDocument, or "".
func (x *examination) place(doc json.RawMessage) string {
	if event := x.source.Log.Mapping.Event; event != "" {
		if inner := unnest(doc, event); len(inner) < len(doc) && x.isRecord(inner) {
			return event
		}
	}
	if x.isRecord(doc) {
		return asDocument
	}
	return x.below(doc, "", maxNesting)
}

func (x *examination) below(object json.RawMessage, path string, depth int) string {
	var members map[string]json.RawMessage
	if depth == 0 || json.Unmarshal(object, &members) != nil {
		return ""
	}
	for _, name := range sortedKeys(members) {
		inner := members[name]
		if len(inner) > 0 && inner[0] == '"' {
			var text string
			if json.Unmarshal(inner, &text) != nil || !strings.HasPrefix(strings.TrimSpace(text), "{") {
				continue
			}
			inner = json.RawMessage(text)
		}
		if x.isRecord(inner) {
			return path + name
		}
		if deeper := x.below(inner, path+name+".", depth-1); deeper != "" {
			return deeper
		}
	}
	return ""
}

// isRecord tells a record by the members that all of them have.
func (x *examination) isRecord(object json.RawMessage) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return false
	}
	has := func(name string) bool { _, ok := members[name]; return ok }
	if x.source.Kind == AuditEvents {
		return has("auditID") && has("verb") && has("stage")
	}
	return has("Key") && has("end_time") || has("source_type") && has("dest_type") && has("action")
}
