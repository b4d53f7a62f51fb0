package recorder_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/recorder"
	"github.com/probity/probity/internal/recording"
	"github.com/probity/probity/internal/resource"
)

// server is an API server that has one kind, pods, and does what the test says: expiry, refusals and removal on demand. The
// recorder on a real one is tested in tests/kube.
type server struct {
	events  chan *kube.Watched
	expired atomic.Bool  // the next watch expires
	refuses atomic.Bool  // lists and watches are forbidden
	without atomic.Bool  // the kind is not there
	version atomic.Int64 // of the server

	mu      sync.Mutex
	watches []string // the versions that watches began at
}

func newServer() *server {
	s := &server{events: make(chan *kube.Watched)}
	s.version.Store(100)
	return s
}

var podsPlace = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

func (s *server) Discover(context.Context) ([]kube.Served, error) {
	var all []kube.Served
	for _, kind := range resource.Kinds() {
		served := kube.Served{Kind: kind}
		if kind == resource.Pod && !s.without.Load() {
			served.Resources = []schema.GroupVersionResource{podsPlace}
		}
		all = append(all, served)
	}
	return all, nil
}

func (s *server) forbidden() error {
	if s.refuses.Load() {
		return apierrors.NewForbidden(podsPlace.GroupResource(), "", errors.New("no right"))
	}
	return nil
}

func (s *server) List(_ context.Context, _ schema.GroupVersionResource, _ resource.Kind, begin func() error, object func([]byte) error) (string, error) {
	if err := s.forbidden(); err != nil {
		return "", err
	}
	if err := begin(); err != nil {
		return "", err
	}
	return fmt.Sprint(s.version.Load()), object([]byte(podAt("listed", 50)))
}

func (s *server) Version(context.Context, schema.GroupVersionResource) (string, error) {
	return fmt.Sprint(s.version.Load()), nil
}

func (s *server) Watch(ctx context.Context, _ schema.GroupVersionResource, _ resource.Kind, version string, tell func(*kube.Watched) error) error {
	s.mu.Lock()
	s.watches = append(s.watches, version)
	s.mu.Unlock()
	if err := s.forbidden(); err != nil {
		return err
	}
	if s.expired.Swap(false) {
		return fmt.Errorf("%w: too old", kube.ErrExpired)
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event := <-s.events:
			if event == nil {
				return errors.New("the connection broke")
			}
			if err := tell(event); err != nil {
				return err
			}
		}
	}
}

func (s *server) begunAt() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.watches...)
}

