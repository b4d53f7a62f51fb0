package kube

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/recording"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/tests/kube/cluster"
	"github.com/probity/probity/worker"
)

// recordInto starts a recorder in this process and returns what stops it in order.
func recordInto(t *testing.T, e *harness.Env, server *cluster.Cluster) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- worker.Record(ctx, worker.RecorderOptions{
			Config: &e.Config, Kube: server.Config(t), Archive: e.Bucket, Tool: evidence.Tool{Name: "probity", Version: "test"},
			Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
		})
	}()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return stop
}

// recorded is everything that recorders archived.
type recorded struct {
	lines    []recording.Line
	coverage recording.Coverage
	segments int
}

func recordedIn(t *testing.T, e *harness.Env) *recorded {
	t.Helper()
	all := &recorded{}
	err := e.Bucket.List(t.Context(), e.Layout.Changes(), func(key string, _ time.Time) error {
		_, ok := e.Layout.ParseSegment(key)
		require.True(t, ok, key)
		unpack, err := zstd.NewReader(bytes.NewReader(read(t, e, key)))
		require.NoError(t, err)
		defer unpack.Close()
		footer, err := recording.Read(unpack, func(raw []byte) error {
			line, err := recording.Parse(raw)
			all.lines = append(all.lines, line)
			return err
		})
		require.NoError(t, err, key)
		all.coverage.Add(&footer)
		all.segments++
		return nil
	})
	require.NoError(t, err)
	return all
}

// changes are the recorded ones, as "kind key version"; the end of an object has its uid in place of a version.
func (r *recorded) changes(t *testing.T) map[string]recording.Line {
	t.Helper()
	out := map[string]recording.Line{}
	for _, line := range r.lines {
		if line.Type != recording.Created && line.Type != recording.Changed && line.Type != recording.Deleted {
			continue
		}
		obj, err := resource.Read(line.Object)
		require.NoError(t, err)
		name := obj.ID.Key.String() + " " + line.Version
		if line.Type == recording.Deleted {
			name = obj.ID.Key.String() + " end of " + obj.ID.UID
		}
		_, twice := out[name]
		require.False(t, twice, "%s was recorded twice", name)
		out[name] = line
	}
	return out
}

// followedUntil waits until every kind that was ever followed is known to be followed at a time, and stored.
func followedUntil(t *testing.T, e *harness.Env, until time.Time) *recorded {
	t.Helper()
	var all *recorded
	require.Eventually(t, func() bool {
		all = recordedIn(t, e)
		ends := map[string]time.Time{}
		for _, span := range all.coverage.Spans {
			ends[span.Kind] = span.To
		}
		if len(ends) < len(resource.Kinds()) {
			return false
		}
		for _, end := range ends {
			if end.Before(until) {
				return false
			}
		}
		return true
	}, 3*time.Minute, time.Second, "every kind is followed until %s", until)
	return all
}

// logged are the changes in API servers' own audit logs, in the same form: what was stored, by what was answered.
func logged(t *testing.T, folders []string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.log"))
		require.NoError(t, err)
		for _, name := range files {
			file, err := os.Open(name)
			require.NoError(t, err)
			lines := bufio.NewScanner(file)
			lines.Buffer(nil, 16<<20)
			for lines.Scan() {
				if change := changeOf(t, lines.Bytes()); change != "" {
					out[change] = true
				}
			}
			require.NoError(t, lines.Err())
			file.Close()
		}
	}
	return out
}

func changeOf(t *testing.T, line []byte) string {
	t.Helper()
	var event struct {
		Stage, Verb string
		RequestURI  string
		Status      struct{ Code int } `json:"responseStatus"`
		ObjectRef   struct{ APIGroup, Resource, Namespace, Name, Subresource string }
		Object      json.RawMessage `json:"responseObject"`
	}
	require.NoError(t, json.Unmarshal(line, &event))
	writes := []string{"create", "update", "patch", "delete"}
	if event.Stage != "ResponseComplete" || event.Status.Code >= 300 || !slices.Contains(writes, event.Verb) || len(event.Object) == 0 ||
		strings.Contains(event.RequestURI, "dryRun=") {
		return ""
	}
	if event.Verb == "delete" {
		var answer struct {
			Metadata, Details struct{ UID string }
		}
		require.NoError(t, json.Unmarshal(event.Object, &answer))
		kind := resource.KindOfPlural(event.ObjectRef.APIGroup, event.ObjectRef.Resource)
		if kind == resource.NoKind {
			return ""
		}
		return resource.Key{Kind: kind, Namespace: event.ObjectRef.Namespace, Name: event.ObjectRef.Name}.String() +
			" end of " + answer.Metadata.UID + answer.Details.UID
	}
	obj, err := resource.Read(event.Object)
	if err != nil {
		return "" // a Status, an Eviction, …
	}
	return obj.ID.Key.String() + " " + obj.Version
}
