package harness

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/sample"
	"github.com/probity/probity/starter"
)

// Day is the sample's day; its digests are the same wherever and whenever the tests run.
var Day = interval.Interval{
	Start: time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC),
	End:   time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC),
}

// Stack is what all tests of a package share: the servers and the sample.
type Stack struct {
	Address devstack.Address
	Client  client.Client
	// Root is the folder of the module, Program the built command line, Devstack the built servers.
	Root, Program, Devstack string
	// Sample is the folder with the sample's inputs, Story what its reports must say.
	Sample string
	Story  []sample.Event

	child  *devstack.Child
	folder string
}

// Start starts the servers and writes the sample. The error of a program that is not built says how to build it.
func Start(ctx context.Context) (*Stack, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	s := &Stack{Root: root}
	if s.Program, err = built("PROBITY_PROGRAM", filepath.Join(root, "bin", "probity")); err != nil {
		return nil, err
	}
	if s.Devstack, err = built("PROBITY_DEVSTACK", filepath.Join(root, "bin", "devstack")); err != nil {
		return nil, err
	}
	if s.folder, err = os.MkdirTemp("", "probity-integration-"); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	var err error
	s.child, err = devstack.Start(ctx, devstack.Options{Program: s.Devstack, Folder: filepath.Join(s.folder, "state")})
	if err != nil {
		return err
	}
	s.Address = s.child.Address
	s.Client, err = client.Dial(client.Options{
		HostPort: s.Address.Temporal, Namespace: s.Address.Namespace, Identity: identity, WorkerHeartbeatInterval: starter.Heartbeat,
		Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("connect to Temporal: %w", err)
	}
	s.Sample = filepath.Join(s.folder, "sample")
	summary, err := sample.Generate(sample.Options{Seed: 1, Day: Day.Start}, folderOutput(s.Sample))
	s.Story = summary.Story
	return err
}

// Stop stops the servers and removes what they kept.
func (s *Stack) Stop() error {
	if s.Client != nil {
		s.Client.Close()
	}
	var err error
	if s.child != nil {
		err = s.child.Stop()
	}
	return errors.Join(err, os.RemoveAll(s.folder))
}

func built(variable, path string) (string, error) {
	if given := os.Getenv(variable); given != "" {
		path = given
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not built: run `make build`", path)
	}
	return path, nil
}

// moduleRoot is the nearest folder above the tests that has a go.mod.
func moduleRoot() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
	}
	return "", errors.New("find the module: no folder above has a go.mod")
}

type folderOutput string

func (f folderOutput) Create(name string) (io.WriteCloser, error) {
	path := filepath.Join(string(f), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &buffered{Writer: bufio.NewWriterSize(file, 1<<20), file: file}, nil
}

type buffered struct {
	*bufio.Writer
	file *os.File
}

func (b *buffered) Close() error { return errors.Join(b.Flush(), b.file.Close()) }
