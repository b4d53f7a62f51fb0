package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
)

// day is the interval of the tests.
var day = interval.Interval{
	Start: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
	End:   time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
}

var policies = []v3.AuditResource{
	{Resource: "globalnetworkpolicies"}, {Resource: "networkpolicies"}, {Resource: "stagedglobalnetworkpolicies"},
	{Resource: "stagednetworkpolicies"}, {Resource: "stagedkubernetesnetworkpolicies"},
}

func options() audit.CollectorOptions {
	return audit.CollectorOptions{Interval: day, Selection: policies}
}

// ref is an objectRef: resource.group/version with "" for what is not there.
type ref struct {
	Resource        string `json:"resource,omitempty"`
	Namespace       string `json:"namespace,omitempty"`
	Name            string `json:"name,omitempty"`
	UID             string `json:"uid,omitempty"`
	APIGroup        string `json:"apiGroup,omitempty"`
	APIVersion      string `json:"apiVersion,omitempty"`
	ResourceVersion string `json:"resourceVersion,omitempty"`
	Subresource     string `json:"subresource,omitempty"`
}

func gnpRef(name string) *ref {
	return &ref{Resource: "globalnetworkpolicies", Name: name, APIGroup: "projectcalico.org", APIVersion: "v3"}
}

func knpRef(ns, name string) *ref {
	return &ref{Resource: "networkpolicies", Namespace: ns, Name: name, APIGroup: "networking.k8s.io", APIVersion: "v1"}
}

func coreRef(resource, ns, name string) *ref {
	return &ref{Resource: resource, Namespace: ns, Name: name, APIVersion: "v1"}
}

func (r *ref) sub(name string) *ref {
	with := *r
	with.Subresource = name
	return &with
}

// logged is one event of a log; what is not set gets an everyday value.
type logged struct {
	at       time.Duration // after the interval's start
	id       string
	stage    string
	verb     string
	uri      string
	code     int
	ref      *ref
	user     string
	as       string
	request  string
	response string
	message  string
	decision string // of authorization
}

func (l logged) line() []byte {
	if l.stage == "" {
		l.stage = "ResponseComplete"
	}
	if l.code == 0 {
		l.code = 200
	}
	if l.user == "" {
		l.user = "jane"
	}
	if l.uri == "" && l.ref != nil {
		l.uri = "/apis/" + l.ref.APIGroup + "/" + l.ref.APIVersion + "/" + l.ref.Namespace + "/" + l.ref.Resource + "/" + l.ref.Name
		if l.ref.Subresource != "" {
			l.uri += "/" + l.ref.Subresource
		}
	}
	if l.id == "" {
		l.id = fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%+v %+v", l, l.ref)))[:32]
	}
	at := day.Start.Add(l.at)
	e := map[string]any{
		"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": l.id, "stage": l.stage,
		"requestURI": l.uri, "verb": l.verb, "user": map[string]any{"username": l.user, "groups": []string{"system:authenticated"}},
		"sourceIPs": []string{"10.1.2.3"}, "userAgent": "kubectl/v1.36.3", "requestReceivedTimestamp": micro(at.Add(-4 * time.Millisecond)),
		"stageTimestamp": micro(at),
	}
	if l.decision != "" {
		e["annotations"] = map[string]string{"authorization.k8s.io/decision": l.decision, "authorization.k8s.io/reason": ""}
	}
	if l.ref != nil {
		e["objectRef"] = l.ref
	}
	if l.stage != "RequestReceived" {
		status := map[string]any{"metadata": map[string]any{}, "code": l.code}
		if l.message != "" {
			status["message"] = l.message
		}
		e["responseStatus"] = status
	}
	if l.as != "" {
		e["impersonatedUser"] = map[string]any{"username": l.as}
	}
	if l.request != "" {
		e["requestObject"] = json.RawMessage(l.request)
	}
	if l.response != "" {
		e["responseObject"] = json.RawMessage(l.response)
	}
	line, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return line
}

func micro(t time.Time) string { return t.Format("2006-01-02T15:04:05.000000Z07:00") }

