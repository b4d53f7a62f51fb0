package flow

import "bytes"

// Limits of what is remembered of lists of policies.
const (
	maxLists   = 64 << 10
	maxDecided = 8 << 20 // bytes of the deciding policies
)

// interpreter reads the keys of records.
type interpreter struct {
	lists   printTable // numbers of the records' policies, raw
	decided []span     // the deciding one of each, in texts
	texts   []byte
}

// key reads what says which group the record belongs to.
func (in *interpreter) key(r *record, d *draft) Reason {
	*d = draft{}
	if r.goldmane() {
		return goldmaneKey(r.value(fieldKey), d)
	}
	return in.enterprise(r, d)
}

// check looks at the key as a whole; ok tells whether its fields could be read.
func (d *draft) check(ok bool) Reason {
	switch {
	case string(d.action) == DroppedAction:
		return Dropped
	case string(d.action) != "allow" && string(d.action) != "deny":
		return BadAction
	case !d.source.kind.known() || !d.dest.kind.known():
		return BadEnd
	case !ok || d.source.nameless() || d.dest.nameless():
		return BadKey
	}
	switch string(d.reporter) {
	case "", "src", "dst", "fwd":
		return ""
	}
	return BadKey
}

// nameless tells whether an end that must have a name has none.
func (e *draftEnd) nameless() bool {
	return e.kind != Network && len(e.name) == 0 && len(e.aggregate) == 0
}

// tidy leaves out what the kind of end does not have: only pods and host endpoints have a name besides the aggregated one,
// only pods and network sets a namespace.
func (e draftEnd) tidy() draftEnd {
	if e.kind == NetworkSet || e.kind == Network {
		if len(e.aggregate) == 0 {
			e.aggregate = e.name
		}
		e.name = nil
	}
	if e.kind == Network || e.kind == Host {
		e.namespace = nil
	}
	return e
}

// reader reads fields and remembers whether one could not be read.
type reader struct{ ok bool }

func (rd *reader) text(value []byte) []byte {
	out, ok := text(value)
	rd.ok = rd.ok && ok
	return out
}

func (rd *reader) textOrNumber(value []byte) []byte {
	out, ok := textOrNumber(value)
	rd.ok = rd.ok && ok
	return out
}

// integer reads an integer, 0 when absent.
func (rd *reader) integer(value []byte) int64 {
	n, ok := number(value)
	rd.ok = rd.ok && ok
	return n
}

func (rd *reader) port(value []byte) int {
	n := rd.integer(value)
	if n < 0 || n > maxPort {
		rd.ok = false
		return 0
	}
	return int(n)
}

// servicePort reads the number of a service port that has no name.
func (rd *reader) servicePort(value []byte) []byte {
	out := rd.textOrNumber(value)
	if string(out) == "0" {
		return nil
	}
	return out
}

func (rd *reader) end(kind, namespace, aggregate []byte) draftEnd {
	e := draftEnd{namespace: rd.text(namespace), aggregate: rd.text(aggregate)}
	switch string(rd.text(kind)) {
	case string(Workload):
		e.kind = Workload
	case string(Host):
		e.kind = Host
	case string(NetworkSet):
		e.kind = NetworkSet
	case string(Network):
		e.kind = Network
	}
	return e
}

// lower is the text in lower case; it copies only when something changes.
func lower(b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' || c >= 0x80 {
			return bytes.ToLower(b)
		}
	}
	return b
}

// protocol is the usual name of a protocol that a log may give as a number (IANA protocol numbers).
func protocol(b []byte) []byte {
	switch b = lower(b); string(b) {
	case "1":
		return []byte("icmp")
	case "6":
		return []byte("tcp")
	case "17":
		return []byte("udp")
	case "58":
		return []byte("icmpv6")
	case "132":
		return []byte("sctp")
	case "136":
		return []byte("udplite")
	}
	return b
}
