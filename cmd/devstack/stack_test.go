package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/devstack"
)

// asStack makes the test's own program be devstack, so that the tests need no other program built.
const asStack = "DEVSTACK_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asStack) != "" {
		main()
		return
	}
	code := m.Run()
	if shared.child != nil {
		shared.child.Stop()
		os.RemoveAll(shared.folder)
	}
	os.Exit(code)
}

var shared struct {
	once   sync.Once
	child  *devstack.Child
	folder string
	err    error
}

// running is a stack that tests share.
func running(t *testing.T) devstack.Address {
	t.Helper()
	shared.once.Do(func() {
		if shared.folder, shared.err = os.MkdirTemp("", "devstack-test-"); shared.err == nil {
			shared.child, shared.err = start(context.Background(), shared.folder)
		}
	})
	require.NoError(t, shared.err)
	return shared.child.Address
}

func start(ctx context.Context, folder string) (*devstack.Child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return devstack.Start(ctx, devstack.Options{Program: self, Folder: folder, Env: []string{asStack + "=1"}})
}

func startOwn(t *testing.T, folder string) *devstack.Child {
	t.Helper()
	child, err := start(t.Context(), folder)
	require.NoError(t, err)
	t.Cleanup(func() { child.Stop() })
	return child
}

func dial(t *testing.T, a devstack.Address) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: a.Temporal, Namespace: a.Namespace})
	require.NoError(t, err)
	return c
}

func bucket(t *testing.T, a devstack.Address) *blob.S3 {
	t.Helper()
	b, err := blob.NewS3(t.Context(), blob.Options{
		Bucket: a.S3.Bucket, Endpoint: a.S3.Endpoint, Region: a.S3.Region, PathStyle: true, AccessKey: a.S3.AccessKey, SecretKey: a.S3.SecretKey,
	})
	require.NoError(t, err)
	return b
}

func echo(_ workflow.Context, text string) (string, error) { return text, nil }

// runEcho runs one workflow with all of Probity's search attributes, set at its start.
func runEcho(t *testing.T, c client.Client, id string) {
	t.Helper()
	end := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	w := worker.New(c, "echo", worker.Options{})
	w.RegisterWorkflowWithOptions(echo, workflow.RegisterOptions{Name: "Echo"})
	require.NoError(t, w.Start())
	defer w.Stop()
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: "echo",
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("GlobalReport").ValueSet(id),
			temporal.NewSearchAttributeKeyKeyword("ReportType").ValueSet("inventory"),
			temporal.NewSearchAttributeKeyKeyword("ReportTrigger").ValueSet("scheduled"),
			temporal.NewSearchAttributeKeyTime("ReportStart").ValueSet(end.AddDate(0, 0, -1)),
			temporal.NewSearchAttributeKeyTime("ReportEnd").ValueSet(end),
		),
	}, "Echo", id)
	require.NoError(t, err)
	var got string
	require.NoError(t, run.Get(t.Context(), &got))
	require.Equal(t, id, got)
}

// find counts closed workflows by a query; the server's index may be a moment late.
func find(t *testing.T, c client.Client, query string) {
	t.Helper()
	require.Eventually(t, func() bool {
		n, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		return err == nil && n.Count == 1
	}, 20*time.Second, 50*time.Millisecond, query)
}

func TestWorkflowsAreFoundByTheirAttributes(t *testing.T) {
	c := dial(t, running(t))
	defer c.Close()
	runEcho(t, c, "attributes")
	for _, query := range []string{
		`GlobalReport = 'attributes'`,
		`GlobalReport = 'attributes' AND ReportType = 'inventory' AND ReportTrigger = 'scheduled'`,
		// On SQLite "=" and "<=" never match the very time, so a time is asked for as a span of a second.
		`GlobalReport = 'attributes' AND ReportStart >= '2026-11-21T00:00:00Z' AND ReportStart < '2026-11-21T00:00:01Z'`,
		`GlobalReport = 'attributes' AND ReportEnd >= '2026-11-22T00:00:00Z' AND ReportEnd < '2026-11-22T00:00:01Z'`,
		`GlobalReport = 'attributes' AND ExecutionStatus = 'Completed'`,
	} {
		find(t, c, query)
	}
}

func TestAttributesCanBeUsedAtOnce(t *testing.T) {
	child := startOwn(t, t.TempDir())
	c := dial(t, child.Address)
	defer c.Close()
	runEcho(t, c, "first")
	find(t, c, `GlobalReport = 'first'`)
}

