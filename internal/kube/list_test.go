package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/resource"
)

// taken is what a listing gave: of each kind that ended, its objects.
type taken struct {
	at     time.Time
	fixed  bool
	whole  map[string][]string
	begun  map[string]int
	kind   resource.Kind
	open   []string
	object func(n int) error // fails the n-th object, from 1
	n      int
}

func newTaken() *taken { return &taken{whole: map[string][]string{}, begun: map[string]int{}} }

func (r *taken) Start(at time.Time, fixed bool) error {
	r.at, r.fixed = at, fixed
	return nil
}

func (r *taken) Begin(kind resource.Kind) error {
	r.begun[kind.Collection()]++
	r.kind, r.open = kind, []string{}
	return nil
}

func (r *taken) Object(raw json.RawMessage) error {
	r.n++
	if r.object != nil {
		if err := r.object(r.n); err != nil {
			return err
		}
	}
	r.open = append(r.open, string(raw))
	return nil
}

func (r *taken) End() error {
	r.whole[r.kind.Collection()] = r.open
	return nil
}

// at is a date of an answer, n seconds into a minute long ago: an answer that a test forgets to date bears the clock's, which
// is later than all of them on any day.
func at(n int) time.Time { return time.Date(2024, 2, 29, 12, 0, n, 0, time.UTC) }

func dated(n int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", at(n).Format(http.TimeFormat))
		fmt.Fprint(w, body)
	}
}

func podList(version, next string, names ...string) string {
	var items []string
	for _, name := range names {
		items = append(items, fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"shop"}}`, name))
	}
	return fmt.Sprintf(`{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":%q,"continue":%q},"items":[%s]}`,
		version, next, strings.Join(items, ","))
}

