package opensearch

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/opensearch"
	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/internal/receive/receivetest"
	"github.com/probity/probity/tests/opensearch/cluster"
	"github.com/probity/probity/worker"
)

// receiving serves a sink, and gives a function that pushes and tells the answer's status.
func receiving(t *testing.T, sink receive.Sink) (push func(body string) int, health func() int) {
	t.Helper()
	server := httptest.NewServer(receive.NewServer(receive.ServerOptions{
		Sink: sink, BodyBytes: 64 << 20, Parallel: 2, Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
	}).Handler())
	t.Cleanup(server.Close)
	return func(body string) int {
			response, _, err := receivetest.Push(t.Context(), server.Client(), server.URL+receive.Path, body)
			require.NoError(t, err)
			return response.StatusCode
		}, func() int {
			response, err := server.Client().Get(server.URL + "/healthz")
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			return response.StatusCode
		}
}

// sinkInto is a sink of the server's indices for flows of a cluster of its own; the configuration is that of their reader.
func sinkInto(t *testing.T, s *cluster.Server, patience time.Duration) (*receive.Search, *opensearch.Store, *config.Config) {
	t.Helper()
	c := search(s, func(o *config.OpenSearch) { o.Flows, o.Patience = opensearch.DefaultFlows, patience })
	c.Cluster = fmt.Sprintf("received%d", time.Now().UnixNano())
	client, err := worker.SearchClient(t.Context(), &c.OpenSearch)
	require.NoError(t, err)
	store, err := opensearch.NewStore(client, opensearch.Flows, c.OpenSearch.Flows, c.Cluster)
	require.NoError(t, err)
	require.NoError(t, store.Prepare(t.Context()))
	return receive.NewSearch(receive.SearchOptions{Documents: store, Ping: func(ctx context.Context) error {
		_, err := client.Server(ctx)
		return err
	}, Scratch: t.TempDir()}), store, c
}

// pushed are the pushes of a day, some with bad lines; one holds nothing that can be stored.
func pushed() []string {
	bodies := []string{"<html>"}
	for n := range 24 {
		body := receivetest.Flows("web", day.Start.Add(time.Duration(n)*time.Hour), 200)
		if n%5 == 0 {
			body += "\n{\n" + `{"start_time":` + fmt.Sprint(day.Start.Unix()) + "}\n"
		}
		bodies = append(bodies, body)
	}
	return bodies
}

// What is pushed into OpenSearch is to the byte what is pushed into log files, what was dropped included, however often it comes.
func TestReceivedFlowsAreTheSameAsInFiles(t *testing.T) {
	dir := t.TempDir()
	folder, err := receive.OpenFolder(receive.FolderOptions{
		Dir: dir, FileBytes: 1 << 20, FileAge: time.Hour, Window: time.Hour, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	sink, store, c := sinkInto(t, cluster.Shared(t), time.Minute)
	intoFiles, _ := receiving(t, folder)
	intoServer, health := receiving(t, sink)
	for n, body := range pushed() {
		for range 1 + n%2 {
			want := intoFiles(body)
			require.Equal(t, want, intoServer(body))
			require.Equal(t, n == 0, want != http.StatusOK)
		}
	}
	require.Equal(t, http.StatusOK, health())
	require.NoError(t, store.Refresh(t.Context()))
	require.NoError(t, folder.Close())
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.ndjson"))
	require.NoError(t, err)
	var lines [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		lines = append(lines, bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))...)
	}
	// What holds nothing is told of the time of its arrival, of which the server is not asked.
	told := slices.IndexFunc(lines, func(line []byte) bool { return bytes.Contains(line, []byte(receive.ReasonNoNDJSON)) })
	lines = slices.Delete(lines, told, told+1)
	want, wantStats, _ := reduced(t, fromMemory(t, lines), day)
	got, stats, read := reduced(t, ports(t, c, 0).Flows, day)
	require.Equal(t, want, got)
	require.Equal(t, wantStats, stats)
	require.Equal(t, map[flow.Reason]int64{flow.Dropped: 10}, stats.Bad)
	require.EqualValues(t, 24*200, stats.Used)
	require.Empty(t, read.Faults)
}

// While the server is away pushes are refused, and what comes again later is stored once.
func TestReceiveWhileTheServerIsAway(t *testing.T) {
	folder := t.TempDir()
	s := cluster.Start(t, devstack.OpenSearchOptions{Folder: folder, Brief: true})
	sink, store, c := sinkInto(t, s, time.Second)
	push, health := receiving(t, sink)
	before, after := receivetest.Flows("before", day.Start, 300), receivetest.Flows("after", day.Start, 500)
	require.Equal(t, http.StatusOK, push(before))
	s.Kill(t)
	require.Equal(t, http.StatusServiceUnavailable, push(after))
	require.Equal(t, http.StatusServiceUnavailable, health())
	s.Back(t, folder)
	require.Eventually(t, func() bool { return push(after) == http.StatusOK }, time.Minute, 100*time.Millisecond)
	require.Equal(t, http.StatusOK, push(before))
	require.Equal(t, http.StatusOK, health())
	require.NoError(t, store.Refresh(t.Context()))
	_, stats, read := reduced(t, ports(t, c, 0).Flows, day)
	require.EqualValues(t, 800, stats.Used, "what was acknowledged before the server was killed is there too")
	require.Empty(t, read.Faults)
}
