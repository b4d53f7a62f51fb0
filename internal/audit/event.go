package audit

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/probity/probity/internal/resource"
)

// event has the parts of one line as they stand in it; they are valid as long as the line is.
type event struct {
	kind, stage, verb, auditID, uri []byte
	stageTime                       []byte
	user, impersonated              []byte
	sourceIPs, userAgent            []byte
	objectRef, status               []byte
	request, response               []byte
	annotations                     []byte
}

// parseEvent finds the parts of a line. It fails when the line is not one JSON object.
func parseEvent(line []byte) (event, error) {
	var e event
	err := members(line, func(name, value []byte) {
		switch string(name) {
		case "kind":
			e.kind = value
		case "stage":
			e.stage = value
		case "verb":
			e.verb = value
		case "auditID":
			e.auditID = value
		case "requestURI":
			e.uri = value
		case "stageTimestamp":
			e.stageTime = value
		case "user":
			e.user = value
		case "impersonatedUser":
			e.impersonated = value
		case "sourceIPs":
			e.sourceIPs = value
		case "userAgent":
			e.userAgent = value
		case "objectRef":
			e.objectRef = value
		case "responseStatus":
			e.status = value
		case "requestObject":
			e.request = value
		case "responseObject":
			e.response = value
		case "annotations":
			e.annotations = value
		}
	})
	return e, err
}

// time is the event's stageTimestamp in UTC, cut to microseconds as the API server writes it (AL 42).
func (e *event) time() (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, text(e.stageTime))
	if err != nil || t.IsZero() {
		return time.Time{}, false
	}
	return t.UTC().Truncate(time.Microsecond), true
}

// code is the HTTP status of the answer; 0 when the event has none.
func (e *event) code() (int, error) {
	if !present(e.status) {
		return 0, nil
	}
	var code []byte
	err := members(e.status, func(name, value []byte) {
		if string(name) == "code" {
			code = value
		}
	})
	if err != nil || code == nil {
		return 0, err
	}
	return strconv.Atoi(string(code))
}

// forbidden tells whether the event says that the user was not allowed to ask. It is not the outcome (AL 13): who was allowed to ask
// may still be refused, which the code tells.
func (e *event) forbidden() bool {
	if !present(e.annotations) {
		return false
	}
	forbidden := false
	err := members(e.annotations, func(name, value []byte) {
		if string(name) == "authorization.k8s.io/decision" {
			forbidden = is(value, "forbid")
		}
	})
	return err == nil && forbidden
}

// dryRun tells whether nothing was to be stored. For a delete only the body may say so (AL 16), for all else the URI does
// (AL 17).
func (e *event) dryRun() bool {
	uri := text(e.uri)
	if _, query, ok := strings.Cut(uri, "?"); ok && strings.Contains(query, "dryRun=") {
		for parameter := range strings.SplitSeq(query, "&") {
			if value, ok := strings.CutPrefix(parameter, "dryRun="); ok && value != "" {
				return true
			}
		}
	}
	if verb := text(e.verb); verb != "delete" && verb != "deletecollection" || !present(e.request) {
		return false
	}
	return len(e.deleteOptions().DryRun) > 0
}

// deleteOptions are the options in the body of a delete; where there is no body, or no readable one, they are all unset.
func (e *event) deleteOptions() deleteOptions {
	var o deleteOptions
	if present(e.request) {
		_ = json.Unmarshal(e.request, &o) // a body of another shape says nothing about the options
	}
	return o
}

type deleteOptions struct {
	DryRun             []string `json:"dryRun"`
	GracePeriodSeconds *int64   `json:"gracePeriodSeconds"`
	PropagationPolicy  string   `json:"propagationPolicy"`
	OrphanDependents   *bool    `json:"orphanDependents"`
}

// who reads the event's user, source and agent.
func (e *event) who() *Who {
	who := &Who{User: username(e.user), As: username(e.impersonated), Agent: text(e.userAgent)}
	if present(e.sourceIPs) {
		_ = elements(e.sourceIPs, func(value []byte) { who.From = append(who.From, text(value)) })
	}
	return who
}

func username(user []byte) string {
	var name string
	if present(user) {
		_ = members(user, func(key, value []byte) {
			if string(key) == "username" {
				name = text(value)
			}
		})
	}
	return name
}

// reference is an event's objectRef.
type reference struct {
	resource, subresource, namespace, name, group, version, uid string
}

func parseReference(raw []byte) (reference, error) {
	var r reference
	err := members(raw, func(name, value []byte) {
		switch string(name) {
		case "resource":
			r.resource = text(value)
		case "subresource":
			r.subresource = text(value)
		case "namespace":
			r.namespace = text(value)
		case "name":
			r.name = text(value)
		case "apiGroup":
			r.group = text(value)
		case "apiVersion":
			r.version = text(value)
		case "uid":
			r.uid = text(value)
		}
	})
	// Old schedulers bind with a resource of its own, which is the same request as pods/binding.
	if r.resource == "bindings" && r.group == resource.GroupCore {
		r.resource, r.subresource = resource.Pod.Plural(), "binding"
	}
	return r, err
}

// apiVersion is the reference's group and version in one.
func (r *reference) apiVersion() string {
	if r.group == "" {
		return r.version
	}
	return r.group + "/" + r.version
}

// id is the followed object that the reference names, as resource.Read would name it.
func (r *reference) id(kind resource.Kind, uid string) resource.ID {
	key := resource.Key{Kind: kind, Namespace: r.namespace, Name: r.name}
	if !kind.Namespaced() {
		key.Namespace = "" // objectRef of a namespace has namespace = name (AL 33)
	}
	if r.group == resource.GroupCalicoCRD {
		if kind.IsPolicy() {
			key.Name = strings.TrimPrefix(key.Name, "default.")
		}
		uid = "" // the stored object's uid may differ from that of the v3 object it stands for
	}
	return resource.ID{Key: key, UID: uid}
}
