package kube_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/resource"
)

// canned is an API server that gives raw answers: faults that a real one cannot be made to have. Paths that it lacks are 404.
type canned struct {
	paths map[string]http.HandlerFunc

	mu    sync.Mutex
	asked []string // request URIs, in order
}

func (c *canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.asked = append(c.asked, r.URL.RequestURI())
	c.mu.Unlock()
	if handle := c.paths[r.URL.Path]; handle != nil {
		handle(w, r)
		return
	}
	status(http.StatusNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource")(w, r)
}

func (c *canned) start(t *testing.T) *rest.Config {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return &rest.Config{Host: server.URL, QPS: -1} // no limit of our own
}

func status(code int32, reason metav1.StatusReason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(code))
		_ = json.NewEncoder(w).Encode(metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Message: message, Reason: reason, Code: code,
		})
	}
}

func document(value any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value)
	}
}

func group(name string, versions ...string) metav1.APIGroup {
	g := metav1.APIGroup{Name: name}
	for _, version := range versions {
		g.Versions = append(g.Versions, metav1.GroupVersionForDiscovery{GroupVersion: name + "/" + version, Version: version})
	}
	g.PreferredVersion = g.Versions[0]
	return g
}

// has is the answer that names every followed kind of the group family.
func has(family string) http.HandlerFunc {
	var list metav1.APIResourceList
	for _, kind := range resource.Kinds() {
		if kind.Group() == family {
			list.APIResources = append(list.APIResources,
				metav1.APIResource{Name: kind.Plural(), Namespaced: kind.Namespaced(), Verbs: metav1.Verbs{"get", "list", "watch"}},
				metav1.APIResource{Name: kind.Plural() + "/status", Namespaced: kind.Namespaced(), Verbs: metav1.Verbs{"get"}})
		}
	}
	return document(list)
}

// bare has the groups that every cluster has.
func bare(more ...metav1.APIGroup) *canned {
	groups := append([]metav1.APIGroup{group("apps", "v1"), group("discovery.k8s.io", "v1"), group("networking.k8s.io", "v1")}, more...)
	return &canned{paths: map[string]http.HandlerFunc{
		"/apis":                      document(metav1.APIGroupList{Groups: groups}),
		"/api/v1":                    has(resource.GroupCore),
		"/apis/discovery.k8s.io/v1":  has(resource.GroupDiscovery),
		"/apis/networking.k8s.io/v1": has(resource.GroupNetworking),
	}}
}

// paths tells under which paths each kind is served, by collection.
func paths(t *testing.T, served []kube.Served) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for i, s := range served {
		require.Equal(t, resource.Kinds()[i], s.Kind, "in the fixed order")
		for _, r := range s.Resources {
			all[s.Kind.Collection()] = append(all[s.Kind.Collection()], kube.ListPath(r))
		}
	}
	return all
}

func TestDiscover(t *testing.T) {
	const v3, v1 = "/apis/projectcalico.org/v3/", "/apis/crd.projectcalico.org/v1/"
	calico := func(c *canned) *canned {
		c.paths["/apis/projectcalico.org/v3"] = has(resource.GroupCalico)
		c.paths["/apis/crd.projectcalico.org/v1"] = has(resource.GroupCalico)
		return c
	}
	ours := metav1.APIResourceList{APIResources: []metav1.APIResource{{Name: "globalreports", Verbs: metav1.Verbs{"list"}}}}
	for _, test := range []struct {
		name   string
		server *canned
		tiers  []string
	}{
		{"no Calico", bare(), nil},
		{"both groups", calico(bare(group("projectcalico.org", "v3"), group("crd.projectcalico.org", "v1"))), []string{v3 + "tiers", v1 + "tiers"}},
		{"stored kinds only", calico(bare(group("crd.projectcalico.org", "v1"))), []string{v1 + "tiers"}},
		{"native v3 only", calico(bare(group("projectcalico.org", "v3"))), []string{v3 + "tiers"}},
		{"v3 is not the preferred version", calico(bare(group("projectcalico.org", "v4", "v3"))), []string{v3 + "tiers"}},
		{"the group v3 has only the reports", func() *canned {
			c := calico(bare(group("projectcalico.org", "v3"), group("crd.projectcalico.org", "v1")))
			c.paths["/apis/projectcalico.org/v3"] = document(ours)
			return c
		}(), []string{v1 + "tiers"}},
		{"the version is gone since", bare(group("projectcalico.org", "v3")), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			served, err := kube.Discover(t.Context(), test.server.start(t))
			require.NoError(t, err)
			all := paths(t, served)
			require.Equal(t, test.tiers, all["projectcalico.org.tiers"])
			require.Equal(t, []string{"/api/v1/pods"}, all["core.pods"])
			require.Equal(t, []string{"/apis/networking.k8s.io/v1/networkpolicies"}, all["networking.k8s.io.networkpolicies"])
			for _, s := range served {
				require.NoError(t, s.Err)
				require.Equal(t, len(s.Resources) == 0, s.Absent())
			}
			require.LessOrEqual(t, len(test.server.asked), 6, "each version is asked for once")
		})
	}
}

func TestDiscoverOldAndNewSlices(t *testing.T) {
	c := bare()
	c.paths["/apis"] = document(metav1.APIGroupList{Groups: []metav1.APIGroup{group("discovery.k8s.io", "v1beta1"), group("networking.k8s.io", "v1")}})
	c.paths["/apis/discovery.k8s.io/v1beta1"] = has(resource.GroupDiscovery)
	served, err := kube.Discover(t.Context(), c.start(t))
	require.NoError(t, err)
	require.Equal(t, []string{"/apis/discovery.k8s.io/v1beta1/endpointslices"}, paths(t, served)["discovery.k8s.io.endpointslices"])
}

func TestDiscoverWhileAnAggregatedServerIsAway(t *testing.T) {
	away := status(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request")
	c := bare(group("projectcalico.org", "v3"), group("crd.projectcalico.org", "v1"))
	c.paths["/apis/projectcalico.org/v3"], c.paths["/apis/crd.projectcalico.org/v1"] = away, has(resource.GroupCalico)
	served, err := kube.Discover(t.Context(), c.start(t))
	require.NoError(t, err)
	require.Equal(t, []string{"/apis/crd.projectcalico.org/v1/tiers"}, paths(t, served)["projectcalico.org.tiers"])
	for _, s := range served {
		require.False(t, s.Absent(), "what is not known is not absent")
		if s.Kind.Group() == resource.GroupCalico {
			require.ErrorContains(t, s.Err, "projectcalico.org/v3")
		} else {
			require.NoError(t, s.Err)
		}
	}
	t.Run("the cluster's own server must answer", func(t *testing.T) {
		c := bare()
		c.paths["/apis/networking.k8s.io/v1"] = away
		_, err := kube.Discover(t.Context(), c.start(t))
		require.ErrorContains(t, err, "networking.k8s.io/v1")
	})
	t.Run("and tell", func(t *testing.T) {
		c := bare()
		c.paths["/apis"] = status(http.StatusForbidden, metav1.StatusReasonForbidden, `User "x" cannot get path "/apis"`)
		_, err := kube.Discover(t.Context(), c.start(t))
		require.ErrorContains(t, err, `cannot get path "/apis"`)
	})
}
