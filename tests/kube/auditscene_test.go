package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/tests/kube/cluster"
)

// auditScene is a cluster of two API servers with an audit log each, in which things happen.
type auditScene struct {
	*cluster.Cluster
	watched *watched
	http    *http.Client
	first   snapshotTaken
}

const shop = "shop"

func newAuditScene(t *testing.T) *auditScene {
	t.Helper()
	c := cluster.Start(t, devstack.KubeOptions{
		Controllers: true, Kwok: 2, Second: true, AuditMaxSize: 1, Users: []string{"viewer:viewers"},
	})
	c.AddCalico(t, cluster.NativeCalico)
	c.Kubectl(t, "create", "clusterrolebinding", "viewers", "--clusterrole=view", "--group=viewers")
	config := c.Config(t)
	transport, err := rest.TransportFor(config)
	require.NoError(t, err)
	s := &auditScene{Cluster: c, http: &http.Client{Transport: transport}}
	s.watched = watchAll(t, config)
	s.first = takeOne(t, c)
	s.rest(t, s.first)
	return s
}

// rest waits until the moment is over of which a snapshot speaks: what comes after it is stamped later.
func (s *auditScene) rest(t *testing.T, of snapshotTaken) {
	t.Helper()
	s.wait(t, of.listing.Complete.Add(100*time.Millisecond))
}

// settled waits until a pod selector's pods are as many as wanted, all of them running and none on its way out.
func (s *auditScene) settled(t *testing.T, namespace, selector string, want int) {
	t.Helper()
	s.until(t, fmt.Sprintf("%d pods of %s run", want, selector), func() bool {
		out := s.Kubectl(t, "-n", namespace, "get", "pods", "-l", selector, "-o",
			`jsonpath={range .items[*]}{.status.phase}{.metadata.deletionTimestamp}{"\n"}{end}`)
		return out == strings.Repeat("Running\n", want)
	})
}

func (s *auditScene) until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 3*time.Minute, 200*time.Millisecond, what)
}

// call sends a raw request and returns the code and the answer.
func (s *auditScene) call(t *testing.T, method, path, body string, headers ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.Server+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := s.http.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(raw)
}

// through is the same scene, called through another of its API servers.
func (s *auditScene) through(server string) *auditScene {
	other := *s.Cluster
	other.Server = server
	return &auditScene{Cluster: &other, http: s.http}
}

// anonymous sends a request with a token that nobody has.
func (s *auditScene) anonymous(t *testing.T, path string) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // it is refused anyway
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.Server+path, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer nobody")
	answer, err := client.Do(request)
	require.NoError(t, err)
	answer.Body.Close()
	return answer.StatusCode
}

// watched is the state of all followed kinds as the API server's watches tell it.
type watched struct {
	mu      sync.Mutex
	objects map[resource.ID]*resource.Object
	history []happened // in the order in which it was told
	failure error
}

type happened struct {
	object *resource.Object
	gone   bool
}

func watchAll(t *testing.T, config *rest.Config) *watched {
	t.Helper()
	client, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	served, err := kube.Discover(t.Context(), config)
	require.NoError(t, err)
	w := &watched{objects: map[resource.ID]*resource.Object{}}
	for _, kind := range served {
		if kind.Absent() {
			continue
		}
		gvr := kind.Resources[0]
		list, err := client.Resource(gvr).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		for i := range list.Items {
			w.take(watch.Added, &list.Items[i])
		}
		from, err := client.Resource(gvr).Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.GetResourceVersion()})
		require.NoError(t, err)
		t.Cleanup(from.Stop)
		go w.follow(t.Context(), from)
	}
	return w
}

func (w *watched) follow(ctx context.Context, from watch.Interface) {
	for event := range from.ResultChan() {
		item, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			w.fail(fmt.Errorf("a watch says %v", event.Object))
			return
		}
		w.take(event.Type, item)
	}
	if ctx.Err() == nil {
		w.fail(fmt.Errorf("a watch has ended"))
	}
}

func (w *watched) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failure = err
}

func (w *watched) take(kind watch.EventType, item *unstructured.Unstructured) {
	if kind == watch.Bookmark {
		return
	}
	raw, err := json.Marshal(item)
	if err != nil {
		w.fail(err)
		return
	}
	obj, err := resource.Read(raw)
	if err != nil {
		w.fail(err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, happened{obj, kind == watch.Deleted})
	if kind == watch.Deleted {
		delete(w.objects, obj.ID)
		return
	}
	w.objects[obj.ID] = obj
}

// state is what the watches say now.
func (w *watched) state(t *testing.T) map[resource.ID]string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.NoError(t, w.failure)
	out := map[resource.ID]string{}
	for id, obj := range w.objects {
		out[id] = plain(t, obj)
	}
	return out
}

// plain is everything that is kept of an object, but for its version.
func plain(t *testing.T, obj *resource.Object) string {
	t.Helper()
	other := *obj
	other.Version = ""
	raw, err := json.Marshal(other)
	require.NoError(t, err)
	return string(bytes.TrimSpace(raw))
}

func stateOf(t *testing.T, objects []*resource.Object) map[resource.ID]string {
	t.Helper()
	out := map[resource.ID]string{}
	for _, obj := range objects {
		out[obj.ID] = plain(t, obj)
	}
	return out
}

// factsOf are the facts about the logs from a snapshot on.
func factsOf(t *testing.T, logs []string, first snapshotTaken) audit.Facts {
	t.Helper()
	var all audit.Facts
	for _, dir := range logs {
		log := &logfile.AuditLog{Dir: dir}
		span := interval.Interval{Start: first.listing.Complete, End: time.Now().Add(time.Second)}
		parts, err := log.Partitions(t.Context(), first.listing.At, span.End)
		require.NoError(t, err)
		for _, part := range parts {
			collector := audit.NewCollector(audit.CollectorOptions{From: first.listing.At, Interval: span})
			_, err := log.Read(t.Context(), part, collector.AddLine)
			require.NoError(t, err)
			facts, err := collector.Encode(io.Discard)
			require.NoError(t, err)
			all.Add(facts)
		}
	}
	return all
}
