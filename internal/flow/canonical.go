package flow

import (
	"bytes"
	"errors"
	"strings"
)

// maxText bounds each text of a key, in bytes: Kubernetes names end at 253, and a policy holds three of them.
const maxText = 1024

// draft is a key before it is known whether its group exists: its texts point into the line, so that a record of a known
// group costs no memory.
type draft struct {
	source, dest               draftEnd
	serviceNamespace, service  []byte
	servicePort                []byte
	port                       int
	protocol, action, reporter []byte
	policy                     []byte
}

type draftEnd struct {
	kind                       EndType
	namespace, aggregate, name []byte
}

// canonicalTexts is how many texts a canonical key has.
const canonicalTexts = 15

// appendCanonical appends the key as one byte string: each text ended by a zero byte, in the order of Key.Compare. Comparing
// two of these byte by byte therefore gives the order of Key.Compare. It is false for a key that it cannot hold: a text
// that has a zero byte or is over maxText.
func (d *draft) appendCanonical(out []byte) ([]byte, bool) {
	ok, from := true, len(out)
	text := func(b []byte) {
		ok = ok && len(b) <= maxText
		out = append(append(out, b...), 0)
	}
	end := func(e *draftEnd) {
		out = append(append(out, e.kind...), 0)
		text(e.namespace)
		text(e.aggregate)
		text(e.name)
	}
	end(&d.source)
	end(&d.dest)
	text(d.serviceNamespace)
	text(d.service)
	text(d.servicePort)
	port := len(out)
	out = append(out, byte(d.port>>8), byte(d.port))
	text(d.protocol)
	text(d.action)
	text(d.reporter)
	text(d.policy)
	zeros := bytes.Count(out[from:], []byte{0}) - bytes.Count(out[port:port+2], []byte{0})
	return out, ok && zeros == canonicalTexts
}

// canonical is appendCanonical for a Key.
func (k *Key) canonical() (string, error) {
	d := draft{
		source: draftOf(k.Source), dest: draftOf(k.Dest),
		serviceNamespace: []byte(k.Service.Namespace), service: []byte(k.Service.Name), servicePort: []byte(k.Service.Port),
		port: k.Port, protocol: []byte(k.Protocol), action: []byte(k.Action), reporter: []byte(k.Reporter),
		policy: []byte(k.Policy),
	}
	out, ok := d.appendCanonical(nil)
	if !ok || k.Port < 0 || k.Port > maxPort || !k.Source.Type.known() || !k.Dest.Type.known() {
		return "", errors.New("flow group key has an unknown end type, a port out of range, a zero byte or an over-long text")
	}
	return string(out), nil
}

func draftOf(e End) draftEnd {
	return draftEnd{e.Type, []byte(e.Namespace), []byte(e.AggregateName), []byte(e.Name)}
}

// keyOf is the inverse of canonical. The texts share the memory of s.
func keyOf(s string) Key {
	text := func() string {
		out, rest, _ := strings.Cut(s, "\x00")
		s = rest
		return out
	}
	end := func() End {
		return End{Type: EndType(text()), Namespace: text(), AggregateName: text(), Name: text()}
	}
	var k Key
	k.Source, k.Dest = end(), end()
	k.Service = Service{Namespace: text(), Name: text(), Port: text()}
	k.Port, s = int(s[0])<<8|int(s[1]), s[2:]
	k.Protocol, k.Action, k.Reporter, k.Policy = text(), text(), text(), text()
	return k
}
