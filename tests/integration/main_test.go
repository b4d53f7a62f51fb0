package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/workflows"
)

// stack is what all tests share.
var stack *harness.Stack

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	// The tests wait for servers most of the time, whatever the number of cores.
	if err := flag.Set("test.parallel", "10"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var err error
	stack, err = harness.Start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := stack.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// patience bounds every wait: it is reached only when something is broken.
const patience = 2 * time.Minute

const tick = 20 * time.Millisecond

// waiting is a context that ends when patience does.
func waiting() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, tick, what)
}

// start runs a report by hand.
func start(t *testing.T, e *harness.Env, def *definitions.Entry, iv interval.Interval) client.WorkflowRun {
	t.Helper()
	run, err := e.Runs().Report(t.Context(), def.Definition, def.Raw, iv, "tester")
	require.NoError(t, err)
	return run
}

// finish waits for a report that must succeed.
func finish(t *testing.T, run client.WorkflowRun) workflows.ReportResult {
	t.Helper()
	var result workflows.ReportResult
	require.NoError(t, run.Get(t.Context(), &result))
	return result
}

// outcomes reads a report's outcome records, newest interval first.
func outcomes(t *testing.T, e *harness.Env, name string) []evidence.Outcome {
	t.Helper()
	found, err := e.Catalogue.Outcomes(t.Context(), name)
	require.NoError(t, err)
	return found
}

// attempts counts the attempts of each step of a run that has ended.
func attempts(t *testing.T, e *harness.Env, run client.WorkflowRun) map[string]int {
	t.Helper()
	history, err := e.History(t.Context(), run.GetID(), run.GetRunID())
	require.NoError(t, err)
	return harness.Attempts(history)
}