func podAt(name string, version int) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"namespace":"shop","uid":%q,"resourceVersion":"%d","creationTimestamp":"2026-11-21T00:00:00Z"}}`, name, "uid-"+name, version)
}

// tell lets the server tell of a change.
func (s *server) tell(t *testing.T, of, name string, version int) {
	t.Helper()
	raw := []byte(podAt(name, version))
	s.send(t, &kube.Watched{Type: of, Version: fmt.Sprint(version), Raw: raw, Object: raw})
}

func (s *server) send(t *testing.T, event *kube.Watched) {
	t.Helper()
	require.True(t, s.offer(event), "the recorder does not watch")
}

// offer gives an event to the watch, if there is one within a minute.
func (s *server) offer(event *kube.Watched) bool {
	select {
	case s.events <- event:
		return true
	case <-time.After(time.Minute):
		return false
	}
}

// bucket is one that can be away.
type bucket struct {
	*blob.Memory
	away atomic.Bool
}

var errAway = errors.New("the bucket is away")

func (b *bucket) PutIfAbsent(ctx context.Context, key string, body io.ReadSeeker) error {
	if b.away.Load() {
		return errAway
	}
	return b.Memory.PutIfAbsent(ctx, key, body)
}

func (b *bucket) List(ctx context.Context, prefix string, yield func(string, time.Time) error) error {
	if b.away.Load() {
		return errAway
	}
	return b.Memory.List(ctx, prefix, yield)
}

// scene is a recorder on a server and a bucket.
type scene struct {
	server  *server
	bucket  *bucket
	options recorder.Options
	metrics *prometheus.Registry
}

func newScene(t *testing.T) *scene {
	t.Helper()
	layout, err := evidence.NewLayout("", "prod")
	require.NoError(t, err)
	s := &scene{server: newServer(), bucket: &bucket{Memory: &blob.Memory{}}, metrics: prometheus.NewRegistry()}
	s.options = recorder.Options{
		Source: s.server, Archive: s.bucket, Layout: layout, Cluster: "prod", Tool: evidence.Tool{Name: "probity", Version: "test"},
		Scratch: filepath.Join(t.TempDir(), "scratch"), SegmentAge: 20 * time.Millisecond, SegmentBytes: 1 << 20, WaitingBytes: 1 << 20,
		Poll: 10 * time.Millisecond, Metrics: s.metrics, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	return s
}

// run records until stop is called.
func (s *scene) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- recorder.Run(ctx, s.options) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-done)
		})
	}
	t.Cleanup(stop)
	return stop
}

// archived is everything in the bucket: the lines of pods but for statements, and what is covered.
func (s *scene) archived(t *testing.T) (lines []string, coverage recording.Coverage) {
	t.Helper()
	err := s.bucket.Memory.List(t.Context(), s.options.Layout.Changes(), func(key string, _ time.Time) error {
		_, ok := s.options.Layout.ParseSegment(key)
		require.True(t, ok, key)
		body, err := s.bucket.Get(t.Context(), key)
		require.NoError(t, err)
		defer body.Close()
		unpack, err := zstd.NewReader(body)
		require.NoError(t, err)
		defer unpack.Close()
		footer, err := recording.Read(unpack, func(raw []byte) error {
			line, err := recording.Parse(raw)
			require.NoError(t, err)
			if line.Kind == "core.pods" && line.Type != recording.Followed && line.Type != recording.Absent && line.Type != recording.Refused {
				lines = append(lines, strings.TrimSpace(fmt.Sprint(line.Type, " ", line.Version)))
			}
			return nil
		})
		require.NoError(t, err)
		coverage.Add(&footer)
		return nil
	})
	require.NoError(t, err)
	return lines, coverage
}

func (s *scene) eventually(t *testing.T, want ...string) recording.Coverage {
	t.Helper()
	var coverage recording.Coverage
	var lines []string
	for end := time.Now().Add(time.Minute); ; {
		lines, coverage = s.archived(t)
		if slices.Equal(want, lines) {
			return coverage
		}
		if time.Now().After(end) {
			require.Equal(t, want, lines)
		}
		runtime.Gosched()
	}
}

func TestChangesAreStored(t *testing.T) {
	s := newScene(t)
	stop := s.run(t)
	s.server.tell(t, kube.Added, "a", 101)
	s.server.tell(t, kube.Modified, "a", 102)
	s.server.tell(t, kube.Deleted, "a", 103)
	coverage := s.eventually(t, "found", "listed 100", "created 101", "changed 102", "deleted 103")
	require.Empty(t, coverage.Gaps)
	stop()
	left, err := os.ReadDir(s.options.Scratch)
	require.NoError(t, err)
	for _, file := range left {
		require.Equal(t, "open.ndjson", file.Name(), "nothing waits")
	}
	families, err := s.metrics.Gather()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, family := range families {
		names[family.GetName()] = true
	}
	for _, name := range []string{"changes_total", "lists_total", "segments_total", "waiting_bytes", "followed_until_seconds"} {
		require.True(t, names["probity_recorder_"+name], name)
	}
}

// TestBrokenWatchGoesOn: a connection that breaks is no gap.
func TestBrokenWatchGoesOn(t *testing.T) {
	s := newScene(t)
	s.run(t)
	s.server.tell(t, kube.Added, "a", 101)
	s.server.send(t, nil)
	s.server.tell(t, kube.Modified, "a", 102)
	coverage := s.eventually(t, "found", "listed 100", "created 101", "changed 102")
	require.Equal(t, []string{"100", "101"}, s.server.begunAt())
	require.Empty(t, coverage.Gaps)
	spans := 0
	for _, span := range coverage.Spans {
		if span.Kind == "core.pods" {
			spans++
		}
	}
	require.Equal(t, 1, spans, "one span without a hole")
}

func TestExpiredWatchIsAGap(t *testing.T) {
	s := newScene(t)
	s.run(t)
	s.server.tell(t, kube.Added, "a", 101)
	s.server.version.Store(200)
	s.server.expired.Store(true)
	s.server.send(t, nil)
	s.server.tell(t, kube.Modified, "a", 201)
	coverage := s.eventually(t, "found", "listed 100", "created 101", "found", "listed 200", "changed 201")
	require.Len(t, coverage.Gaps, 1)
	require.Equal(t, "core.pods", coverage.Gaps[0].Kind)
	require.Contains(t, coverage.Gaps[0].Why, "does not keep changes for that long")
}

func TestRefusedKindIsAGap(t *testing.T) {
	s := newScene(t)
	s.run(t)
	s.server.tell(t, kube.Added, "a", 101)
	s.server.refuses.Store(true)
	s.server.send(t, nil)
	require.Eventually(t, func() bool {
		_, coverage := s.archived(t)
		return len(coverage.Gaps) > 1
	}, time.Minute, 10*time.Millisecond, "it is said again and again")
	s.server.refuses.Store(false)
	s.server.tell(t, kube.Modified, "a", 102)
	coverage := s.eventually(t, "found", "listed 100", "created 101", "changed 102")
	require.Contains(t, coverage.Gaps[0].Why, "no right")
	for _, gap := range coverage.Missing(coverage.Gaps[0].From, coverage.Gaps[0].To, []string{"core.pods"}) {
		require.Fail(t, "the watch could go on: nothing is missing", "%v", gap)
	}
}

// TestKindThatGoesAndComes: a definition that is removed takes its objects with it; when it comes back, the kind is listed.
func TestKindThatGoesAndComes(t *testing.T) {
	s := newScene(t)
	s.run(t)
	s.server.tell(t, kube.Added, "a", 101)
	s.server.without.Store(true)
	time1 := time.Now()
	require.Eventually(t, func() bool { return time.Since(time1) > 50*time.Millisecond }, time.Minute, time.Millisecond, "the recorder learns of it")
	s.server.send(t, nil)
	s.eventually(t, "found", "listed 100", "created 101", "listed 101")
	s.server.without.Store(false)
	s.eventually(t, "found", "listed 100", "created 101", "listed 101", "found", "listed 100")
}

// TestBucketThatIsAway: what was recorded waits; when there is no more room the watch stands still, and nothing is lost.
func TestBucketThatIsAway(t *testing.T) {
	s := newScene(t)
	s.options.SegmentBytes, s.options.WaitingBytes = 4000, 2000
	s.run(t)
	s.eventually(t, "found", "listed 100")
	s.bucket.away.Store(true)
	want := []string{"found", "listed 100"}
	told := make(chan bool, 1)
	go func() {
		all := true
		for version := 101; version < 151; version++ {
			raw := []byte(podAt("a", version))
			all = all && s.server.offer(&kube.Watched{Type: kube.Modified, Version: fmt.Sprint(version), Raw: raw, Object: raw})
		}
		told <- all
	}()
	for version := 101; version < 151; version++ {
		want = append(want, fmt.Sprint("changed ", version))
	}
	require.Eventually(t, func() bool { return waiting(t, s.options.Scratch) > 2000 }, time.Minute, 10*time.Millisecond)
	select {
	case <-told:
		require.Fail(t, "the watch goes on though there is no room")
	case <-time.After(100 * time.Millisecond):
	}
	s.bucket.away.Store(false)
	require.True(t, <-told)
	require.Empty(t, s.eventually(t, want...).Gaps)
}

func waiting(t *testing.T, folder string) (bytes int64) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.closed.ndjson"))
	require.NoError(t, err)
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}

// TestKilledRecorder: the next one closes what was left open, goes on behind it, and dates what came meanwhile by the objects.
func TestKilledRecorder(t *testing.T) {
	s := newScene(t)
	began := time.Now().UTC().Truncate(time.Microsecond).Add(-time.Minute)
	var left bytes.Buffer
	w, err := recording.NewWriter(&left, recording.Line{At: began, Cluster: "prod", Recorder: "dead"})
	require.NoError(t, err)
	require.NoError(t, w.Add(&recording.Line{Type: recording.Listed, At: began, Kind: "core.pods", Version: "90", List: 1}))
	require.NoError(t, w.Add(&recording.Line{Type: recording.Created, At: began.Add(time.Second), Kind: "core.pods", Version: "91", Object: []byte(podAt("a", 91))}))
	left.WriteString(`{"type":"changed","at":"2026-`)
	require.NoError(t, os.MkdirAll(s.options.Scratch, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(s.options.Scratch, "open.ndjson"), left.Bytes(), 0o600))
	stop := s.run(t)
	s.server.tell(t, kube.Modified, "a", 92) // not newer than the server's version: it came late
	coverage := s.eventually(t, "listed 90", "created 91", "changed 92")
	require.Equal(t, "91", s.server.begunAt()[0])
	require.Empty(t, coverage.Gaps)
	require.Empty(t, coverage.Missing(began, began.Add(time.Second), []string{"core.pods"}))
	stop()
	again := newScene(t)
	again.bucket = s.bucket
	again.options.Archive = s.bucket
	again.run(t)
	require.Eventually(t, func() bool { return len(again.server.begunAt()) > 0 }, time.Minute, time.Millisecond)
	require.Equal(t, "92", again.server.begunAt()[0], "another one without that scratch folder goes on where the bucket ends")
}

// TestScratchThatCannotBeUsed ends the recorder: to go on would lose what is told.
func TestScratchThatCannotBeUsed(t *testing.T) {
	s := newScene(t)
	require.NoError(t, os.WriteFile(s.options.Scratch, nil, 0o600))
	require.ErrorContains(t, recorder.Run(t.Context(), s.options), "scratch folder")
}
