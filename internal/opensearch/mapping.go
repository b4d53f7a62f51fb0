package opensearch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mapping says where in a document a record lies and how its fields are called there.
type Mapping struct {
	// Event is the path of the field under which the record is nested, as an object or as a string of JSON; "" = the document is
	// the record. Where a document has no such field the document is taken for the record.
	Event string
	// Time is the path of the field with an audit event's time; "" = the event's own stageTimestamp where that is a date, else
	// "@timestamp".
	Time string
	// Fields are the paths of fields that are called otherwise than in the record's usual form, by the usual name.
	Fields map[string]string
}

// The presets.
const (
	// PresetEnterprise is the layout of Calico Enterprise: flow logs and audit events as they are.
	PresetEnterprise = "calico-enterprise"
	// PresetGoldmane is what the open-source Goldmane emits: a flow with its "Key" as an object.
	PresetGoldmane = "goldmane"
	// PresetFluentBit is for audit events that Fluent Bit's Kubernetes or tail input puts under "log".
	PresetFluentBit = "fluent-bit"
	// PresetVector is for audit events that Vector's sources put under "message".
	PresetVector = "vector"
)

var presets = map[string]struct{ flows, audit Mapping }{
	PresetEnterprise: {},
	PresetGoldmane:   {},
	PresetFluentBit:  {audit: Mapping{Event: "log"}},
	PresetVector:     {audit: Mapping{Event: "message"}},
}

// Mappings are those of both kinds of logs: a preset ("" means PresetEnterprise), changed by lines such as
// "audit.event=kube.audit", "audit.time=@timestamp", "flows.event=flow" or "flows.source_name=src.pod".
func Mappings(preset string, lines []string) (flows, audit Mapping, err error) {
	if preset == "" {
		preset = PresetEnterprise
	}
	chosen, ok := presets[preset]
	if !ok {
		return flows, audit, fmt.Errorf("preset is %q: use %s", preset, strings.Join(slices.Sorted(maps.Keys(presets)), ", "))
	}
	flows, audit = chosen.flows, chosen.audit
	for _, line := range lines {
		name, path, ok := strings.Cut(line, "=")
		log, field, named := strings.Cut(name, ".")
		into := map[string]*Mapping{"flows": &flows, "audit": &audit}[log]
		if !ok || !named || path == "" || into == nil {
			return flows, audit, fmt.Errorf("mapping has %q: give lines like audit.event=log or flows.source_name=src.pod", line)
		}
		if err := into.set(log, field, path); err != nil {
			return flows, audit, err
		}
	}
	return flows, audit, nil
}

func (m *Mapping) set(log, field, path string) error {
	known := auditFields
	if log == "flows" {
		known = flowFields
	}
	switch {
	case field == "event":
		m.Event = path
	case field == "time" && log == "audit":
		m.Time = path
	case slices.Contains(known, field):
		if m.Fields == nil {
			m.Fields = map[string]string{}
		}
		m.Fields[field] = path
	default:
		return fmt.Errorf("mapping has %q: %s has the fields event, %s", log+"."+field, log, strings.Join(known, ", "))
	}
	return nil
}

// path is where a field of the record lies in the document.
func (m *Mapping) path(field string) string {
	if path := m.Fields[field]; path != "" {
		return path
	}
	if m.Event != "" {
		return m.Event + "." + field
	}
	return field
}
