package opensearch

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/tests/opensearch/cluster"
)

func TestServerEndsWithItsParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), parentOf+"="+t.TempDir())
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	var at devstack.OpenSearchAddress
	require.NoError(t, json.NewDecoder(out).Decode(&at))
	answer, err := http.Get(at.Address) //nolint:noctx // loopback
	require.NoError(t, err)
	answer.Body.Close()
	require.False(t, cluster.Gone(at.PID))

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool { return cluster.Gone(at.PID) }, time.Minute, 50*time.Millisecond, "the server outlives a killed parent")
}

func TestServerSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	require.NoError(t, err)
	t.Cleanup(func() { taken.Close() })
	port := taken.Addr().(*net.TCPAddr).Port
	running := cluster.Start(t, devstack.OpenSearchOptions{})
	for _, test := range []struct {
		name    string
		options devstack.OpenSearchOptions
		says    string
	}{
		{"not built", devstack.OpenSearchOptions{Jars: t.TempDir(), Folder: t.TempDir()}, "build it with `make build-opensearch`"},
		{"a port in use", devstack.OpenSearchOptions{Folder: t.TempDir(), Port: port}, "127.0.0.1:" + strconv.Itoa(port) + ": Address already in use"},
		{"a folder in use", devstack.OpenSearchOptions{Folder: running.Folder}, "failed to obtain node locks"},
		{"an unknown setting", devstack.OpenSearchOptions{Folder: t.TempDir(), Settings: map[string]string{"no.such": "1"}}, "unknown setting [no.such]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := cluster.Child(test.options)
			require.ErrorContains(t, err, test.says)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// TestServerRefusesWhatIsTooMuch shows how tests make the server refuse: by its settings.
func TestServerRefusesWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	s := cluster.Start(t, devstack.OpenSearchOptions{Settings: map[string]string{
		"search.max_buckets": "5", "indexing_pressure.memory.limit": "2kb",
	}})
	var bulk strings.Builder
	for i := range 10 {
		bulk.WriteString(`{"create":{}}` + "\n" + `{"port":` + strconv.Itoa(i) + "}\n")
	}
	s.Must(t, http.MethodPost, "/limited/_bulk?refresh=true", bulk.String(), nil)

	const ports = `{"size":0,"aggs":{"ports":{"composite":{"size":SIZE,"sources":[{"port":{"terms":{"field":"port"}}}]}}}}`
	s.Must(t, http.MethodPost, "/limited/_search", strings.Replace(ports, "SIZE", "5", 1), nil)
	status, said := s.Send(t, http.MethodPost, "/limited/_search", strings.Replace(ports, "SIZE", "6", 1))
	require.GreaterOrEqual(t, status, http.StatusBadRequest)
	require.Contains(t, said, "Trying to create too many buckets. Must be less than or equal to: [5]")

	status, said = s.Send(t, http.MethodPut, "/limited/_doc/large", `{"text":"`+strings.Repeat("x", 4<<10)+`"}`)
	require.Equal(t, http.StatusTooManyRequests, status, said)
	require.Equal(t, 10, s.Count(t, "limited"))
}