func pod(name string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"namespace":"shop"}}`, name)
}

// listing is a server whose kinds are all empty, at resourceVersion 7, answered in second 5; it tells its groups, these and
// those of bare, in second 2.
func listing(groups ...metav1.APIGroup) *canned {
	c := bare(groups...)
	for path, handle := range c.paths {
		c.paths[path] = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", at(2).Format(http.TimeFormat))
			handle(w, r)
		}
	}
	for _, kind := range resource.Kinds() {
		prefix := "/apis/" + kind.APIVersion() + "/"
		if kind.Group() == resource.GroupCore {
			prefix = "/api/v1/"
		}
		if kind.Group() != resource.GroupCalico {
			c.paths[prefix+kind.Plural()] = dated(5, `{"metadata":{"resourceVersion":"7"},"items":[]}`)
		}
	}
	return c
}

func each(t *testing.T, c *canned) (*taken, kube.Listing, error) {
	t.Helper()
	r := newTaken()
	all, err := kube.NewCluster(c.start(t)).Each(t.Context(), r)
	return r, all, err
}

func of(t *testing.T, all kube.Listing, kind resource.Kind) kube.Listed {
	t.Helper()
	require.Len(t, all.Kinds, len(resource.Kinds()))
	for i, listed := range all.Kinds {
		require.Equal(t, resource.Kinds()[i], listed.Kind)
		if listed.Kind == kind {
			return listed
		}
	}
	return kube.Listed{}
}

// asked are the requests for a path, without the path.
func (c *canned) of(path string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var queries []string
	for _, uri := range c.asked {
		if p, query, _ := strings.Cut(uri, "?"); p == path {
			queries = append(queries, query)
		}
	}
	return queries
}

func TestListPagesAtOneVersion(t *testing.T) {
	c := listing()
	c.paths["/api/v1/pods"] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("continue") == "" {
			dated(6, podList("7", "more", "a", "b"))(w, r)
			return
		}
		dated(9, podList("7", "", "c"))(w, r)
	}
	r, all, err := each(t, c)
	require.NoError(t, err)
	require.Equal(t, []string{pod("a"), pod("b"), pod("c")}, r.whole["core.pods"])
	require.Equal(t, 1, r.begun["core.pods"])
	require.Equal(t, []string{"limit=500"}, c.of("/api/v1/namespaces"), "the first list fixes the version")
	require.Equal(t, []string{"limit=500&resourceVersion=7&resourceVersionMatch=Exact", "continue=more&limit=500"}, c.of("/api/v1/pods"))

	require.Equal(t, at(2).Add(-2*time.Second), r.at, "nothing before the server's answer to the question for its groups is missing")
	require.False(t, r.fixed)
	require.Equal(t, kube.Listed{Kind: resource.Pod, Time: r.at, Version: "7"}, of(t, all, resource.Pod))
	require.Equal(t, at(5).Add(3*time.Second), all.Complete, "the version was read before the first list's answer")
	require.True(t, of(t, all, resource.Tier).Absent)
	require.Empty(t, all.Notes)
}

func TestListExpires(t *testing.T) {
	gone := status(http.StatusGone, metav1.StatusReasonExpired, "The provided continue parameter is too old")
	t.Run("in the middle", func(t *testing.T) {
		c, calls := listing(), 0
		c.paths["/api/v1/pods"] = func(w http.ResponseWriter, r *http.Request) {
			switch calls++; calls {
			case 1:
				dated(10, podList("7", "old", "a", "b"))(w, r)
			case 2:
				gone(w, r)
			default:
				dated(20, podList("9", "", "a", "c"))(w, r)
			}
		}
		r, all, err := each(t, c)
		require.NoError(t, err)
		require.Equal(t, []string{pod("a"), pod("c")}, r.whole["core.pods"], "nothing of the expired list is left")
		require.Equal(t, 2, r.begun["core.pods"])
		require.Equal(t, kube.Listed{Kind: resource.Pod, Time: at(8), Version: "9"}, of(t, all, resource.Pod))
		require.Equal(t, at(23), all.Complete)
		require.Equal(t, []string{"limit=500&resourceVersion=9&resourceVersionMatch=Exact"}, c.of("/api/v1/services"), "what follows is of the new version")
		require.Equal(t, at(0), of(t, all, resource.Namespace).Time, "what came before is as it was")
	})
	t.Run("again and again", func(t *testing.T) {
		c := listing()
		c.paths["/api/v1/pods"] = gone
		_, _, err := each(t, c)
		require.ErrorContains(t, err, "list pods")
		require.Len(t, c.of("/api/v1/pods"), 4)
	})
	t.Run("a server that cannot list at a version", func(t *testing.T) {
		c := listing()
		refuse := status(http.StatusBadRequest, metav1.StatusReasonBadRequest, "resourceVersionMatch is not supported")
		c.paths["/api/v1/pods"] = func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("resourceVersionMatch") {
				refuse(w, r)
				return
			}
			dated(10, podList("8", "", "a"))(w, r)
		}
		r, _, err := each(t, c)
		require.NoError(t, err)
		require.Equal(t, []string{pod("a")}, r.whole["core.pods"])
	})
	t.Run("a server that takes no notice of the version", func(t *testing.T) {
		c := listing()
		c.paths["/api/v1/pods"] = dated(30, podList("11", "", "a"))
		_, all, err := each(t, c)
		require.NoError(t, err)
		require.Equal(t, kube.Listed{Kind: resource.Pod, Time: at(0), Version: "11"}, of(t, all, resource.Pod))
		require.Equal(t, at(33), all.Complete)
	})
}

// TestListAsksAhead: the next page is being made while this one is taken over, and no sooner than it is known.
func TestListAsksAhead(t *testing.T) {
	c, second := listing(), make(chan struct{})
	c.paths["/api/v1/pods"] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("continue") != "" {
			close(second)
			dated(7, podList("7", "", "b"))(w, r)
			return
		}
		body := podList("7", "more", "a")
		half := strings.Index(body, `"items"`)
		dated(6, body[:half])(w, r)
		w.(http.Flusher).Flush()
		select {
		case <-second:
			fmt.Fprint(w, body[half:])
		case <-r.Context().Done():
		}
	}
	r, _, err := each(t, c)
	require.NoError(t, err)
	require.Equal(t, []string{pod("a"), pod("b")}, r.whole["core.pods"])
}

func TestListIsRefused(t *testing.T) {
	const words = `pods is forbidden: User "system:serviceaccount:probity:worker" cannot list resource "pods" in API group "" at the cluster scope`
	c := listing()
	c.paths["/api/v1/pods"] = status(http.StatusForbidden, metav1.StatusReasonForbidden, words)
	r, all, err := each(t, c)
	require.NoError(t, err)
	require.Equal(t, "list pods: forbidden for system:serviceaccount:probity:worker: "+words, of(t, all, resource.Pod).Missing)
	require.NotContains(t, r.whole, "core.pods")
	require.Contains(t, r.whole, "core.services", "the others are listed")

	c.paths["/api/v1/pods"] = status(http.StatusForbidden, metav1.StatusReasonForbidden, "no")
	_, all, err = each(t, c)
	require.NoError(t, err)
	require.Equal(t, "list pods: forbidden for this account: no", of(t, all, resource.Pod).Missing)
}

func TestListCalico(t *testing.T) {
	const v3, v1 = "/apis/projectcalico.org/v3", "/apis/crd.projectcalico.org/v1"
	away := status(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request")
	tiers := func(version string) http.HandlerFunc {
		return dated(8, `{"apiVersion":"`+version+`","items":[{"apiVersion":"`+version+`","kind":"Tier","metadata":{"name":"a"}}],"kind":"TierList","metadata":{"resourceVersion":"3"}}`)
	}
	tier := func(version string) []string {
		return []string{`{"apiVersion":"` + version + `","kind":"Tier","metadata":{"name":"a"}}`}
	}
	server := func(groups ...metav1.APIGroup) *canned {
		c := listing(groups...)
		for _, group := range groups {
			gv := group.PreferredVersion.GroupVersion
			c.paths["/apis/"+gv] = dated(2, `{"kind":"APIResourceList","groupVersion":"`+gv+`","resources":[{"name":"tiers","verbs":["list"]}]}`)
			c.paths["/apis/"+gv+"/tiers"] = tiers(gv)
		}
		return c
	}
	aggregated, stored := group("projectcalico.org", "v3"), group("crd.projectcalico.org", "v1")

	t.Run("v3 before what is stored", func(t *testing.T) {
		c := server(aggregated, stored)
		r, all, err := each(t, c)
		require.NoError(t, err)
		require.Equal(t, tier("projectcalico.org/v3"), r.whole["projectcalico.org.tiers"])
		require.Empty(t, all.Notes)
		require.Equal(t, []string{"limit=500"}, c.of(v3+"/tiers"), "another server's versions are its own")
		require.Equal(t, kube.Listed{Kind: resource.Tier, Time: at(3), Version: "3"}, of(t, all, resource.Tier))
	})
	t.Run("stored only", func(t *testing.T) {
		r, all, err := each(t, server(stored))
		require.NoError(t, err)
		require.Equal(t, tier("crd.projectcalico.org/v1"), r.whole["projectcalico.org.tiers"])
		require.Equal(t, []string{"tiers were read as crd.projectcalico.org/v1, as they are stored"}, all.Notes)
	})
	t.Run("v3 does not answer", func(t *testing.T) {
		c := server(aggregated, stored)
		c.paths[v3+"/tiers"] = away
		r, all, err := each(t, c)
		require.NoError(t, err)
		require.Equal(t, tier("crd.projectcalico.org/v1"), r.whole["projectcalico.org.tiers"])
		require.Len(t, all.Notes, 1)
		require.Contains(t, all.Notes[0], "currently unable")
	})
	t.Run("nothing answers", func(t *testing.T) {
		c := server(aggregated)
		c.paths[v3] = away
		r, all, err := each(t, c)
		require.NoError(t, err)
		require.NotContains(t, r.whole, "projectcalico.org.tiers")
		require.Contains(t, of(t, all, resource.Tier).Missing, "currently unable")
		require.False(t, of(t, all, resource.Tier).Absent, "what is not known is not absent")
	})
	t.Run("removed meanwhile", func(t *testing.T) {
		c := server(stored)
		delete(c.paths, v1+"/tiers")
		_, all, err := each(t, c)
		require.NoError(t, err)
		require.True(t, of(t, all, resource.Tier).Absent)
	})
}

func TestListFails(t *testing.T) {
	t.Run("the server does not answer", func(t *testing.T) {
		c := listing()
		c.paths["/api/v1/pods"] = status(http.StatusInternalServerError, metav1.StatusReasonInternalError, "etcdserver: no leader")
		_, _, err := each(t, c)
		require.ErrorContains(t, err, "list pods")
		require.ErrorContains(t, err, "no leader")
	})
	t.Run("the answer is cut off", func(t *testing.T) {
		c := listing()
		c.paths["/api/v1/pods"] = dated(5, `{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"`)
		r, _, err := each(t, c)
		require.ErrorContains(t, err, "it ends in the middle")
		require.NotContains(t, r.whole, "core.pods")
	})
	t.Run("the answer is no list", func(t *testing.T) {
		c := listing()
		c.paths["/api/v1/pods"] = dated(5, `<html>`)
		_, _, err := each(t, c)
		require.ErrorContains(t, err, "not a list")
	})
	t.Run("the receiver has had enough", func(t *testing.T) {
		c, enough := listing(), errors.New("enough")
		c.paths["/api/v1/pods"] = dated(6, podList("7", "more", "a", "b"))
		r := newTaken()
		r.object = func(n int) error {
			if n == 2 {
				return enough
			}
			return nil
		}
		_, err := kube.NewCluster(c.start(t)).Each(t.Context(), r)
		require.ErrorIs(t, err, enough)
		require.Equal(t, 2, r.n)
	})
	t.Run("cancelled", func(t *testing.T) {
		c := listing()
		c.paths["/api/v1/pods"] = dated(6, podList("7", "more", "a"))
		ctx, cancel := context.WithCancel(t.Context())
		r := newTaken()
		r.object = func(int) error { cancel(); return nil }
		_, err := kube.NewCluster(c.start(t)).Each(ctx, r)
		require.ErrorIs(t, err, context.Canceled)
	})
}
