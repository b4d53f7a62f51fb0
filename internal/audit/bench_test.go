package audit_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/probity/probity/internal/audit"
)

// mix is a log as a busy cluster writes it: 5,000 events of about 3 kB, a third of which concern followed kinds.
func mix() [][]byte {
	managed := `"managedFields":[{"manager":"kubelet","operation":"Update","fieldsV1":{"f:status":{` + strings.Repeat(`"f:conditions":{".":{}},`, 30) + `"f:x":{}}}}]`
	containers := spec(`{"nodeName":"n1","containers":[` + strings.Repeat(`{"name":"c","image":"registry/app:1","env":[{"name":"A","value":"b"}]},`, 8) + `{"name":"d"}]}`)
	var all [][]byte
	for i := range 5000 {
		name := fmt.Sprintf("web-%d", i)
		e := logged{at: time.Duration(i) * 10 * time.Millisecond, ref: coreRef("pods", "shop", name)}
		body := pod("shop", name, fmt.Sprint("u", i), fmt.Sprint(i), managed, containers, `"status":{"phase":"Running","podIP":"10.0.0.7"}`)
		switch i % 6 {
		case 0:
			e.verb, e.response = "get", body
		case 1:
			e.verb, e.ref, e.request, e.response = "update", &ref{Resource: "leases", Namespace: "kube-node-lease", Name: "n1", APIGroup: "coordination.k8s.io", APIVersion: "v1"}, body, body
		case 2:
			e.verb, e.ref, e.response = "patch", coreRef("events", "shop", name), body
		case 3:
			e.verb, e.stage, e.request = "patch", "RequestReceived", body
		case 4:
			e.verb, e.ref, e.response = "patch", coreRef("pods", "shop", name).sub("status"), body
		default:
			e.verb, e.ref, e.response = "update", gnpRef(name), gnp(name, fmt.Sprint("u", i), fmt.Sprint(i), managed, spec(`{"order":10,"ingress":[{"action":"Allow"}]}`))
		}
		all = append(all, e.line())
	}
	return all
}

func size(all [][]byte) (total int64) {
	for _, line := range all {
		total += int64(len(line))
	}
	return total
}

func BenchmarkAddLine(b *testing.B) {
	all := mix()
	b.SetBytes(size(all))
	b.ReportAllocs()
	for b.Loop() {
		c := audit.NewCollector(options())
		for _, line := range all {
			c.AddLine(line)
		}
	}
	b.ReportMetric(float64(size(all))/float64(len(all)), "B/line")
}

func BenchmarkAddUninterestingLine(b *testing.B) {
	all := mix()[:2]
	b.SetBytes(size(all))
	b.ReportAllocs()
	c := audit.NewCollector(options())
	for b.Loop() {
		for _, line := range all {
			c.AddLine(line)
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	all := mix()
	var runs [4][]byte
	var facts []audit.Facts
	var total int64
	for i := range runs {
		run, f := encode(b, options(), all[i*len(all)/4:(i+1)*len(all)/4])
		runs[i] = run
		facts = append(facts, f)
		total += int64(len(run))
	}
	b.SetBytes(total)
	b.ReportAllocs()
	for b.Loop() {
		var readers []io.Reader
		for _, run := range runs {
			readers = append(readers, bytes.NewReader(run))
		}
		m := audit.Merge(facts, readers)
		for ok := true; ok; {
			var err error
			if _, ok, err = m.Next(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
