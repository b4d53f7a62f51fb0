package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
)

// Server is a running OpenSearch server.
type Server struct {
	devstack.OpenSearchAddress

	// Client reaches the server; for one with users it signs in as the administrator.
	Client *http.Client

	child *devstack.OpenSearchChild
}

// startPatience bounds the start, on a machine that does much else.
const startPatience = 3 * time.Minute

// testHeap, in MiB, is enough for the tests' few documents; three servers may run at once.
const testHeap = 512

// Start runs a server for one test, and stops it at the test's end. Jars, Folder and Heap of the options are filled in where they are
// not given. A server that is started on the folder of another that has stopped has its documents.
func Start(t *testing.T, o devstack.OpenSearchOptions) *Server {
	t.Helper()
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	s, err := start(o)
	require.NoError(t, err)
	t.Cleanup(func() { s.cleanUp(t) })
	return s
}

// Child runs a server for a program that is no test.
func Child(o devstack.OpenSearchOptions) (*devstack.OpenSearchChild, error) {
	o.Jars, o.Heap = cmp.Or(o.Jars, jars(cmp.Or(os.Getenv("PROBITY_OPENSEARCH_VARIANT"), "plain"))), cmp.Or(o.Heap, testHeap)
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	return devstack.StartOpenSearch(ctx, o)
}

func start(o devstack.OpenSearchOptions) (*Server, error) {
	o.Brief = true
	child, err := Child(o)
	if err != nil {
		return nil, err
	}
	return &Server{OpenSearchAddress: child.Address, Client: cmp.Or(o.Client, http.DefaultClient), child: child}, nil
}

// jars is the folder of a variant of the server that `make build-opensearch` builds.
func jars(variant string) string {
	return filepath.Join(cmp.Or(os.Getenv("PROBITY_OPENSEARCH"), filepath.Join(bin(), "opensearch")), variant)
}

func bin() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "..", "bin")
}

// ProgramOf is the path of a program that `make build` builds.
func ProgramOf(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(bin(), name)
	require.FileExists(t, program, "run `make build`")
	return program
}

var shared struct {
	sync.Mutex
	server *Server
	folder string
}

// Shared is the server of the package's tests; it is started when the first test asks for it. Tests use indices with names of their own.
func Shared(t *testing.T) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		return shared.server
	}
	if given := os.Getenv("PROBITY_TEST_OPENSEARCH"); given != "" {
		shared.server = &Server{
			OpenSearchAddress: devstack.OpenSearchAddress{Address: strings.TrimSuffix(given, "/")}, Client: http.DefaultClient,
		}
		return shared.server
	}
	folder, err := os.MkdirTemp("", "probity-opensearch-") //nolint:usetesting // it outlives this test
	require.NoError(t, err)
	shared.folder = folder
	shared.server, err = start(devstack.OpenSearchOptions{Folder: folder})
	require.NoError(t, err)
	return shared.server
}

// Stop stops the shared server, if it was started: TestMain calls it after the tests.
func Stop() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil || shared.server.child == nil {
		return nil
	}
	err := shared.server.child.Stop()
	shared.server = nil
	return errors.Join(err, os.RemoveAll(shared.folder))
}

// StopNow stops a server of a test's own before the test ends.
func (s *Server) StopNow(t *testing.T) {
	t.Helper()
	require.NoError(t, s.child.Stop())
}

// Back starts a server on the address and the folder of one that is no more.
func (s *Server) Back(t *testing.T, folder string) *Server {
	t.Helper()
	var port int
	_, err := fmt.Sscanf(s.Address, "http://127.0.0.1:%d", &port)
	require.NoError(t, err)
	return Start(t, devstack.OpenSearchOptions{Folder: folder, Port: port})
}

// Kill ends a server of a test's own as a lost machine does, and waits until it is gone. What it had acknowledged stays in its folder.
func (s *Server) Kill(t *testing.T) {
	t.Helper()
	require.NoError(t, syscall.Kill(s.PID, syscall.SIGKILL))
	<-s.child.Done()
}

// cleanUp stops a server that the test has not ended itself.
func (s *Server) cleanUp(t *testing.T) {
	select {
	case <-s.child.Done():
		return
	default:
	}
	if err := s.child.Stop(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		log, _ := os.ReadFile(s.Log)
		t.Logf("OpenSearch said: %s", log[max(0, len(log)-4<<10):])
	}
}

// Gone tells whether a process has ended.
func Gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// String names the server in the messages of tests.
func (s *Server) String() string { return fmt.Sprintf("OpenSearch %s at %s", s.Version, s.Address) }
