package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/probity/probity/internal/devstack"
)

// Cluster is a running API server.
type Cluster struct {
	devstack.KubeAddress

	child   *devstack.KubeChild
	program string
}

// startPatience bounds the start, on a machine that does much else.
const startPatience = 3 * time.Minute

// Start runs an API server for one test, and stops it at the test's end. Program and Folder of the options are filled in.
func Start(t *testing.T, o devstack.KubeOptions) *Cluster {
	t.Helper()
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	c, err := start(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.child.Stop()) })
	return c
}

func start(o devstack.KubeOptions) (*Cluster, error) {
	program, err := built()
	if err != nil {
		return nil, err
	}
	o.Program = program
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	child, err := devstack.StartKube(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Cluster{KubeAddress: child.Address, child: child, program: program}, nil
}

func built() (string, error) {
	program := os.Getenv("PROBITY_KUBESTACK")
	if program == "" {
		_, here, _, _ := runtime.Caller(0)
		program = filepath.Join(filepath.Dir(here), "..", "..", "..", "bin", "kubestack")
	}
	if _, err := os.Stat(program); err != nil {
		return "", errors.New("the API server for tests is not built: run `make build-kube`")
	}
	return program, nil
}

var shared struct {
	sync.Mutex
	cluster *Cluster
	folder  string
}

// Shared is the API server of the package's tests, with controllers, a scheduler and kwok's nodes; it is started when the first test asks
// for it. Tests use namespaces and names of their own.
func Shared(t *testing.T) *Cluster {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		folder, err := os.MkdirTemp("", "probity-kube-") //nolint:usetesting // it outlives this test
		require.NoError(t, err)
		shared.folder = folder
		shared.cluster, err = start(devstack.KubeOptions{Folder: folder, Controllers: true, Kwok: 3})
		require.NoError(t, err)
	}
	return shared.cluster
}

// Stop stops the shared API server, if it was started: TestMain calls it after the tests.
func Stop() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		return nil
	}
	err := shared.cluster.child.Stop()
	shared.cluster = nil
	return errors.Join(err, os.RemoveAll(shared.folder))
}

// StopNow stops a cluster of a test's own before the test ends.
func (c *Cluster) StopNow(t *testing.T) {
	t.Helper()
	require.NoError(t, c.child.Stop())
}

// Config connects as the administrator, or as one of the users that were asked for.
func (c *Cluster) Config(t *testing.T, user ...string) *rest.Config {
	t.Helper()
	path := c.Kubeconfig
	if len(user) > 0 {
		path = c.Users[user[0]]
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	require.NoError(t, err)
	config.QPS, config.Burst = 1000, 2000
	return config
}

// Kubectl runs a command that must succeed and returns what it printed.
func (c *Cluster) Kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.run(t, "", args...)
	require.NoError(t, err, "kubectl %s", strings.Join(args, " "))
	return out
}

// Try runs a command that may fail.
func (c *Cluster) Try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return c.run(t, "", args...)
}

// Refused runs a command that must fail and returns what it said.
func (c *Cluster) Refused(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.run(t, "", args...)
	require.Error(t, err, "kubectl %s succeeded: %s", strings.Join(args, " "), out)
	return err.Error()
}

// Apply applies manifests, YAML or JSON.
func (c *Cluster) Apply(t *testing.T, manifests string, args ...string) string {
	t.Helper()
	out, err := c.run(t, manifests, append([]string{"apply", "-f", "-"}, args...)...)
	require.NoError(t, err)
	return out
}

// ApplyRefused applies manifests that must be refused and returns what was said.
func (c *Cluster) ApplyRefused(t *testing.T, manifests string, args ...string) string {
	t.Helper()
	out, err := c.run(t, manifests, append([]string{"apply", "-f", "-"}, args...)...)
	require.Error(t, err, "applied: %s", out)
	return err.Error()
}

func (c *Cluster) run(t *testing.T, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(t.Context(), c.program, append([]string{"kubectl", "--kubeconfig", c.Kubeconfig}, args...)...)
	// A home of its own: kubectl caches what it discovers, and kinds come and go in tests.
	cmd.Env = append(os.Environ(), "HOME="+c.Folder, "KUBECACHEDIR="+filepath.Join(c.Folder, "kubectl"))
	cmd.Stdin = strings.NewReader(stdin)
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, failure.String())
	}
	return out.String(), nil
}

// Program is the path of the built API server.
func Program(t *testing.T) string {
	t.Helper()
	program, err := built()
	require.NoError(t, err)
	return program
}
