package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/opensearch"
)

// Documents are where a Search stores lines, such as an opensearch.Store.
type Documents interface {
	// Write stores each line as one document; one that is there already counts as present. aside is given those that cannot be.
	Write(ctx context.Context, lines [][]byte, aside opensearch.Aside) (opensearch.Stored, error)
}

// SearchOptions configure a Search.
type SearchOptions struct {
	Documents Documents
	// Ping tells whether the server is there.
	Ping func(ctx context.Context) error
	// Scratch is a folder for parts of large pushes; "" is the system's.
	Scratch string
}

// Search is a Sink of a search server. A document is identified by its line, so that a push that comes again, whenever it does,
// is stored once; two lines that are the same to the byte are one. While a push is stored, a part of it can be seen; one that
// could not be stored as a whole is completed when it comes again.
type Search struct{ SearchOptions }

// NewSearch returns a sink of the server's documents.
func NewSearch(o SearchOptions) *Search { return &Search{o} }

// Spool implements Sink.
func (s *Search) Spool() string { return s.Scratch }

// pingTimeout is how long Check waits.
const pingTimeout = 5 * time.Second

// Check implements Sink.
func (s *Search) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		return &SinkError{err}
	}
	return nil
}

// errUnwanted stops a push of which the server takes so little that the server must be to blame.
var errUnwanted = errors.New("the server does not take the lines")

// Store implements Sink. Lines that the server does not take are dropped; with more than MaxBad of them the push is not stored.
func (s *Search) Store(ctx context.Context, p *Push) (duplicate bool, err error) {
	b := &documents{sink: s, dropped: len(p.Dropped)}
	_, err = logfile.ReadLines(ctx, p.spool.reader(), func(line []byte) error { return b.add(ctx, line) })
	if err == nil {
		err = b.flush(ctx)
	}
	if err == nil {
		p.Dropped = append(p.Dropped, b.unwanted...)
		p.Lines -= int64(len(b.unwanted))
		err = b.tell(ctx, p)
	}
	if err != nil {
		return false, &SinkError{fmt.Errorf("store pushed flows: %w", err)}
	}
	return b.done.Read > 0 && b.done.Stored == 0, nil
}

// batchLines and batchBytes bound the lines that are written at a time.
const (
	batchLines = 2000
	batchBytes = 4 << 20
)

// documents is the storing of one push.
type documents struct {
	sink     *Search
	lines    [][]byte
	size     int
	done     opensearch.Stored
	dropped  int
	unwanted []Dropped
}

func (d *documents) add(ctx context.Context, line []byte) error {
	d.lines, d.size = append(d.lines, bytes.Clone(line)), d.size+len(line)
	if len(d.lines) < batchLines && d.size < batchBytes {
		return nil
	}
	return d.flush(ctx)
}

func (d *documents) flush(ctx context.Context) error {
	if len(d.lines) == 0 {
		return nil
	}
	done, err := d.sink.Documents.Write(ctx, d.lines, d.refused)
	d.done.Add(&done)
	d.lines, d.size = d.lines[:0], 0
	return err
}

// refused counts a line that the server does not take.
func (d *documents) refused(line []byte, why string) error {
	if d.dropped+len(d.unwanted) >= MaxBad {
		return fmt.Errorf("%w: %s", errUnwanted, why)
	}
	d.unwanted = append(d.unwanted, Dropped{
		Line: int64(len(d.unwanted)) + 1, Bytes: int64(len(line)), Reason: ReasonUnwanted, Start: string(line[:min(len(line), 80)]) + ": " + why,
	})
	return nil
}

// tell stores the lines that stand for dropped ones. Of those none may be refused.
func (d *documents) tell(ctx context.Context, p *Push) error {
	text, err := p.droppedLines()
	if err != nil || len(text) == 0 {
		return err
	}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	done, err := d.sink.Documents.Write(ctx, lines, func(_ []byte, why string) error { return fmt.Errorf("%w: %s", errUnwanted, why) })
	d.done.Add(&done)
	return err
}
