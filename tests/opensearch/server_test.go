package opensearch

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/tests/opensearch/cluster"
)

func TestServerAnswers(t *testing.T) {
	s := cluster.Shared(t)
	s.Must(t, http.MethodPost, "/answers/_bulk", `{"create":{"_id":"1"}}`+"\n"+`{"port":53}`+"\n"+`{"create":{"_id":"2"}}`+"\n"+`{"port":443}`+"\n", nil)
	require.Equal(t, 2, s.Count(t, "answers"))
	status, _ := s.Send(t, http.MethodPut, "/answers/_create/1", `{"port":54}`)
	require.Equal(t, http.StatusConflict, status)
	var found struct {
		Hits struct {
			Hits []struct {
				ID string `json:"_id"`
			}
		}
	}
	s.Must(t, http.MethodGet, "/answers/_search", `{"query":{"term":{"port":443}}}`, &found)
	require.Len(t, found.Hits.Hits, 1)
	require.Equal(t, "2", found.Hits.Hits[0].ID)
	s.Must(t, http.MethodPost, "/answers/_delete_by_query?refresh=true", `{"query":{"match_all":{}}}`, nil)
	require.Zero(t, s.Count(t, "answers"))
}

func TestServerKeepsDocuments(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := cluster.Start(t, devstack.OpenSearchOptions{Folder: folder})
	s.Must(t, http.MethodPut, "/kept/_doc/1", `{"a":1}`, nil)
	s.StopNow(t)
	require.True(t, cluster.Gone(s.PID), "stopping leaves no process")

	s = cluster.Start(t, devstack.OpenSearchOptions{Folder: folder})
	require.Equal(t, 1, s.Count(t, "kept"))
	s.Must(t, http.MethodPut, "/kept/_doc/2", `{"a":2}`, nil)
	s.Kill(t)
	require.True(t, cluster.Gone(s.PID))

	s = cluster.Start(t, devstack.OpenSearchOptions{Folder: folder})
	require.Equal(t, 2, s.Count(t, "kept"), "what was acknowledged is kept")
}
