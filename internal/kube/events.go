package kube

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
)

// Events writes Kubernetes Events about objects. Those of one reason about one state of an object and one related object become
// one within some minutes, which is counted and keeps the first one's note. What cannot be written is dropped after some
// attempts: events are a courtesy, never the only record.
type Events struct {
	broadcaster events.EventBroadcaster
	recorder    events.EventRecorderLogger
}

// NewEvents writes events until ctx ends. reporter is the component that they come from.
func NewEvents(ctx context.Context, config *rest.Config, reporter string) (*Events, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for events: %w", err)
	}
	e := &Events{broadcaster: events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})}
	if err := e.broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		return nil, fmt.Errorf("start writing events: %w", err)
	}
	e.recorder = e.broadcaster.NewRecorder(runtime.NewScheme(), reporter)
	return e, nil
}

// maxNote is the most that an event's note may have (events.k8s.io/v1, "note").
const maxNote = 1024

// Event is what is said about an object.
type Event struct {
	// Warning tells that someone should look at it.
	Warning bool
	Reason  string // one word in camel case: why the event was written
	Action  string // what was being done
	Note    string // a sentence; cut to 1,024 bytes
	// Related is what else the event is about; nil = nothing.
	Related *corev1.ObjectReference
}

// Write writes an event.
func (e *Events) Write(about runtime.Object, event Event) {
	kind := corev1.EventTypeNormal
	if event.Warning {
		kind = corev1.EventTypeWarning
	}
	if len(event.Note) > maxNote {
		event.Note = strings.ToValidUTF8(event.Note[:maxNote-3], "") + "..."
	}
	var related runtime.Object
	if event.Related != nil {
		related = event.Related
	}
	e.recorder.Eventf(about, related, kind, event.Reason, event.Action, "%s", event.Note)
}

// Close stops writing.
func (e *Events) Close() { e.broadcaster.Shutdown() }