// object is an object in an answer: "apiVersion Kind namespace/name uid version", more members of its metadata and its other
// members.
func object(apiVersion, kind, ns, name, uid, version string, parts ...string) string {
	meta := fmt.Sprintf(`"name":%q,"uid":%q`, name, uid)
	if ns != "" {
		meta += fmt.Sprintf(`,"namespace":%q`, ns)
	}
	if version != "" {
		meta += fmt.Sprintf(`,"resourceVersion":%q`, version)
	}
	if len(parts) > 0 && parts[0] != "" {
		meta += "," + parts[0]
	}
	rest := ""
	for _, part := range parts[min(1, len(parts)):] {
		rest += "," + part
	}
	head := ""
	if kind != "" {
		head = fmt.Sprintf(`"kind":%q,"apiVersion":%q,`, kind, apiVersion)
	}
	return fmt.Sprintf(`{%s"metadata":{%s}%s}`, head, meta, rest)
}

func gnp(name, uid, version string, parts ...string) string {
	return object("projectcalico.org/v3", "GlobalNetworkPolicy", "", name, uid, version, parts...)
}

func knp(ns, name, uid, version string, parts ...string) string {
	return object("networking.k8s.io/v1", "NetworkPolicy", ns, name, uid, version, parts...)
}

func pod(ns, name, uid, version string, parts ...string) string {
	return object("v1", "Pod", ns, name, uid, version, parts...)
}

const (
	deleting   = `"deletionTimestamp":"2026-11-21T01:00:10Z"`
	grace0     = deleting + `,"deletionGracePeriodSeconds":0`
	grace10    = deleting + `,"deletionGracePeriodSeconds":10`
	finalizers = `"finalizers":["example.org/wait"]`
)

func status(group, kind, name, uid string) string {
	return fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":%q,"group":%q,"kind":%q,"uid":%q}}`,
		name, group, kind, uid)
}

func failure(code int, reason, message string) string {
	return fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
}

func list(apiVersion, kind string, items ...string) string {
	return fmt.Sprintf(`{"kind":%q,"apiVersion":%q,"metadata":{"resourceVersion":"900"},"items":[%s]}`,
		kind, apiVersion, bytes.Join(bytesOf(items), []byte(",")))
}

func bytesOf(items []string) [][]byte {
	all := make([][]byte, len(items))
	for i, item := range items {
		all[i] = []byte(item)
	}
	return all
}

func lines(events ...logged) [][]byte {
	all := make([][]byte, len(events))
	for i, e := range events {
		all[i] = e.line()
	}
	return all
}

// encode reads one partition.
func encode(t require.TestingT, o audit.CollectorOptions, part [][]byte) ([]byte, audit.Facts) {
	c := audit.NewCollector(o)
	for _, line := range part {
		c.AddLine(line)
	}
	var run bytes.Buffer
	facts, err := c.Encode(&run)
	require.NoError(t, err)
	return run.Bytes(), facts
}

// merge reads partitions and merges them.
func merge(t require.TestingT, o audit.CollectorOptions, parts ...[][]byte) ([]audit.Entry, audit.Facts) {
	var facts []audit.Facts
	var runs []io.Reader
	for _, part := range parts {
		run, f := encode(t, o, part)
		// Facts travel as JSON between the steps of a report.
		raw, err := json.Marshal(f)
		require.NoError(t, err)
		var back audit.Facts
		require.NoError(t, json.Unmarshal(raw, &back))
		facts = append(facts, back)
		runs = append(runs, bytes.NewReader(run))
	}
	m := audit.Merge(facts, runs)
	var all []audit.Entry
	for {
		entry, ok, err := m.Next()
		require.NoError(t, err)
		if !ok {
			return all, m.Facts()
		}
		all = append(all, entry)
	}
}

// told prints the changes of entries: "+" a state, "-" an end, "@" a node.
func told(entries []audit.Entry) []string {
	all := []string{}
	for _, entry := range entries {
		for _, c := range entry.Changes {
			all = append(all, tell(&c))
		}
	}
	return all
}

func tell(c *resource.Change) string {
	sign := "+"
	switch {
	case c.Ends():
		sign = "-"
	case c.Node != "":
		sign = "@" + c.Node + " "
	}
	text := sign + c.ID.Key.String()
	if c.ID.UID != "" {
		text += " " + c.ID.UID
	}
	if c.Version != "" {
		text += " v" + c.Version
	}
	return text
}

// expect is a case: these events give these changes.
type expect struct {
	name   string
	events []logged
	want   []string
}

func check(t *testing.T, cases []expect) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			all := lines(c.events...)
			entries, facts := merge(t, options(), all)
			require.Equal(t, c.want, told(entries))
			require.Empty(t, facts.Bad)
			slices.Reverse(all) // the order of the lines must not matter
			again, _ := merge(t, options(), all)
			require.Equal(t, entries, again)
		})
	}
}
