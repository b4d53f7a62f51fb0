package receive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
)

// Reasons for which a line or a push is dropped, beside those of flow.Reason.
const (
	ReasonTooLong  = "the line is too long"
	ReasonTooLarge = "the push is too large"
	ReasonNoNDJSON = "the push is no NDJSON"
	ReasonRefused  = "the push was refused and did not come again"
	ReasonUnwanted = "the server does not take the line"
)

// Push is one body, read and checked.
type Push struct {
	// Digest is the SHA-256 of the body as it came; of one that is too large, of as much as was read.
	Digest [sha256.Size]byte
	// At is when it arrived.
	At time.Time
	// Span is from the earliest start to the latest end of the good lines, UTC; when there are none, what a push of that time
	// can hold.
	Span interval.Interval
	// Lines counts the good lines; empty ones count nowhere.
	Lines int64
	// Bytes is what was read of the body.
	Bytes int64
	// Dropped are the lines that were left out, or the push itself.
	Dropped []Dropped

	spool *spool // the good lines, each with its line feed
}

// Dropped is a line, or a whole push, that is not in the log.
type Dropped struct {
	Line   int64  // counted from 1; 0 is the whole push; of pushes that were refused, their number
	Bytes  int64  // its length
	Reason string // a flow.Reason or one of the reasons above
	// Start shows what it looked like: at most its first 80 bytes.
	Start string
}

// errTooLarge, errNoNDJSON and errBroken say that a body cannot be taken; a [SinkError] that it could not be kept.
var (
	errTooLarge = errors.New("the body is larger than receive.bodyMib allows")
	errNoNDJSON = errors.New("the body is no NDJSON of flows: send one flow as a JSON object in each line")
	errBroken   = errors.New("the body broke off")
)

// Release frees what the push holds.
func (p *Push) Release() { p.spool.close() }

// reading is the reading of one body.
type reading struct {
	push  *Push
	in    *bufio.Reader
	hash  hash.Hash
	line  []byte
	count int64 // lines so far, empty ones too
	size  int64 // of the line
	bad   int   // more than MaxBad is no NDJSON
	span  interval.Interval
}

// ReadPush reads a body of at most limit bytes that arrived at the time, line by line; what does not fit memory goes to a
// file in the folder. A push comes with each error but that of a body that broke off, so that it can be told what was
// dropped: one that is too large or no NDJSON has itself as the only thing dropped. Release must be called for every push.
func ReadPush(body io.Reader, limit int64, folder string, at time.Time) (*Push, error) {
	r := &reading{push: &Push{At: at.UTC(), spool: &spool{folder: folder}}, hash: sha256.New()}
	limited := &io.LimitedReader{R: body, N: limit + 1}
	r.in = bufio.NewReaderSize(io.TeeReader(limited, r.hash), 64<<10)
	err := r.lines()
	p := r.push
	p.Bytes = limit + 1 - limited.N
	r.hash.Sum(p.Digest[:0])
	if p.Span = r.span; p.Span.IsZero() {
		p.Span = interval.Interval{Start: p.At.Add(-reach), End: p.At}
	}
	switch {
	case err != nil:
		p.Release()
		return nil, fmt.Errorf("%w after %d bytes: %s", errBroken, p.Bytes, err.Error())
	case limited.N <= 0:
		return p, p.refuse(ReasonTooLarge, errTooLarge)
	case r.bad > MaxBad, r.bad > 0 && p.Lines == 0:
		return p, p.refuse(ReasonNoNDJSON, errNoNDJSON)
	case p.spool.err != nil:
		return p, &SinkError{p.spool.err}
	}
	return p, nil
}

// refuse leaves nothing of the push but that it was there.
func (p *Push) refuse(reason string, err error) error {
	start := ""
	if len(p.Dropped) > 0 {
		start = p.Dropped[0].Start
	}
	p.Dropped = []Dropped{{Bytes: p.Bytes, Reason: reason, Start: start}}
	p.Lines = 0
	p.spool.close()
	return err
}

// lines reads to the end of the body.
func (r *reading) lines() error {
	for {
		part, err := r.in.ReadSlice('\n')
		r.size += int64(len(part))
		if len(r.line) <= MaxLine {
			r.line = append(r.line, part...)
		}
		atEnd := errors.Is(err, io.EOF)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !atEnd:
			return err
		}
		r.take()
		if atEnd {
			return nil
		}
	}
}

// take looks at one line.
func (r *reading) take() {
	line, size := bytes.TrimRight(r.line, "\r\n"), r.size
	r.line, r.size = r.line[:0], 0
	r.count++
	if len(line) == 0 {
		return
	}
	if len(line) > MaxLine {
		r.drop(line, size, ReasonTooLong)
		return
	}
	span, why := flow.SpanOf(line)
	if why != "" {
		r.drop(line, size, string(why))
		return
	}
	if r.span.IsZero() {
		r.span = span
	}
	r.span = join(r.span, span)
	r.push.Lines++
	r.push.spool.write(line)
}

func (r *reading) drop(line []byte, size int64, reason string) {
	if r.bad++; r.bad <= MaxBad {
		start := string(bytes.ToValidUTF8(line[:min(len(line), 80)], []byte("?")))
		r.push.Dropped = append(r.push.Dropped, Dropped{Line: r.count, Bytes: size, Reason: reason, Start: start})
	}
}
