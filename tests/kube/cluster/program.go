package cluster

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
)

// ProgramOf is the path of a program that `make build` builds.
func ProgramOf(t *testing.T, name string) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	program := filepath.Join(filepath.Dir(here), "..", "..", "..", "bin", name)
	require.FileExists(t, program, "run `make build`")
	return program
}

// At is a cluster that something else runs, by its administrator's kubeconfig.
func At(t *testing.T, kubeconfig string) *Cluster {
	t.Helper()
	program, err := built()
	require.NoError(t, err)
	return &Cluster{KubeAddress: devstack.KubeAddress{Kubeconfig: kubeconfig, Folder: t.TempDir()}, program: program}
}

// Served is a program that serves until it is told to stop.
type Served struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	done   chan struct{}
	err    error
}

// Serve starts a program, and kills it at the test's end if it still runs then.
func Serve(t *testing.T, program string, args ...string) *Served {
	t.Helper()
	s := &Served{cmd: exec.Command(program, args...), done: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	require.NoError(t, s.cmd.Start())
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.done
		if t.Failed() {
			t.Logf("%v said: %s", args, s.output.String())
		}
	})
	return s
}

// stopPatience bounds a stop in order.
const stopPatience = time.Minute

// Stop interrupts the program as a person does and requires that it ends in order.
func (s *Served) Stop(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGINT))
	select {
	case <-s.done:
		require.NoError(t, s.err)
	case <-time.After(stopPatience):
		require.Fail(t, "the program does not stop")
	}
}

// Appears waits until the program has written a file.
func (s *Served) Appears(t *testing.T, path string) {
	t.Helper()
	require.Eventually(t, func() bool {
		select {
		case <-s.done:
			require.Fail(t, "the program ended", "%v", s.err)
		default:
		}
		_, err := os.Stat(path)
		return err == nil
	}, 3*time.Minute, 100*time.Millisecond, "%s appears", path)
}

// Output runs a program to its end, which must be a success, and returns its standard output.
func Output(t *testing.T, program string, args ...string) string {
	t.Helper()
	var failure bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stderr = &failure
	out, err := cmd.Output()
	require.NoError(t, err, failure.String())
	return string(out)
}
