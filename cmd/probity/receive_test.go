package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/internal/receive/receivetest"
	"github.com/probity/probity/tests/certtest"
)

// receiverProcess is `probity receive` in a process of its own.
type receiverProcess struct {
	cmd *exec.Cmd
	url string
}

// startReceiver starts this test's own program under the name probity, and waits until it listens.
func startReceiver(t *testing.T, authority *certtest.Authority, folder string) *receiverProcess {
	t.Helper()
	cert, key := authority.Issue(t, "receiver")
	self, err := os.Executable()
	require.NoError(t, err)
	p := &receiverProcess{cmd: exec.Command(self)}
	p.cmd.Args = []string{
		"probity", "receive", "--receive-address", "127.0.0.1:0", "--receive-folder", folder, "--receive-file-age", "1s",
		"--receive-cert-file", cert, "--receive-key-file", key, "--receive-client-ca-file", authority.CAFile, "--log-format", "json",
	}
	log, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(log)
	for p.url == "" && lines.Scan() {
		var said struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &said) == nil && said.Msg == "receiving flows" {
			p.url = "https://" + said.Address + receive.Path
		}
	}
	require.NotEmpty(t, p.url, "it listens")
	go func() {
		for lines.Scan() { // so that it can go on writing
		}
	}()
	return p
}

// kill ends the process at once, as a node that loses its power does.
func (p *receiverProcess) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	require.Error(t, p.cmd.Wait())
}

func TestKilledReceiverLosesNothing(t *testing.T) {
	const senders, pushes, kills = 3, 40, 4
	authority, folder := certtest.NewAuthority(t), t.TempDir()
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	body := func(sender, i int) string { return receivetest.Flows(fmt.Sprintf("pod%d-%d", sender, i), start, 1+i%9) }

	var url atomic.Value
	process := startReceiver(t, authority, folder)
	url.Store(process.url)
	acknowledged := make(chan struct{}, senders*pushes)
	var group sync.WaitGroup
	for sender := range senders {
		client := authority.Client(t, "goldmane", authority)
		group.Go(func() {
			for i := range pushes {
				for { // as the emitter, the same bytes until they are taken
					response, _, err := receivetest.Push(t.Context(), client, url.Load().(string), body(sender, i))
					if err == nil && response.StatusCode == 200 {
						break
					}
					if t.Context().Err() != nil {
						return
					}
				}
				acknowledged <- struct{}{}
			}
		})
	}
	for range kills {
		for range senders * pushes / (kills + 1) {
			<-acknowledged
		}
		process.kill(t)
		process = startReceiver(t, authority, folder)
		url.Store(process.url)
	}
	group.Wait()
	require.NoError(t, process.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, process.cmd.Wait(), "it stops gracefully, with code 0")

	text := everything(t, folder)
	want := 0
	for sender := range senders {
		for i := range pushes {
			require.Equal(t, 1, strings.Count(text, body(sender, i)+"\n"), "pod%d-%d whole, and once", sender, i)
			want += 1 + i%9
		}
	}
	log, err := logfile.NewFlowLog(logfile.FlowLogOptions{Dir: folder})
	require.NoError(t, err)
	hour := interval.Interval{Start: start, End: start.Add(time.Hour)}
	parts, err := log.Partitions(t.Context(), hour)
	require.NoError(t, err)
	reducer := flow.NewReducer(flow.Options{Interval: hour})
	for _, part := range parts {
		_, err := log.Reduce(t.Context(), part, reducer)
		require.NoError(t, err)
	}
	require.EqualValues(t, want, reducer.Stats().Used)
	require.EqualValues(t, want, reducer.Stats().Lines, "and nothing else is in the log")
}

// everything is what the files of a folder hold, hidden ones left out.
func everything(t *testing.T, folder string) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		data, err := os.ReadFile(path)
		text.Write(data)
		return err
	}))
	return text.String()
}
