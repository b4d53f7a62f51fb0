package kube

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// startSteadyWriters change objects of their own: unlike those of startWriters, none of their requests is refused.
func startSteadyWriters(t *testing.T, client kubernetes.Interface, parallel int) *writers {
	t.Helper()
	w := &writers{client: client, errs: make(chan error, parallel)}
	for n := range parallel {
		w.done.Go(func() {
			for round := 0; !w.stop.Load(); round++ {
				if err := w.life(t.Context(), fmt.Sprintf("steady-%d-%d", n, round)); err != nil {
					w.errs <- err
					return
				}
			}
		})
	}
	return w
}

// life creates a pod, changes it a few times and deletes it.
func (w *writers) life(ctx context.Context, name string) error {
	pods, now := w.client.CoreV1().Pods(raceSpace), int64(0)
	if _, err := pods.Create(ctx, podOf(raceSpace, name, map[string]string{"app": "none"}), metav1.CreateOptions{}); err != nil {
		return err
	}
	for change := range 8 {
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{"app":"%d"}}}`, change)
		if _, err := pods.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return err
		}
	}
	return pods.Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: &now})
}
