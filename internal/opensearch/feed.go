package opensearch

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Sizes of a Feed. With a line of MaxLine it holds a few hundred MiB at the most, with usual ones about ten bulks of bulkBytes.
const (
	// bulkBytes and bulkLines are where one request ends.
	bulkBytes = 4 << 20
	bulkLines = 5000
	// bulkAge is how long lines wait for others, for a log that is being written.
	bulkAge = time.Second
)

// Feed stores a stream of lines: they are gathered into bulks, and as many of these are sent at one time as the client may send
// requests. Add waits while all of them are under way, so that what is held is bounded whatever is fed.
type Feed struct {
	store *Store
	aside Aside
	group *errgroup.Group
	ctx   context.Context //nolint:containedctx // it ends when a bulk fails, which ends the feed
	bulks chan *bulk
	free  chan *bulk

	mu    sync.Mutex // guards open and ended
	open  *bulk
	ended bool

	counts  sync.Mutex // guards total
	total   Stored
	asides  sync.Mutex // held while aside is called
	stopped chan struct{}
}

// bulk is lines one after the other.
type bulk struct {
	text  []byte
	ends  []int
	since time.Time // when the first line came
}

// NewFeed returns a feed into the store. End must be called. aside may be nil; it is called by one goroutine at a time.
func NewFeed(ctx context.Context, s *Store, aside Aside) *Feed {
	group, ctx := errgroup.WithContext(ctx)
	f := &Feed{store: s, group: group, ctx: ctx, bulks: make(chan *bulk), stopped: make(chan struct{})}
	if aside != nil {
		f.aside = func(line []byte, why string) error {
			f.asides.Lock()
			defer f.asides.Unlock()
			return aside(line, why)
		}
	}
	workers := s.client.options.MaxRequests + 1 // one makes the next request ready
	f.free = make(chan *bulk, workers+1)
	for range workers {
		group.Go(f.work)
	}
	group.Go(f.push)
	return f
}

// errEnded tells a reader that is late.
var errEnded = errors.New("the feed has ended")

// Add takes a line; it is copied. Once something has failed it returns that error, and after End it takes nothing.
func (f *Feed) Add(line []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return errEnded
	}
	if f.open == nil {
		select {
		case f.open = <-f.free:
		default:
			f.open = &bulk{}
		}
		f.open.since = time.Now()
	}
	b := f.open
	b.text = append(b.text, line...)
	b.ends = append(b.ends, len(b.text))
	if len(b.text) < bulkBytes && len(b.ends) < bulkLines {
		return nil
	}
	return f.flush()
}

// flush hands the open bulk over; f.mu is held, so that whoever adds waits too.
func (f *Feed) flush() error {
	if f.open == nil {
		return nil
	}
	select {
	case f.bulks <- f.open:
		f.open = nil
		return nil
	case <-f.ctx.Done():
		return context.Cause(f.ctx)
	}
}

// push hands over what has waited long enough.
func (f *Feed) push() error {
	ticker := time.NewTicker(bulkAge)
	defer ticker.Stop()
	for {
		select {
		case <-f.stopped:
			return nil
		case <-f.ctx.Done():
			return nil
		case now := <-ticker.C:
			f.mu.Lock()
			if f.open != nil && now.Sub(f.open.since) >= bulkAge {
				_ = f.flush() // the next Add tells
			}
			f.mu.Unlock()
		}
	}
}

func (f *Feed) work() error {
	var lines [][]byte
	for {
		select {
		case <-f.ctx.Done():
			return f.ctx.Err()
		case b, ok := <-f.bulks:
			if !ok {
				return nil
			}
			lines = b.split(lines[:0])
			done, err := f.store.Write(f.ctx, lines, f.aside)
			f.counts.Lock()
			f.total.Add(&done)
			f.counts.Unlock()
			if err != nil {
				return err
			}
			f.recycle(b)
		}
	}
}

// recycle keeps a bulk's memory for another one, unless a long line has made it large.
func (f *Feed) recycle(b *bulk) {
	if cap(b.text) > 2*bulkBytes {
		return
	}
	b.text, b.ends = b.text[:0], b.ends[:0]
	select {
	case f.free <- b:
	default:
	}
}

func (b *bulk) split(into [][]byte) [][]byte {
	from := 0
	for _, to := range b.ends {
		into = append(into, b.text[from:to:to])
		from = to
	}
	return into
}

// Stored counts what became of the lines so far.
func (f *Feed) Stored() Stored {
	f.counts.Lock()
	defer f.counts.Unlock()
	var now Stored
	now.Add(&f.total)
	return now
}

// End stores what is left and waits for it. It returns the first error of all; then some of the lines are stored, and feeding all of
// them again completes them.
func (f *Feed) End() (Stored, error) {
	f.mu.Lock()
	failed := f.flush()
	f.open, f.ended = nil, true
	f.mu.Unlock()
	close(f.stopped)
	close(f.bulks)
	err := firstOf(f.group.Wait(), failed)
	return f.Stored(), err
}
