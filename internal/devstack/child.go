package devstack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// stopPatience is how long a stack may take to stop before it is killed. It stops in two to four seconds.
const stopPatience = 20 * time.Second

// Options tell how to start a stack.
type Options struct {
	Program string   // path of the built cmd/devstack
	Folder  string   // keeps history and objects; made when it is missing
	Env     []string // added to this process's environment

	// Ports to listen on; zero picks a free one.
	TemporalPort, UIPort, S3Port int
}

// Child is a running stack. It ends with this process, however this process ends.
type Child struct {
	*program
	Address Address
}

// Start runs the stack and returns when its servers answer. When the context ends first, the child is stopped. The error of a
// stack that does not start is what it printed: one sentence.
func Start(ctx context.Context, o Options) (*Child, error) {
	args := []string{"--json", "--exit-with-parent", "--dir", o.Folder,
		"--temporal-port", strconv.Itoa(o.TemporalPort), "--ui-port", strconv.Itoa(o.UIPort), "--s3-port", strconv.Itoa(o.S3Port)}
	c := &Child{}
	var err error
	c.program, err = startProgram(ctx, o.Program, args, o.Env, &c.Address)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// program is a running program that prints one JSON line when it is ready, and ends when its standard input closes.
type program struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *tail
	done   chan struct{}
	err    error // of Wait; valid once done is closed
	once   sync.Once
}

// startProgram starts a program and reads its line into address.
func startProgram(ctx context.Context, path string, args, env []string, address any) (*program, error) {
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	c := &program{cmd: cmd, stderr: &tail{}, done: make(chan struct{})}
	cmd.Stderr = c.stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	c.stdin = stdin
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	line := make(chan []byte, 1)
	go c.follow(stdout, line)
	if err := c.ready(ctx, line, address); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// follow hands on the first line and waits for the end; all output must be read before Wait.
func (c *program) follow(stdout io.Reader, line chan<- []byte) {
	r := bufio.NewReader(stdout)
	first, _ := r.ReadBytes('\n')
	line <- first
	_, _ = io.Copy(io.Discard, r)
	c.err = c.cmd.Wait()
	close(c.done)
}

func (c *program) ready(ctx context.Context, line <-chan []byte, address any) error {
	select {
	case first := <-line:
		if len(bytes.TrimSpace(first)) == 0 {
			<-c.done
			return c.failure()
		}
		if err := json.Unmarshal(first, address); err != nil {
			return fmt.Errorf("read the address line of %s: %w", c.cmd.Path, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for %s: %w", c.cmd.Path, context.Cause(ctx))
	}
}

func (c *program) failure() error {
	if text := c.stderr.last(); text != "" {
		return fmt.Errorf("%s", strings.TrimPrefix(text, filepath.Base(c.cmd.Path)+": "))
	}
	return fmt.Errorf("%s ended before it was ready: %w", c.cmd.Path, c.err)
}

// Done is closed when the child has ended, by itself or stopped.
func (c *program) Done() <-chan struct{} { return c.done }

// Stop ends the program in order and waits for it; one that does not end in 20 seconds is killed. Stop workers first: they
// would complain about the missing server. Stop may be called more than once.
func (c *program) Stop() error {
	c.once.Do(func() {
		c.stdin.Close()
		select {
		case <-c.done:
		case <-time.After(stopPatience):
			c.cmd.Process.Kill()
			<-c.done
		}
	})
	if c.err != nil {
		return fmt.Errorf("stop %s: %w", c.cmd.Path, c.err)
	}
	return nil
}

// tail keeps the end of what was written.
type tail struct {
	mu  sync.Mutex
	raw []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 16 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.raw = append(t.raw, p...)
	t.raw = t.raw[max(0, len(t.raw)-most):]
	return len(p), nil
}

// last is the last line that is not empty.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(string(t.raw))
	return text[strings.LastIndex(text, "\n")+1:]
}
