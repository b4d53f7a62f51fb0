package receive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// FolderOptions configure a Folder.
type FolderOptions struct {
	// Dir is the folder, which must exist. No other process may write to it.
	Dir string
	// FileBytes is the size at which a file is closed; the pushes of one sync can exceed it.
	FileBytes int64
	// FileAge is the age at which it is; a file is closed at each full hour (UTC) too.
	FileAge time.Duration
	// Window is the time in which a push that comes again is known.
	Window time.Duration
	// Logger is told of repairs.
	Logger *slog.Logger
}

// ErrClosed says that the folder was closed.
var ErrClosed = errors.New("the folder of received flows is closed")

// Folder is a Sink of log files: <day>/flows-<time of opening>.ndjson, times in UTC, so that names sort by time. What begins
// with a dot is its own: the file that is being written, the journal of pushes, spools and a lock.
type Folder struct {
	FolderOptions
	lock     *os.File
	requests chan *request
	stop     chan struct{} // closed by Close
	done     chan struct{} // closed when the writer has ended
	writer   *writer
}

// request asks the writer to store a push; without one it asks whether that would work.
type request struct {
	push      *Push
	answer    chan error
	duplicate bool
}

// OpenFolder locks the folder, completes what a process before it left there, and begins to store. It fails when that is not
// possible now, or when another process has the folder.
func OpenFolder(o FolderOptions) (*Folder, error) {
	lock, err := os.OpenFile(filepath.Join(o.Dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open receive.folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("lock receive.folder %s: another receiver has it, give each a folder of its own: %w", o.Dir, err)
	}
	f := &Folder{
		FolderOptions: o, lock: lock, requests: make(chan *request), stop: make(chan struct{}), done: make(chan struct{}),
		writer: &writer{FolderOptions: o},
	}
	if err := f.writer.begin(time.Now()); err != nil {
		lock.Close()
		return nil, fmt.Errorf("open receive.folder %s: %w", o.Dir, err)
	}
	go f.run()
	return f, nil
}

// Spool is the folder itself: its disk is the one that must have room.
func (f *Folder) Spool() string { return f.Dir }

// Store implements Sink.
func (f *Folder) Store(ctx context.Context, p *Push) (duplicate bool, err error) {
	r := &request{push: p, answer: make(chan error, 1)}
	err = f.ask(ctx, r)
	return r.duplicate, err
}

// Check implements Sink.
func (f *Folder) Check(ctx context.Context) error {
	return f.ask(ctx, &request{answer: make(chan error, 1)})
}

// ask waits for the writer. Once it has taken the request, ctx does not end the wait: the caller may not release the push
// while it is written.
func (f *Folder) ask(ctx context.Context, r *request) error {
	select {
	case f.requests <- r:
		return <-r.answer
	case <-f.stop:
		return &SinkError{ErrClosed}
	case <-ctx.Done():
		return &SinkError{ctx.Err()}
	}
}

// Close stores what was taken, closes the open file so that it can be read, and lets go of the folder.
func (f *Folder) Close() error {
	close(f.stop)
	<-f.done
	err := f.writer.end()
	return errors.Join(err, f.lock.Close())
}

// groupSize is how many pushes share a sync at most.
const groupSize = 64

// run is the writer's goroutine.
func (f *Folder) run() {
	defer close(f.done)
	for {
		var due <-chan time.Time
		if f.writer.file != nil {
			due = time.After(time.Until(f.writer.due))
		}
		select {
		case <-f.stop:
			return
		case <-due:
			if err := f.writer.publish(); err != nil {
				f.Logger.Error("a file of received flows could not be closed; it is tried again", "folder", f.Dir, "error", err)
			}
		case first := <-f.requests:
			group := []*request{first}
			for more := true; more && len(group) < groupSize; {
				select {
				case next := <-f.requests:
					group = append(group, next)
				default:
					more = false
				}
			}
			f.writer.commit(group)
		}
	}
}
