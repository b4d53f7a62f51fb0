package cluster

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Send sends one request and returns the status and the answer's body. A body that ends with a newline is NDJSON, another one JSON.
func (s *Server) Send(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	return SendBy(t, s.Client, method, s.Address+path, body)
}

// SendBy sends one request by a client of the test's own.
func SendBy(t *testing.T, client *http.Client, method, url, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	if strings.HasSuffix(body, "\n") {
		request.Header.Set("Content-Type", "application/x-ndjson")
	}
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(raw)
}

// Must sends a request that must succeed, and reads its answer into to unless that is nil. Items of a bulk request must succeed too.
func (s *Server) Must(t *testing.T, method, path, body string, to any) {
	t.Helper()
	status, raw := s.Send(t, method, path, body)
	require.Less(t, status, http.StatusMultipleChoices, "%s %s of %s: %s", method, path, s, raw)
	if strings.Contains(path, "/_bulk") {
		require.NotContains(t, raw, `"errors":true`, "%s %s", method, path)
	}
	if to != nil {
		require.NoError(t, json.Unmarshal([]byte(raw), to), raw)
	}
}

// Count refreshes indices and counts their documents.
func (s *Server) Count(t *testing.T, indices string) int {
	t.Helper()
	s.Must(t, http.MethodPost, "/"+indices+"/_refresh", "", nil)
	var answer struct{ Count int }
	s.Must(t, http.MethodGet, "/"+indices+"/_count", "", &answer)
	return answer.Count
}
