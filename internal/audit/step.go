package audit

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/probity/probity/internal/resource"
)

// step is one selected entry with its event's parts.
type step struct {
	entry   Entry
	event   event
	ref     reference
	kind    resource.Kind
	answer  answer
	subject subject
}

// subject names the object of a request, followed or not.
type subject struct {
	key      resource.Key // Kind is NoKind for a kind that is not followed
	resource string       // "apps/deployments", told apart from others only when not followed
}

func newStep(entry Entry) (*step, error) {
	s := &step{entry: entry}
	var err error
	if s.event, err = parseEvent(entry.Event); err != nil {
		return nil, fmt.Errorf("read kept event %s: %w", entry.AuditID, err)
	}
	if s.ref, err = parseReference(s.event.objectRef); err != nil {
		return nil, fmt.Errorf("read objectRef of kept event %s: %w", entry.AuditID, err)
	}
	s.kind = kindOf(&s.ref)
	if s.answer, err = parseAnswer(s.event.response, s.kind); err != nil {
		return nil, fmt.Errorf("read answer of kept event %s: %w", entry.AuditID, err)
	}
	// What a sub-resource of a kind that is not followed answers may be anything: a Scale is no Deployment (AL 29).
	if s.kind == resource.NoKind && s.answer.form == formObject && s.ref.subresource != "" && s.ref.subresource != "status" {
		s.answer.form = formOther
	}
	s.subject = s.subjectOf(s.name(), s.ref.namespace)
	return s, nil
}

// name is the object's name: the request's, the answer's, or what a refused request asked for; "" when none says.
func (s *step) name() string {
	r := request{event: &s.event, ref: s.ref, answer: s.answer}
	if names := r.names(); len(names) > 0 && s.answer.form != formList {
		return names[0]
	}
	return ""
}

func (s *step) subjectOf(name, namespace string) subject {
	ref := s.ref
	ref.name, ref.namespace = name, namespace
	if s.kind != resource.NoKind {
		return subject{key: ref.id(s.kind, "").Key}
	}
	return subject{key: resource.Key{Namespace: namespace, Name: name}, resource: ref.group + "/" + ref.resource}
}

// label prints a subject as reports print resources.
func (s *step) label(sub subject) string {
	key := sub.key
	if key.Name == "" {
		key.Name = "-"
	}
	if s.kind != resource.NoKind {
		return key.String()
	}
	name := s.ref.resource
	if s.answer.form == formObject {
		name = kindName(s.answer.raw)
	}
	label := name + "." + s.ref.apiVersion() + "("
	if key.Namespace != "" {
		label += key.Namespace + "/"
	}
	return label + key.Name + ")"
}

func kindName(raw []byte) string {
	var name string
	_ = members(raw, func(key, value []byte) { // it was read before
		if string(key) == "kind" {
			name = text(value)
		}
	})
	return name
}

// verb is the published word for what the request did, or would have done.
func (s *step) verb() string {
	switch {
	case s.entry.Verb == "deletecollection":
		return "delete"
	case s.ref.subresource != "" && s.entry.Verb == "create":
		return "update" // an eviction, a binding, a token: nothing of the resource's kind is created
	case s.entry.Code == 201 && (s.entry.Verb == "patch" || s.entry.Verb == "update"):
		return "create"
	}
	return s.entry.Verb
}

func (s *step) counted() count {
	switch s.verb() {
	case "create":
		return countCreate
	case "delete":
		return countDelete
	}
	return countModify
}

// ended tells whether the object is gone after the request.
func (s *step) ended() bool {
	if s.kind != resource.NoKind {
		for i := range s.entry.Changes {
			if s.entry.Changes[i].Ends() {
				return true
			}
		}
		return false
	}
	meta := &s.answer.meta
	if s.entry.Verb == "delete" && s.ref.subresource == "" {
		return s.answer.form == formStatus || s.answer.form == formNone || !meta.finalizers && (meta.grace == "" || meta.grace == "0")
	}
	return meta.deleting && !meta.finalizers && meta.grace == "0"
}

func (s *step) row(sub subject) Row {
	row := Row{
		Time: s.entry.Time, Verb: s.verb(), Object: s.label(sub), Namespace: sub.key.Namespace, Code: s.entry.Code,
		AuditID: s.entry.AuditID,
	}
	if who := s.entry.Who; who != nil {
		row.User, row.As, row.From, row.Agent = who.User, who.As, who.From, shorten(who.Agent)
	}
	return row
}

// shorten cuts text that a client may make as long as it likes.
func shorten(s string) string {
	if runes := []rune(s); len(runes) > maxValue {
		return string(runes[:maxValue]) + "…"
	}
	return s
}

// refusal is the API server's reason: the answered Status, else the event's own status.
func (s *step) refusal() string {
	for _, raw := range [][]byte{s.event.response, s.event.status} {
		var status struct {
			Reason  string `json:"reason"`
			Message string `json:"message"`
		}
		if !present(raw) || json.Unmarshal(raw, &status) != nil {
			continue
		}
		switch {
		case status.Message != "" && status.Reason != "":
			return status.Reason + ": " + cut(status.Message)
		case status.Message+status.Reason != "":
			return cut(status.Message + status.Reason)
		}
	}
	return "refused with code " + strconv.Itoa(s.entry.Code)
}

func cut(s string) string {
	if runes := []rune(s); len(runes) > maxWhat/4 {
		return string(runes[:maxWhat/4]) + "…"
	}
	return s
}
