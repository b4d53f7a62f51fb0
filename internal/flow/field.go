package flow

// field is a member of a flow record that is read. The names are those of the log; both forms share the counters and times.
type field uint8

// The fields, those of the key first. In Goldmane's form the whole key is one object.
const (
	fieldKey field = iota
	fieldSourceType
	fieldSourceNamespace
	fieldSourceName
	fieldSourceAggregate
	fieldDestType
	fieldDestNamespace
	fieldDestName
	fieldDestAggregate
	fieldDestPort
	fieldServiceNamespace
	fieldServiceName
	fieldServicePort
	fieldServicePortNumber
	fieldProtocol
	fieldAction
	fieldReporter
	fieldPolicies
	keyFields // here the fields end that say which group a record belongs to
)

const (
	fieldStart field = keyFields + iota
	fieldEnd
	fieldBytesIn
	fieldBytesOut
	fieldPacketsIn
	fieldPacketsOut
	fieldFlowsStarted
	fieldConnectionsStarted
	fields
	unread = fields // a member that is not read
)

var fieldNames = [fields]string{
	fieldKey:        "Key",
	fieldSourceType: "source_type", fieldSourceNamespace: "source_namespace", fieldSourceName: "source_name",
	fieldSourceAggregate: "source_name_aggr", fieldDestType: "dest_type", fieldDestNamespace: "dest_namespace",
	fieldDestName: "dest_name", fieldDestAggregate: "dest_name_aggr", fieldDestPort: "dest_port",
	fieldServiceNamespace: "dest_service_namespace", fieldServiceName: "dest_service_name",
	fieldServicePort: "dest_service_port", fieldServicePortNumber: "dest_service_port_num",
	fieldProtocol: "proto", fieldAction: "action", fieldReporter: "reporter", fieldPolicies: "policies",
	fieldStart: "start_time", fieldEnd: "end_time", fieldBytesIn: "bytes_in", fieldBytesOut: "bytes_out",
	fieldPacketsIn: "packets_in", fieldPacketsOut: "packets_out", fieldFlowsStarted: "num_flows_started",
	fieldConnectionsStarted: "num_connections_started",
}

var fieldByName = func() map[string]field {
	out := make(map[string]field, fields)
	for f, name := range fieldNames {
		out[name] = field(f)
	}
	return out
}()

// record is one line, split: where the raw value of each field stands. A field that the line lacks has an empty value.
type record struct {
	line []byte
	at   [fields]span
}

// span is a part of a line. Lines are far shorter than 4 GiB.
type span struct{ from, to uint32 }

// value is the raw value. It must not be appended to: what follows it in memory is the rest of the line.
func (r *record) value(f field) []byte {
	s := r.at[f]
	return r.line[s.from:s.to]
}
