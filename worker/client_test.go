package worker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/worker"
)

func TestNamespaceIsTheConnections(t *testing.T) {
	t.Setenv("TEMPORAL_CONFIG_FILE", t.TempDir()+"/none.toml")
	t.Setenv("TEMPORAL_NAMESPACE", "")
	require.Equal(t, "default", worker.Namespace(&config.Temporal{}))
	t.Setenv("TEMPORAL_NAMESPACE", "audit")
	require.Equal(t, "audit", worker.Namespace(&config.Temporal{}))
	require.Equal(t, "own", worker.Namespace(&config.Temporal{Namespace: "own"}))
}
