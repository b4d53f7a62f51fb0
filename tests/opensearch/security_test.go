package opensearch

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/tests/opensearch/cluster"
)

func TestServerLetsInWhomItKnows(t *testing.T) {
	t.Parallel()
	s := cluster.StartSecure(t, devstack.OpenSearchOptions{})
	s.Must(t, http.MethodPut, "/flows/_doc/1?refresh=true", `{"port":53}`, nil)

	for _, test := range []struct {
		name           string
		client         *http.Client
		search, create int
	}{
		{"administrator", s.As("admin", cluster.Password("admin")), http.StatusOK, http.StatusCreated},
		{"writer", s.As("writer", cluster.Password("writer")), http.StatusOK, http.StatusCreated},
		{"reader", s.As("reader", cluster.Password("reader")), http.StatusOK, http.StatusForbidden},
		{"wrong password", s.As("reader", "guessed"), http.StatusUnauthorized, http.StatusUnauthorized},
		{"nobody", s.As("", ""), http.StatusUnauthorized, http.StatusUnauthorized},
		{"reader by certificate", s.By(t, "reader-by-certificate"), http.StatusOK, http.StatusForbidden},
		{"keeper's certificate", s.By(t, "keeper"), http.StatusOK, http.StatusCreated},
		{"unknown certificate", s.By(t, "stranger"), http.StatusForbidden, http.StatusForbidden},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, said := cluster.SendBy(t, test.client, http.MethodGet, s.Address+"/flows/_search", "")
			require.Equal(t, test.search, status, said)
			if status == http.StatusOK {
				require.Contains(t, said, `"port":53`)
			}
			id := strings.ReplaceAll(test.name, " ", "-")
			status, said = cluster.SendBy(t, test.client, http.MethodPut, s.Address+"/flows/_create/"+id, `{"port":1}`)
			require.Equal(t, test.create, status, said)
			status, said = cluster.SendBy(t, test.client, http.MethodPost, s.Address+"/flows/_search/point_in_time?keep_alive=1m", "")
			require.Equal(t, test.search, status, said)
		})
	}

	t.Run("plain http", func(t *testing.T) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(s.Address, "https", "http", 1), http.NoBody)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			answer.Body.Close()
		}
		require.Error(t, err, "%v", answer)
	})
	t.Run("without its authority", func(t *testing.T) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Address, http.NoBody)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			answer.Body.Close()
		}
		require.ErrorContains(t, err, "certificate signed by unknown authority")
	})
}
