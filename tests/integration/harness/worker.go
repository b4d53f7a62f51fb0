package harness

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/worker"
)

// Worker runs a worker of the env in this process until stop is called or the test ends; wrap may replace its ports.
func (e *Env) Worker(t *testing.T, wrap func(*worker.Ports)) (stop func()) {
	t.Helper()
	w, err := worker.New(worker.Options{
		Config: &e.Config, Client: e.Client, Bucket: e.Bucket, Tool: evidence.Tool{Name: "probity", Version: "dev"},
		Logger: slog.New(slog.DiscardHandler), Wrap: wrap,
	})
	require.NoError(t, err)
	// The test's own context ends before its clean-up runs, and the worker must outlive the gates that are opened there.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			for _, gate := range e.gates {
				gate.Open()
			}
			cancel()
			require.NoError(t, <-ended)
		})
	}
	t.Cleanup(stop)
	return stop
}

// Process is a worker in a process of its own.
type Process struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	done   chan struct{}
}

// Process starts `probity worker` with a configuration file.
func (e *Env) Process(t *testing.T, config string) *Process {
	t.Helper()
	return e.Command(t, "worker", "--config", config)
}

// Output runs a command of the program to its end, whatever its exit code, and returns what it printed.
func (e *Env) Output(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), e.Program, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return string(out)
}

// Command starts a command of the program that serves until it is told to stop.
func (e *Env) Command(t *testing.T, args ...string) *Process {
	t.Helper()
	p := &Process{cmd: exec.Command(e.Program, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	// A name of their own for temporary files, so that a killed worker leaves nothing elsewhere.
	p.cmd.Env = append(os.Environ(), "TMPDIR="+e.Config.Worker.Scratch)
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%v said: %s", args, p.output.String())
		}
	})
	return p
}

// Kill ends the process with SIGKILL: nothing in it learns of it.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Ended is closed when the process is no more.
func (p *Process) Ended() <-chan struct{} { return p.done }
