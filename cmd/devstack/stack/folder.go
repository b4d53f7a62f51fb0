package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// folder is the place of everything that a stack keeps. One stack at a time holds it.
type folder struct {
	path string
	lock *os.File
	log  *os.File
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

func openFolder(path string) (*folder, error) {
	f := &folder{path: path}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make folder %s: %w", path, reason(err))
	}
	var err error
	if f.lock, err = os.OpenFile(f.file("lock"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("folder %s is not writable: %w", path, reason(err))
	}
	if err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.lock.Close()
		return nil, fmt.Errorf("folder %s is in use by another devstack: stop that one, or use another folder with --dir", path)
	}
	if f.log, err = os.OpenFile(f.file("devstack.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		f.close()
		return nil, fmt.Errorf("folder %s is not writable: %w", path, reason(err))
	}
	return f, nil
}

func (f *folder) close() {
	if f.log != nil {
		f.log.Close()
	}
	f.lock.Close()
}

// reason strips the path from a file error, which the message names already.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
