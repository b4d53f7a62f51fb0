package opensearch

import "strings"

// The formats of a flow's times. With the first a server's times are those of the records to the byte.
const (
	secondsFormat = "epoch_second"
	anyFormat     = "strict_date_optional_time||epoch_millis"
)

// longestKeyword is the longest text that is indexed, in characters; Kubernetes' names have 253. Records with a longer one are read
// one by one.
const longestKeyword = 1024

var keyword = m{"type": "keyword", "ignore_above": longestKeyword}

// flowProperties map the fields of a flow record by which it is found and added up.
func flowProperties(format string) m {
	out := m{
		startTime: m{"type": "date", "format": format}, endTime: m{"type": "date", "format": format}, stamp: m{"type": "date"},
		"policies":                m{"properties": m{leaf(enforced): keyword, leaf(listed): keyword}},
		"num_connections_started": m{"type": "long"},
	}
	for _, name := range keyFields {
		out[name] = keyword
	}
	for _, name := range []string{"dest_port", "dest_service_port_num"} {
		out[name] = m{"type": "long"}
	}
	for _, name := range counters {
		out[name] = m{"type": "long"}
	}
	return out
}

// auditProperties map the fields by which an audit event is found.
func auditProperties() m {
	out := m{stamp: m{"type": "date"}}
	for _, name := range auditFields {
		property := keyword
		if strings.HasSuffix(name, "Timestamp") {
			property = m{"type": "date"}
		}
		if object, inner, nested := strings.Cut(name, "."); nested {
			name, property = object, m{"properties": m{inner: property}}
		}
		out[name] = property
	}
	return out
}

func leaf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
