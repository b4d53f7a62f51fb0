package porttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/resource"
)

// Content is what a cluster is made of.
type Content struct {
	Objects []json.RawMessage
	At      time.Time
}

// ClusterSource makes clusters.
type ClusterSource = Source[activities.Cluster, Content]

// TestCluster is the contract of activities.Cluster, for sources that hold what they are told to and nothing else.
func TestCluster(t *testing.T, source ClusterSource) {
	TestLiveCluster(t, source)
	runSuite(t, source, map[string]func(*testing.T, ClusterSource){
		"every followed object once": testClusterObjects,
	})
}

// TestLiveCluster is the part of the contract that holds for an API server too, which has objects and a time of its own.
func TestLiveCluster(t *testing.T, source ClusterSource) {
	runSuite(t, source, map[string]func(*testing.T, ClusterSource){
		"one kind after the other":     testClusterKinds,
		"the caller's failure ends it": testClusterCallerFails,
		"cancellation ends it":         testClusterCanceled,
		"not there":                    testClusterMissing,
	})
}

// Collected is what a cluster gave: the objects of the kinds that ended.
type Collected struct {
	At    time.Time
	Fixed bool
	Kinds map[resource.Kind][]string // lines
	// Fail, when set, is asked before each call: "start", "begin", "object" or "end".
	Fail func(call string) error

	started bool
	kind    resource.Kind
	lines   []string
}

var _ activities.Receiver = (*Collected)(nil)

var errProtocol = errors.New("the receiver was called out of turn")

func (c *Collected) ask(call string, inTurn bool) error {
	if !inTurn {
		return fmt.Errorf("%s: %w", call, errProtocol)
	}
	if c.Fail != nil {
		return c.Fail(call)
	}
	return nil
}

// Start notes the moment.
func (c *Collected) Start(at time.Time, fixed bool) error {
	err := c.ask("start", !c.started)
	c.started, c.At, c.Fixed, c.Kinds = true, at, fixed, map[resource.Kind][]string{}
	return err
}

// Begin drops what was given of a kind that did not end.
func (c *Collected) Begin(kind resource.Kind) error {
	_, ended := c.Kinds[kind]
	c.kind, c.lines = kind, nil
	return c.ask("begin", c.started && !ended)
}

// Object keeps a line.
func (c *Collected) Object(raw json.RawMessage) error {
	c.lines = append(c.lines, string(raw))
	return c.ask("object", c.kind != resource.NoKind)
}

// End keeps the kind.
func (c *Collected) End() error {
	err := c.ask("end", c.kind != resource.NoKind)
	c.Kinds[c.kind], c.kind = c.lines, resource.NoKind
	return err
}

func objects() []json.RawMessage {
	return []json.RawMessage{
		json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"shop","uid":"2"}}`),
		json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop","uid":"1"}}`),
		json.RawMessage(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","uid":"3"}}`),
		json.RawMessage(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"shop","uid":"4"}}`),
		json.RawMessage(`{"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"security","uid":"5"},"spec":{"order":1}}`),
		json.RawMessage(`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a","namespace":"shop","uid":"6"},"spec":{}}`),
	}
}

// list gives a cluster's objects as "kind namespace/name", sorted, and their lines.
func list(t *testing.T, cluster activities.Cluster) ([]string, *Collected, activities.ClusterListing) {
	t.Helper()
	collected := &Collected{}
	listing, err := cluster.Each(t.Context(), collected)
	require.NoError(t, err)
	require.Equal(t, collected.At, listing.At, "the moment that was told at the start")
	require.Equal(t, time.UTC, listing.At.Location())
	require.False(t, listing.Complete.Before(listing.At) && !listing.Complete.IsZero())
	var all []string
	for kind, lines := range collected.Kinds {
		require.NotContains(t, listing.Absent, kind.Collection())
		require.NotContains(t, listing.Forbidden, kind.Collection())
		for _, line := range lines {
			require.NotContains(t, line, "\n")
			obj, err := resource.Read([]byte(line))
			require.NoError(t, err)
			require.Equal(t, kind, obj.ID.Kind, "the kind is the object's own")
			all = append(all, kind.Collection()+" "+obj.ID.Namespace+"/"+obj.ID.Name)
		}
	}
	slices.Sort(all)
	require.Equal(t, slices.Compact(slices.Clone(all)), all, "each object once")
	return all, collected, listing
}

func testClusterKinds(t *testing.T, source ClusterSource) {
	cluster := source.Open(t, Content{Objects: objects(), At: from})
	require.NotEmpty(t, cluster.Describe())
	all, _, _ := list(t, cluster)
	require.Subset(t, all, []string{"core.namespaces /shop", "core.pods shop/a", "core.pods shop/b", "networking.k8s.io.networkpolicies shop/a"})
}

func testClusterObjects(t *testing.T, source ClusterSource) {
	local := time.FixedZone("local", 3600)
	forward := source.Open(t, Content{Objects: objects(), At: from.In(local)})
	all, collected, listing := list(t, forward)
	require.Equal(t, []string{
		"core.namespaces /shop", "core.pods shop/a", "core.pods shop/b", "networking.k8s.io.networkpolicies shop/a", "projectcalico.org.tiers /security",
	}, all)
	require.Equal(t, from, listing.At, "in UTC")
	require.Equal(t, int64(1), listing.NotFollowed)

	turned := objects()
	slices.Reverse(turned)
	for i, object := range turned {
		var value any
		require.NoError(t, json.Unmarshal(object, &value))
		spaced, err := json.MarshalIndent(value, "", "   ")
		require.NoError(t, err)
		turned[i] = spaced
	}
	_, again, same := list(t, source.Open(t, Content{Objects: turned, At: from}))
	require.Equal(t, collected, again, "the order and the spelling of objects do not show")
	require.Equal(t, listing, same)
}

func testClusterCallerFails(t *testing.T, source ClusterSource) {
	for _, failing := range []string{"start", "begin", "object", "end"} {
		calls := 0
		collected := &Collected{Fail: func(call string) error {
			if call != failing {
				return nil
			}
			calls++
			return errCaller
		}}
		_, err := source.Open(t, Content{Objects: objects(), At: from}).Each(t.Context(), collected)
		require.ErrorIs(t, err, errCaller)
		require.Equal(t, 1, calls)
	}
}

func testClusterCanceled(t *testing.T, source ClusterSource) {
	ctx, cancel := context.WithCancel(t.Context())
	collected := &Collected{Fail: func(call string) error {
		if call == "object" {
			cancel()
		}
		return nil
	}}
	_, err := source.Open(t, Content{Objects: objects(), At: from}).Each(ctx, collected)
	require.ErrorIs(t, err, context.Canceled)
}

func testClusterMissing(t *testing.T, source ClusterSource) {
	cluster, named := source.Missing(t)
	_, err := cluster.Each(t.Context(), &Collected{})
	require.ErrorContains(t, err, named)
}
