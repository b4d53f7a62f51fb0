package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/tests/transcript"
	"github.com/probity/probity/worker"
)

// The transcripts of what the command line does with real servers. Each has an archive and a worker of its own; $CONFIG names
// both. A script's reports are in its folder reports.
func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		script string
		wrap   func(*worker.Ports)
	}{
		{script: "run"}, {script: "backfill"}, {script: "verify"}, {script: "failed", wrap: failing(1000)},
	} {
		t.Run(test.script, func(t *testing.T) {
			t.Parallel()
			runScript(t, test.script, test.wrap)
		})
	}
}

// Everything on one machine: `probity dev` has servers of its own.
func TestDevServesUntilItIsTold(t *testing.T) {
	t.Parallel()
	runScript(t, "dev", nil)
}

func runScript(t *testing.T, script string, wrap func(*worker.Ports)) {
	e := stack.Env(t)
	programs := t.TempDir()
	require.NoError(t, os.Symlink(e.Program, filepath.Join(programs, "probity")))
	testscript.Run(t, testscript.Params{
		Files: []string{filepath.Join("testdata", "script", script+".txtar")},
		Setup: func(env *testscript.Env) error {
			e.Config.Inputs.Reports = filepath.Join(env.WorkDir, "reports")
			env.Setenv("PATH", programs+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("CONFIG", e.WriteConfig(t, ""))
			env.Setenv("DEVSTACK", e.Devstack)
			env.Setenv("SAMPLE", e.Sample)
			e.Worker(t, wrap)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     transcript.Exits,
			"tamper":    func(ts *testscript.TestScript, _ bool, args []string) { tamper(ts, e, args) },
			"appears":   appears,
			"terminate": terminate,
		},
	})
}

// tamper adds a byte to an object of the archive, as someone with the right to write could: "tamper KEY".
func tamper(ts *testscript.TestScript, e *harness.Env, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: tamper KEY")
	}
	key := e.Layout.Key(args[0])
	ctx, cancel := waiting()
	defer cancel()
	body, err := e.Bucket.Get(ctx, key)
	ts.Check(err)
	defer body.Close()
	var content bytes.Buffer
	_, err = content.ReadFrom(body)
	ts.Check(err)
	content.WriteByte('\n')
	ts.Check(e.Bucket.Put(ctx, key, bytes.NewReader(content.Bytes())))
}

// terminate asks what runs in the background to stop, as a service manager does: "terminate".
func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// appears waits until a file is there: "appears FILE".
func appears(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: appears FILE")
	}
	ctx, cancel := waiting()
	defer cancel()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			ts.Fatalf("%s did not appear: %v", args[0], fmt.Errorf("wait: %w", ctx.Err()))
		}
	}
}

func TestScriptsAreAllRun(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".txtar"))
	}
	require.Equal(t, []string{"backfill", "dev", "failed", "run", "verify"}, names)
}
