package devstack_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
)

// fakeJava makes the test's own program the Java of JAVA_HOME, in a role, with a folder that looks like a built server.
func fakeJava(t *testing.T, as, address string) devstack.OpenSearchOptions {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	home, jars := t.TempDir(), t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "bin"), 0o700))
	require.NoError(t, os.Symlink(self, filepath.Join(home, "bin", "java")))
	require.NoError(t, os.WriteFile(filepath.Join(jars, "sources"), nil, 0o600))
	t.Setenv("JAVA_HOME", home)
	t.Setenv(role, as)
	t.Setenv(addressOf, address)
	return devstack.OpenSearchOptions{Jars: jars, Folder: filepath.Join(t.TempDir(), "new")}
}

func TestOpenSearchIsAwaitedUntilItHasItsIndices(t *testing.T) {
	answers := []struct {
		path   string
		status int
		body   string
	}{
		{"/_alias", http.StatusServiceUnavailable, "the state is not read from disk yet"},
		{"/_alias", http.StatusOK, "{}"},
		{"/_cluster/health", http.StatusOK, `{"status":"red","number_of_in_flight_fetch":1}`},
		{"/_alias", http.StatusOK, "{}"},
		{"/_cluster/health", http.StatusOK, `{"status":"yellow"}`},
	}
	var asked []string // one request after the other
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		answer := answers[min(len(asked), len(answers))-1]
		w.WriteHeader(answer.status)
		fmt.Fprint(w, answer.body)
	}))
	defer server.Close()
	o := fakeJava(t, "opensearch", server.URL)
	o.Port, o.Heap, o.Brief, o.Settings = 9200, 300, true, map[string]string{"b": "2", "a": "1=1"}
	child, err := devstack.StartOpenSearch(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, asked, len(answers))
	for i, answer := range answers {
		require.Equal(t, answer.path, asked[i])
	}
	require.Equal(t, server.URL, child.Address.Address)
	require.Equal(t, o.Folder, child.Address.Folder)
	require.DirExists(t, o.Folder)

	said, err := os.ReadFile(filepath.Join(o.Folder, "arguments"))
	require.NoError(t, err)
	require.Contains(t, string(said), fmt.Sprintf("-Xms300m -Xmx300m -Dprobity.log=%s -XX:TieredStopAtLevel=1 -cp %s/* Launcher %s http.port=9200 a=1=1 b=2\n",
		child.Address.Log, o.Jars, o.Folder))
	require.NoError(t, child.Stop())
}

// TestOpenSearchStartsWithALostShard: what cannot be recovered must not keep a person from the rest.
func TestOpenSearchStartsWithALostShard(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"red"}`) }))
	defer server.Close()
	child, err := devstack.StartOpenSearch(t.Context(), fakeJava(t, "opensearch", server.URL))
	require.NoError(t, err)
	require.NoError(t, child.Stop())
}

func TestOpenSearchThatDoesNotStart(t *testing.T) {
	t.Run("not built", func(t *testing.T) {
		_, err := devstack.StartOpenSearch(t.Context(), devstack.OpenSearchOptions{Jars: "nowhere", Folder: t.TempDir()})
		require.EqualError(t, err, "OpenSearch is not in nowhere: build it with `make build-opensearch`")
	})
	t.Run("no Java", func(t *testing.T) {
		o := fakeJava(t, "opensearch", "")
		t.Setenv("JAVA_HOME", "")
		t.Setenv("PATH", t.TempDir())
		_, err := devstack.StartOpenSearch(t.Context(), o)
		require.EqualError(t, err, "OpenSearch needs Java, which is not on the PATH: install a JDK, 17 or newer")
	})
	t.Run("refuses", func(t *testing.T) {
		_, err := devstack.StartOpenSearch(t.Context(), fakeJava(t, "refuses", ""))
		require.ErrorContains(t, err, "S3 port 9000 is taken")
	})
	t.Run("ends while it recovers", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
		defer server.Close()
		_, err := devstack.StartOpenSearch(t.Context(), fakeJava(t, "opensearch ends", server.URL))
		require.ErrorContains(t, err, "no space left on device")
	})
	t.Run("never ready", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "OpenSearch Security not initialized")
		}))
		defer server.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := devstack.StartOpenSearch(ctx, fakeJava(t, "opensearch", server.URL))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "503 Service Unavailable: OpenSearch Security not initialized")
	})
}

// playOpenSearch prints an address and its arguments as the launcher of a server does.
func playOpenSearch() {
	for i, arg := range os.Args {
		if arg == "Launcher" {
			_ = os.WriteFile(filepath.Join(os.Args[i+1], "arguments"), []byte(strings.Join(os.Args[1:], " ")+"\n"), 0o600)
		}
	}
	fmt.Printf("{\"address\": %q, \"version\": \"2.19.6\", \"pid\": %d}\n", os.Getenv(addressOf), os.Getpid())
}
