package receive

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/probity/probity/internal/interval"
)

// refusals remembers the pushes that were refused while the sink was away, until they come again or are given up. It is safe
// for concurrent use.
type refusals struct {
	mu      sync.Mutex
	pending []refusal // by time of the last refusal
}

type refusal struct {
	digest [sha256.Size]byte
	span   interval.Interval
	bytes  int64
	last   time.Time
	pushes int // more than one when there were too many to remember each
}

// add remembers a push that was refused. When there are too many, the two oldest become one.
func (r *refusals) add(p *Push) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(p.Digest)
	r.pending = append(r.pending, refusal{digest: p.Digest, span: p.Span, bytes: p.Bytes, last: p.At, pushes: 1})
	if len(r.pending) > maxRefused {
		a, b := r.pending[0], &r.pending[1]
		b.span, b.bytes, b.pushes = join(a.span, b.span), a.bytes+b.bytes, a.pushes+b.pushes
		r.pending = r.pending[1:]
	}
}

// join is the span from the earlier start to the later end.
func join(a, b interval.Interval) interval.Interval {
	if b.Start.Before(a.Start) {
		a.Start = b.Start
	}
	if b.End.After(a.End) {
		a.End = b.End
	}
	return a
}

// settle forgets a push that was stored.
func (r *refusals) settle(digest [sha256.Size]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(digest)
}

func (r *refusals) remove(digest [sha256.Size]byte) {
	r.pending = slices.DeleteFunc(r.pending, func(x refusal) bool { return x.digest == digest })
}

func (r *refusals) count() (pushes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.pending {
		pushes += x.pushes
	}
	return pushes
}

// lost is a push that stands for those that their senders have given up by now, and which they are; nil when there is none.
// Its digest is that of theirs together, so that it is stored once.
func (r *refusals) lost(now time.Time) (p *Push, digests [][sha256.Size]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := sha256.New()
	for _, x := range r.pending {
		if now.Sub(x.last) < patience {
			continue
		}
		if p == nil {
			p = &Push{At: now.UTC(), Span: x.span, spool: &spool{}}
		}
		p.Span = join(p.Span, x.span)
		for range x.pushes {
			p.Dropped = append(p.Dropped, Dropped{
				Line: int64(len(p.Dropped)) + 1, Bytes: x.bytes / int64(x.pushes), Reason: ReasonRefused,
			})
		}
		digests = append(digests, x.digest)
		sum.Write(x.digest[:])
	}
	if p != nil {
		sum.Sum(p.Digest[:0])
	}
	return p, digests
}
