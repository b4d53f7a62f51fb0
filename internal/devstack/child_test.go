package devstack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
)

// role makes the test's own program play the stack.
const role = "DEVSTACK_TEST_ROLE"

// addressOf is where the role of OpenSearch says that it is.
const addressOf = "DEVSTACK_TEST_ADDRESS"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "good":
		_ = json.NewEncoder(os.Stdout).Encode(devstack.Address{Temporal: "127.0.0.1:1", Folder: fmt.Sprint(os.Args[1:]), PID: os.Getpid()})
		_, _ = io.Copy(io.Discard, os.Stdin)
		if len(os.Args) > 4 {
			_ = os.WriteFile(filepath.Join(os.Args[4], "stopped"), nil, 0o600)
		}
	case "refuses":
		fmt.Fprintln(os.Stderr, "some noise\ndevstack: S3 port 9000 is taken")
		os.Exit(1)
	case "silent":
		os.Exit(3)
	case "garbage":
		fmt.Println("hello")
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "hangs":
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "opensearch":
		playOpenSearch()
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "opensearch ends":
		playOpenSearch()
		fmt.Fprintln(os.Stderr, "no space left on device")
		os.Exit(1)
	case "fails late":
		fmt.Println("{}")
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(4)
	}
}

func start(t *testing.T, ctx context.Context, as, folder string) (*devstack.Child, error) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return devstack.Start(ctx, devstack.Options{Program: self, Folder: folder, Env: []string{role + "=" + as}, UIPort: 8233})
}

func TestStartReadsTheAddressAndStopsInOrder(t *testing.T) {
	folder := t.TempDir()
	child, err := start(t, t.Context(), "good", folder)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1", child.Address.Temporal)
	require.NotEqual(t, os.Getpid(), child.Address.PID)
	require.Equal(t, fmt.Sprintf("[--json --exit-with-parent --dir %s --temporal-port 0 --ui-port 8233 --s3-port 0]", folder), child.Address.Folder)
	select {
	case <-child.Done():
		require.Fail(t, "the child ended by itself")
	default:
	}
	require.NoError(t, child.Stop())
	require.FileExists(t, filepath.Join(folder, "stopped"))
	<-child.Done()
	require.NoError(t, child.Stop(), "stopping twice is no error")
}

func TestStartTellsWhyItFailed(t *testing.T) {
	for as, says := range map[string]string{
		"refuses": "S3 port 9000 is taken",
		"silent":  "ended before it was ready: exit status 3",
		"garbage": "read the address line",
	} {
		t.Run(as, func(t *testing.T) {
			_, err := start(t, t.Context(), as, t.TempDir())
			require.ErrorContains(t, err, says)
			require.NotContains(t, err.Error(), "noise")
		})
	}
	t.Run("no program", func(t *testing.T) {
		_, err := devstack.Start(t.Context(), devstack.Options{Program: filepath.Join(t.TempDir(), "none")})
		require.ErrorContains(t, err, "none")
	})
	t.Run("not in time", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := start(t, ctx, "hangs", t.TempDir())
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestStopTellsOfAFailure(t *testing.T) {
	child, err := start(t, t.Context(), "fails late", t.TempDir())
	require.NoError(t, err)
	require.ErrorContains(t, child.Stop(), "exit status 4")
}
