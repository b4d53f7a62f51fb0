package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"

	"github.com/probity/probity/internal/devstack"
)

// stack is what runs: the store in this process, everything else as children.
type stack struct {
	options  *options
	lock     *os.File
	keys     *keys
	users    []account
	store    *embed.Etcd
	children []*child // in the order in which they were started
	failed   chan error
	address  devstack.KubeAddress
}

// start runs everything and returns when the API server answers, and has what was asked for.
func start(ctx context.Context, o *options) (*stack, error) {
	s := &stack{options: o, failed: make(chan error, 8)}
	err := s.start(ctx)
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *stack) start(ctx context.Context) error {
	if err := s.open(); err != nil {
		return err
	}
	var err error
	if s.keys, err = openKeys(s.file("keys")); err != nil {
		return err
	}
	s.address = devstack.KubeAddress{Folder: s.options.dir, Logs: s.file("logs"), PID: os.Getpid(), Users: map[string]string{}}
	if s.users, err = s.prepareUsers(); err != nil {
		return err
	}
	if err := s.startStore(ctx); err != nil {
		return err
	}
	if err := s.startServers(ctx); err != nil {
		return err
	}
	if err := s.addUsers(); err != nil {
		return err
	}
	return s.startControllers(ctx)
}

func (s *stack) file(names ...string) string {
	return filepath.Join(append([]string{s.options.dir}, names...)...)
}

// open makes the folder and holds it.
func (s *stack) open() error {
	for _, name := range []string{"", "logs", "keys", "users"} {
		if err := os.MkdirAll(s.file(name), 0o700); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	var err error
	if s.lock, err = os.OpenFile(s.file("lock"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	if syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return fmt.Errorf("folder %s is in use by another kubestack: stop that one, or use another folder with --dir", s.options.dir)
	}
	return nil
}

// stop ends what runs, the last one first.
func (s *stack) stop() {
	for i := len(s.children) - 1; i >= 0; i-- {
		s.children[i].stop()
	}
	if s.store != nil {
		s.store.Close()
	}
	if s.lock != nil {
		s.lock.Close()
	}
}

// run starts one of this program's components.
func (s *stack) run(name, log string, args ...string) error {
	c, err := startChild(name, s.file("logs", log+".log"), args)
	if err != nil {
		return err
	}
	s.children = append(s.children, c)
	go func() {
		<-c.done
		s.failed <- fmt.Errorf("%s ended by itself: see %s", name, c.log)
	}()
	return nil
}