func TestHistoryIsKeptForThirtyDays(t *testing.T) {
	c := dial(t, running(t))
	defer c.Close()
	d, err := c.WorkflowService().DescribeNamespace(t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
	require.NoError(t, err)
	require.Equal(t, 30*24*time.Hour, d.Config.WorkflowExecutionRetentionTtl.AsDuration())
}

func TestTheUIShowsTheNamespace(t *testing.T) {
	a := running(t)
	for path, says := range map[string]string{"/": "<html", "/api/v1/namespaces/default": "NAMESPACE_STATE_REGISTERED"} {
		t.Run(path, func(t *testing.T) {
			answer, err := http.Get(a.UI + path)
			require.NoError(t, err)
			defer answer.Body.Close()
			require.Equal(t, http.StatusOK, answer.StatusCode)
			raw := new(strings.Builder)
			require.NoError(t, answer.Write(raw))
			require.Contains(t, raw.String(), says)
		})
	}
}

func TestARestartKeepsHistoryAndObjects(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "by", "devstack")
	child := startOwn(t, folder)
	first := child.Address
	c := dial(t, first)
	runEcho(t, c, "kept")
	c.Close()
	require.NoError(t, bucket(t, first).PutIfAbsent(t.Context(), "reports/kept/manifest.json", strings.NewReader("{}")))
	require.NoError(t, child.Stop())

	child = startOwn(t, folder)
	require.Equal(t, first.S3.SecretKey, child.Address.S3.SecretKey)
	c = dial(t, child.Address)
	defer c.Close()
	find(t, c, `GlobalReport = 'kept' AND ExecutionStatus = 'Completed'`)
	var got string
	require.NoError(t, c.GetWorkflow(t.Context(), "kept", "").Get(t.Context(), &got))
	require.Equal(t, "kept", got)
	b := bucket(t, child.Address)
	require.ErrorIs(t, b.PutIfAbsent(t.Context(), "reports/kept/manifest.json", strings.NewReader("{}")), blob.ErrExists)
	o, err := b.Head(t.Context(), "reports/kept/manifest.json")
	require.NoError(t, err)
	require.EqualValues(t, 2, o.Bytes)
	runEcho(t, c, "after the restart")
}

func TestAKilledStackKeepsWhatItHad(t *testing.T) {
	folder := t.TempDir()
	child := startOwn(t, folder)
	c := dial(t, child.Address)
	runEcho(t, c, "kept")
	c.Close()
	require.NoError(t, bucket(t, child.Address).Put(t.Context(), "a", strings.NewReader("x")))
	require.NoError(t, syscall.Kill(child.Address.PID, syscall.SIGKILL))
	<-child.Done()
	child = startOwn(t, folder)
	c = dial(t, child.Address)
	defer c.Close()
	find(t, c, `GlobalReport = 'kept'`)
	_, err := bucket(t, child.Address).Head(t.Context(), "a")
	require.NoError(t, err)
}

func TestOnlyTheOwnerCanReadTheKeys(t *testing.T) {
	a := running(t)
	info, err := os.Stat(a.S3.CredentialsFile)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	raw, err := os.ReadFile(a.S3.CredentialsFile)
	require.NoError(t, err)
	require.Contains(t, string(raw), a.S3.SecretKey)
	t.Run("AWS tools read them", func(t *testing.T) {
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", a.S3.CredentialsFile)
		for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} {
			t.Setenv(name, "")
			require.NoError(t, os.Unsetenv(name))
		}
		b, err := blob.NewS3(t.Context(), blob.Options{Bucket: a.S3.Bucket, Endpoint: a.S3.Endpoint, PathStyle: true})
		require.NoError(t, err)
		require.NoError(t, b.Check(t.Context()))
	})
}

func TestSignalsStopIt(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			child := startOwn(t, t.TempDir())
			require.NoError(t, syscall.Kill(child.Address.PID, signal))
			<-child.Done()
			require.NoError(t, child.Stop(), "exit code 0")
			_, err := net.Dial("tcp", child.Address.Temporal)
			require.Error(t, err)
		})
	}
}

func TestItSaysWhyItDoesNotStart(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	port := busy.Addr().(*net.TCPAddr).Port
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, c := range map[string]struct {
		o    devstack.Options
		says string
	}{
		"Temporal port taken": {devstack.Options{TemporalPort: port}, fmt.Sprintf("Temporal port %d is taken (address already in use): stop what listens there, or use another one with --temporal-port", port)},
		"UI port taken":       {devstack.Options{UIPort: port}, fmt.Sprintf("UI port %d is taken", port)},
		"S3 port taken":       {devstack.Options{S3Port: port}, "--s3-port"},
		"no port":             {devstack.Options{S3Port: 70000}, "S3 port 70000 is not a port: use 0 to 65535 with --s3-port"},
		"folder is a file":    {devstack.Options{Folder: file}, "make folder " + file + ": not a directory"},
		"below a file":        {devstack.Options{Folder: filepath.Join(file, "x")}, "not a directory"},
		"read-only place":     {devstack.Options{Folder: "/proc/devstack"}, "make folder /proc/devstack"},
		"folder in use":       {devstack.Options{Folder: running(t).Folder}, "is in use by another devstack"},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Program, c.o.Env = self, []string{asStack + "=1"}
			if c.o.Folder == "" {
				c.o.Folder = t.TempDir()
			}
			_, err := devstack.Start(t.Context(), c.o)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}
