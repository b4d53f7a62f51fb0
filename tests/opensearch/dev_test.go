package opensearch

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/tests/opensearch/cluster"
)

// TestDevRunsOpenSearch starts everything on one machine as a new user does, stops it, and goes on with it.
func TestDevRunsOpenSearch(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	address, stop := dev(t, folder)
	status, said := cluster.SendBy(t, http.DefaultClient, http.MethodPut, address+"/kept/_doc/1", `{"a":1}`)
	require.Equal(t, http.StatusCreated, status, said)
	stop()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		answer.Body.Close()
	}
	require.ErrorIs(t, err, syscall.ECONNREFUSED, "it ends with the others")

	address, stop = dev(t, folder)
	status, said = cluster.SendBy(t, http.DefaultClient, http.MethodGet, address+"/kept/_doc/1", "")
	require.Equal(t, http.StatusOK, status, said)
	stop()
}

// dev runs `probity dev --opensearch` until it serves. It returns the address that was printed, and what stops it as a person does.
func dev(t *testing.T, folder string) (address string, stop func()) {
	t.Helper()
	cmd := exec.Command(cluster.ProgramOf(t, "probity"), "dev", "--opensearch", "--dir", folder, "--opensearch-port", "0",
		"--opensearch-heap", "256", "--temporal-port", "0", "--ui-port", "0", "--s3-port", "0")
	var failure strings.Builder
	cmd.Stderr = &failure
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	end := sync.OnceValue(func() error {
		err := cmd.Process.Signal(syscall.SIGINT)
		_, _ = io.Copy(io.Discard, out)
		return errors.Join(err, cmd.Wait())
	})
	t.Cleanup(func() { _ = end() }) // a failed test must not leave servers in its folder
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "settings") {
		if rest, ok := strings.CutPrefix(lines.Text(), "OpenSearch  "); ok {
			address, _, _ = strings.Cut(rest, " ")
		}
	}
	if address == "" {
		require.Fail(t, "no address was printed", "%v: %s", end(), failure.String())
	}
	return address, func() {
		t.Helper()
		require.NoError(t, end(), failure.String())
	}
}
