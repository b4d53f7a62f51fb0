package sample

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// rotateAt is the size at which an API server begins a new file: smaller than in life, so that a day has several.
const rotateAt = 512 << 10

// auditLog is the logs of two API servers behind one address: each request is in one of them (audit-log.md 38).
type auditLog struct {
	files   *sink
	rnd     random
	servers [2]*serverLog
	events  int64
}

// serverLog is the file that one API server writes, with the name it gets when it is full.
type serverLog struct {
	name   string
	packed bool
	data   []byte
	last   time.Time
}

func newAuditLog(opts Options, files *sink) *auditLog {
	return &auditLog{
		files: files, rnd: newRandom(opts.Seed, 2),
		servers: [2]*serverLog{{name: "cp-1", packed: true}, {name: "cp-2"}},
	}
}

// add writes the event of a request that was received at a time.
func (l *auditLog) add(rnd random, received time.Time, r request) {
	server := l.servers[l.rnd.IntN(len(l.servers))]
	event := &auditv1.Event{
		TypeMeta:                 metav1.TypeMeta{Kind: "Event", APIVersion: "audit.k8s.io/v1"},
		Level:                    auditv1.LevelRequestResponse,
		AuditID:                  r.auditID,
		Stage:                    auditv1.StageResponseComplete,
		RequestURI:               uri(r),
		Verb:                     r.verb,
		User:                     r.by.info(),
		ImpersonatedUser:         r.by.acted(),
		SourceIPs:                []string{r.by.ip},
		UserAgent:                r.by.agent,
		ObjectRef:                &r.ref,
		ResponseStatus:           &metav1.Status{Code: r.code},
		RequestReceivedTimestamp: metav1.NewMicroTime(received),
		StageTimestamp:           metav1.NewMicroTime(received.Add(r.delay)),
		Annotations:              map[string]string{"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
	}
	if event.AuditID == "" {
		event.AuditID = l.rnd.uid()
	}
	l.fill(event, r)
	if r.metadataOnly && rnd.chance(0.2) {
		early := *event
		early.Stage, early.StageTimestamp = auditv1.StageRequestReceived, early.RequestReceivedTimestamp
		early.ResponseStatus, early.Annotations = nil, nil
		l.write(server, &early)
	}
	l.write(server, event)
}

// fill puts bodies and outcome in, as the level and the code allow (audit-log.md 19 and 40).
func (l *auditLog) fill(event *auditv1.Event, r request) {
	if r.metadataOnly {
		event.Level = auditv1.LevelMetadata
	}
	if r.code >= http.StatusBadRequest {
		event.ResponseStatus = &metav1.Status{Status: metav1.StatusFailure, Message: refusal(r), Reason: r.reason, Code: r.code}
		answer := *event.ResponseStatus
		answer.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
		r.answer = &answer
		if r.code == http.StatusForbidden && !r.admission {
			event.Annotations["authorization.k8s.io/decision"] = "forbid"
			r.body = nil
		}
	}
	if event.Level == auditv1.LevelRequestResponse {
		event.RequestObject, event.ResponseObject = l.raw(r.body), l.raw(r.answer)
	}
}

func (l *auditLog) raw(value any) *runtime.Unknown {
	if value == nil {
		return nil
	}
	data, err := json.Marshal(value)
	l.files.check(err)
	return &runtime.Unknown{Raw: data, ContentType: runtime.ContentTypeJSON}
}

func (l *auditLog) write(server *serverLog, event *auditv1.Event) {
	server.data = append(server.data, l.files.line(event)...)
	server.last = event.StageTimestamp.Time
	l.events++
	if len(server.data) >= rotateAt {
		name := fmt.Sprintf("audit/%s/audit-%s.log", server.name, server.last.UTC().Format("2006-01-02T15-04-05.000"))
		if server.packed {
			name += ".gz"
		}
		l.files.file(name, server.data)
		server.data = nil
	}
}

func (l *auditLog) close() {
	for _, server := range l.servers {
		l.files.file("audit/"+server.name+"/audit.log", server.data)
	}
}

func uri(r request) string {
	path := "/api/" + r.ref.APIVersion
	if r.ref.APIGroup != "" {
		path = "/apis/" + r.ref.APIGroup + "/" + r.ref.APIVersion
	}
	if r.ref.Namespace != "" && r.ref.Resource != "namespaces" {
		path += "/namespaces/" + r.ref.Namespace
	}
	path += "/" + r.ref.Resource
	if r.ref.Name != "" && !(r.verb == "create" && r.ref.Subresource == "") {
		path += "/" + r.ref.Name
	}
	if r.ref.Subresource != "" {
		path += "/" + r.ref.Subresource
	}
	if r.query != "" {
		path += "?" + r.query
	}
	return path
}
