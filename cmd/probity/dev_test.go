package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestServingEndsWithTheServers: of two servers, each ends what runs on them, and the cause names the log of the one that ended.
func TestServingEndsWithTheServers(t *testing.T) {
	for _, ends := range []string{"kube/logs", "stack.log"} {
		t.Run(ends, func(t *testing.T) {
			done := map[string]chan struct{}{"kube/logs": make(chan struct{}), "stack.log": make(chan struct{})}
			outer, cancel := endingWith(t.Context(), done["kube/logs"], "kube/logs")
			defer cancel()
			inner, cancel := endingWith(outer, done["stack.log"], "stack.log")
			defer cancel()
			require.NoError(t, inner.Err())
			close(done[ends])
			<-inner.Done()
			require.ErrorIs(t, context.Cause(inner), errStackEnded)
			require.ErrorContains(t, context.Cause(inner), ends)
		})
	}
}

func TestServingStoppedByAPersonHasNoCause(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	serving, cancel := endingWith(ctx, make(chan struct{}), "stack.log")
	defer cancel()
	stop()
	<-serving.Done()
	require.NotErrorIs(t, context.Cause(serving), errStackEnded)
}
