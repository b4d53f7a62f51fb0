package kube

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
	"github.com/probity/probity/tests/kube/cluster"
)

// writers change objects of a few names as fast as they can until stop is called: names are taken again and again, so that a
// change which is lost or taken twice shows.
type writers struct {
	client kubernetes.Interface
	stop   atomic.Bool // requests under way are finished: of one that is given up nobody knows whether it was done
	done   sync.WaitGroup
	errs   chan error
}

const raceSpace = "snapshot-race"

func startWriters(t *testing.T, client kubernetes.Interface, parallel int) *writers {
	t.Helper()
	w := &writers{client: client, errs: make(chan error, parallel)}
	for n := range parallel {
		w.done.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			for !w.stop.Load() {
				if err := w.write(t.Context(), random); err != nil {
					w.errs <- err
					return
				}
			}
		})
	}
	return w
}

func (w *writers) end(t *testing.T) {
	t.Helper()
	w.stop.Store(true)
	w.done.Wait()
	close(w.errs)
	for err := range w.errs {
		require.NoError(t, err)
	}
}

func (w *writers) write(ctx context.Context, random *rand.Rand) error {
	name := fmt.Sprintf("name-%02d", random.IntN(40))
	pods, policies := w.client.CoreV1().Pods(raceSpace), w.client.NetworkingV1().NetworkPolicies(raceSpace)
	now, label := int64(0), fmt.Sprint(random.IntN(1000))
	patch := []byte(`{"metadata":{"labels":{"app":"` + label + `"}}}`)
	var err error
	switch random.IntN(7) {
	case 0, 1:
		_, err = pods.Create(ctx, podOf(raceSpace, name, map[string]string{"app": label}), metav1.CreateOptions{})
	case 2:
		err = pods.Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	case 3:
		_, err = pods.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	case 4:
		_, err = policies.Create(ctx, &networkingv1.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": label}}},
		}, metav1.CreateOptions{})
	case 5:
		err = policies.Delete(ctx, name, metav1.DeleteOptions{})
	case 6:
		_, err = w.client.CoreV1().Namespaces().Patch(ctx, raceSpace, types.MergePatchType, patch, metav1.PatchOptions{})
	}
	if apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// snapshotTaken is one snapshot, read.
type snapshotTaken struct {
	objects []*resource.Object
	listing activities.ClusterListing
}

func takeOne(t *testing.T, c *cluster.Cluster) snapshotTaken {
	t.Helper()
	collected, listing := snapshotOf(t, c.Config(t))
	return snapshotTaken{objectsOf(t, collected), listing}
}

func objectsOf(t *testing.T, c *porttest.Collected) []*resource.Object {
	t.Helper()
	var all []*resource.Object
	for _, lines := range c.Kinds {
		for _, line := range lines {
			obj, err := resource.Read([]byte(line))
			require.NoError(t, err)
			all = append(all, obj)
		}
	}
	return all
}

// replayed is what the product makes of a snapshot and the audit log after it, up to a later one: the differences.
func replayed(t *testing.T, logs []string, first, last snapshotTaken) []timeline.Difference {
	t.Helper()
	span := interval.Interval{Start: first.listing.Complete, End: last.listing.Complete.Add(time.Second)}
	var facts []audit.Facts
	var runs []io.Reader
	for _, dir := range logs {
		log := &logfile.AuditLog{Dir: dir}
		parts, err := log.Partitions(t.Context(), first.listing.At, span.End)
		require.NoError(t, err)
		for _, part := range parts {
			collector := audit.NewCollector(audit.CollectorOptions{From: first.listing.At, Interval: span})
			_, err := log.Read(t.Context(), part, collector.AddLine)
			require.NoError(t, err)
			var run bytes.Buffer
			found, err := collector.Encode(&run)
			require.NoError(t, err)
			facts, runs = append(facts, found), append(runs, &run)
		}
	}
	merged := audit.Merge(facts, runs)
	state, err := timeline.New(timeline.Options{Interval: span})
	require.NoError(t, err)
	for _, obj := range first.objects {
		require.NoError(t, state.Baseline(obj))
	}
	for {
		entry, ok, err := merged.Next()
		require.NoError(t, err)
		if !ok || entry.Time.After(last.listing.Complete) {
			break
		}
		for _, change := range entry.Changes {
			require.NoError(t, state.Apply(change))
		}
	}
	return state.Diff(slices.Values(last.objects))
}

// TestSnapshotsWhileWritersRace: a snapshot that is taken while objects change, and the audit log from its time on, give what a
// fresh list shows once the writers rest. Nothing is lost, and nothing is taken twice.
func TestSnapshotsWhileWritersRace(t *testing.T) {
	server := cluster.Start(t, devstack.KubeOptions{})
	client := clientOf(t, server)
	makeSpace(t, client, raceSpace)
	for i := range 700 { // a list of pods takes two pages
		_, err := client.CoreV1().Pods(raceSpace).Create(t.Context(), podOf(raceSpace, fmt.Sprintf("old-%04d", i), nil), metav1.CreateOptions{})
		require.NoError(t, err)
	}
	writers := startWriters(t, client, 4)
	var during []snapshotTaken
	for range 12 {
		during = append(during, takeOne(t, server))
	}
	writers.end(t)
	last := takeOne(t, server)
	versions := map[string]bool{}
	for i, snapshot := range during {
		version := snapshot.listing.Kinds["core.pods"].Version
		versions[version] = true
		require.Equal(t, version, snapshot.listing.Kinds["networking.k8s.io.networkpolicies"].Version)
		require.Empty(t, replayed(t, server.AuditLogs, snapshot, last), "from snapshot %d, of version %s", i, version)
	}
	require.Greater(t, len(versions), 6, "the writers were at work meanwhile")

	t.Run("and without the log they differ", func(t *testing.T) {
		require.NotEmpty(t, replayed(t, nil, during[0], last))
	})
}
