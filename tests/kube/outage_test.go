package kube

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/tests/integration/harness"
)

// cutOff is `probity starter` on lines that can be cut.
type cutOff struct {
	*life
	toServer, toTemporal *line
	starter              *harness.Process
}

func newCutOff(t *testing.T) *cutOff {
	t.Helper()
	l := newLife(t)
	host, err := url.Parse(l.server.Config(t).Host)
	require.NoError(t, err)
	c := &cutOff{life: l, toServer: newLine(t, host.Host), toTemporal: newLine(t, l.Address.Temporal)}
	raw, err := os.ReadFile(l.server.Kubeconfig)
	require.NoError(t, err)
	require.Contains(t, string(raw), host.Host)
	apart := *l.Env
	apart.Config.Kube.Config = filepath.Join(t.TempDir(), "kubeconfig")
	apart.Config.Kube.Namespace = "kube-system"
	apart.Config.Temporal.Address = c.toTemporal.address()
	require.NoError(t, os.WriteFile(apart.Config.Kube.Config, []byte(strings.ReplaceAll(string(raw), host.Host, c.toServer.address())), 0o600))
	c.starter = apart.Command(t, "starter", "--config", apart.WriteConfig(t, ""))

	c.server.Apply(t, manifestOf("stays", "0 3 * * *"))
	c.server.Apply(t, manifestOf("goes", "0 3 * * *"))
	c.scheduled(t, "stays", "0 3 * * *")
	c.scheduled(t, "goes", "0 3 * * *")
	return c
}

// away cuts a line, has the user change what there is, and mends the line after the outage.
func (c *cutOff) away(t *testing.T, line *line) {
	t.Helper()
	outage := soak(t)
	created := c.describe(t, "stays").Info.CreatedAt
	line.set(true)
	c.server.Apply(t, manifestOf("late", "0 4 * * *"))
	c.server.Apply(t, manifestOf("stays", "0 5 * * *"))
	c.server.Kubectl(t, "delete", "globalreport", "goes")
	select {
	case <-time.After(outage):
	case <-c.starter.Ended():
		require.Fail(t, "the starter gave up")
	}
	_, err := c.handle(t, "goes").Describe(t.Context())
	require.NoError(t, err, "nothing can have been done about it")

	line.set(false)
	began := time.Now()
	c.scheduled(t, "late", "0 4 * * *")
	c.scheduled(t, "stays", "0 5 * * *")
	require.Eventually(t, func() bool {
		_, err := c.handle(t, "goes").Describe(t.Context())
		return err != nil
	}, 2*time.Minute, 100*time.Millisecond, "its deletion is noticed")
	t.Logf("after %v away all was followed within %v", outage, time.Since(began).Round(time.Second))
	require.Equal(t, created, c.describe(t, "stays").Info.CreatedAt, "the same schedule all the time: what it knows is not lost")
}

// TestStarterIsCutOff: the starter's own process goes on when a server was away for longer than its lease.
func TestStarterIsCutOff(t *testing.T) {
	t.Run("from Temporal", func(t *testing.T) {
		t.Parallel()
		c := newCutOff(t)
		c.away(t, c.toTemporal)
	})
	t.Run("from the API server", func(t *testing.T) {
		t.Parallel()
		c := newCutOff(t)
		c.away(t, c.toServer)
	})
}
