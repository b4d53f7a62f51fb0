package kube

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// eventSink is an API server that keeps events.
type eventSink struct {
	mu      sync.Mutex
	created []eventsv1.Event
	patched int
}

func (s *eventSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var event eventsv1.Event
	if r.Method == http.MethodPatch {
		s.patched++
	} else if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodPost {
		s.created = append(s.created, event)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(event)
}

func (s *eventSink) counts() (created, patched int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.created), s.patched
}

func TestEvents(t *testing.T) {
	sink := &eventSink{}
	server := httptest.NewServer(sink)
	defer server.Close()
	config := &rest.Config{Host: server.URL}
	config.ContentType = "application/json"
	events, err := NewEvents(t.Context(), config, "probity-starter")
	require.NoError(t, err)
	defer events.Close()
	about := &unstructured.Unstructured{}
	about.SetAPIVersion("projectcalico.org/v3")
	about.SetKind("GlobalReport")
	about.SetName("daily")
	about.SetUID("1")
	run := func(name string) *corev1.ObjectReference {
		return &corev1.ObjectReference{APIVersion: "temporal.io/v1", Kind: "Workflow", Name: name}
	}

	// Two runs that failed at once are two events; the same one told again is counted.
	failed := Event{Warning: true, Reason: "ReportFailed", Action: "Report", Note: "a has failed", Related: run("a")}
	events.Write(about, failed)
	failed.Note, failed.Related = "b has failed", run("b")
	events.Write(about, failed)
	require.Eventually(t, func() bool { n, _ := sink.counts(); return n == 2 }, time.Minute, 10*time.Millisecond)
	events.Write(about, failed)
	require.Eventually(t, func() bool { _, n := sink.counts(); return n == 1 }, time.Minute, 10*time.Millisecond)
	events.Write(about, Event{Reason: "Long", Action: "Report", Note: strings.Repeat("ä", 600)})
	require.Eventually(t, func() bool { n, _ := sink.counts(); return n == 3 }, time.Minute, 10*time.Millisecond)

	notes := map[string]eventsv1.Event{}
	for _, event := range sink.created {
		notes[event.Note] = event
	}
	first := notes["a has failed"]
	require.Equal(t, "a", first.Related.Name)
	require.Equal(t, corev1.EventTypeWarning, first.Type)
	require.Equal(t, "daily", first.Regarding.Name)
	require.Equal(t, "default", first.Namespace, "events about objects without a namespace are there")
	require.Equal(t, "probity-starter", first.ReportingController)
	require.Contains(t, notes, "b has failed")
	for note := range notes {
		require.LessOrEqual(t, len(note), 1024)
		require.True(t, utf8.ValidString(note))
	}
}
