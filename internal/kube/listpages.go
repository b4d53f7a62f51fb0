package kube

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probity/probity/internal/resource"
)

// pageItems is the number of objects that are asked for at once, as kubectl does.
const pageItems = 500

// list is one list of one kind being read.
type list struct {
	*lister
	place   schema.GroupVersionResource
	exact   string // resourceVersion that is asked for, "" = the newest
	shaper  *shaper
	version string    // of the list, once the first page told it
	since   time.Time // a moment before the version was read
	dated   bool      // a first page came
}

// receiverError keeps the receiver's failures apart from the server's.
type receiverError struct{ error }

func (e *receiverError) Unwrap() error { return e.error }

func received(err error) error {
	if err != nil {
		return &receiverError{err}
	}
	return nil
}

// fetched is a page whose answer has begun.
type fetched struct {
	answer *answer
	err    error
}

func (l *list) run(ctx context.Context, kind resource.Kind) error {
	ctx, cancel := context.WithCancel(ctx)
	next := make(chan fetched, 1)
	waiting := false
	defer func() {
		cancel()
		if waiting {
			if f := <-next; f.err == nil {
				f.answer.body.Close()
			}
		}
	}()
	fetch := func(continuation string) {
		waiting = true
		go func() {
			answer, err := l.client.get(ctx, ListPath(l.place), l.query(continuation))
			next <- fetched{answer, err}
		}()
	}
	if err := received(l.to.Begin(kind)); err != nil {
		return err
	}
	for fetch(""); waiting; {
		f := <-next
		waiting = false
		if f.err != nil {
			return f.err
		}
		if err := l.page(f.answer, fetch); err != nil {
			return err
		}
	}
	return received(l.to.End())
}

func (l *list) query(continuation string) url.Values {
	query := url.Values{"limit": {strconv.Itoa(pageItems)}}
	switch {
	case continuation != "":
		query.Set("continue", continuation)
	case l.exact != "":
		query.Set("resourceVersion", l.exact)
		query.Set("resourceVersionMatch", "Exact")
	}
	return query
}

// page takes over one page, and asks for the next one as soon as this one tells where it begins: the server prepares it
// meanwhile, and sends no more of it than the connection buffers.
func (l *list) page(a *answer, fetch func(continuation string)) error {
	defer a.body.Close()
	defer func() { l.last = later(l.last, a.date) }()
	return scanPage(a.body, page{
		meta: func(meta listMeta) error {
			l.date(meta, a.date)
			if meta.Continue != "" {
				fetch(meta.Continue)
			}
			return nil
		},
		item: func(raw []byte) error {
			object, err := l.shaper.shape(raw)
			if err != nil {
				return err
			}
			return received(l.to.Object(json.RawMessage(object)))
		},
	})
}

// date takes over what the first page tells: which version the list is of, and when that was read at the latest.
func (l *list) date(meta listMeta, answered time.Time) {
	if l.dated {
		return
	}
	l.dated, l.version = true, meta.Version
	if l.exact != "" && l.version == l.exact {
		return // it was read with the first list
	}
	// A server that does not keep to the version that was asked for reads a later one.
	l.listing.Complete = later(l.listing.Complete, answered.Add(time.Second+clockSkew))
	if l.exact == "" && !aggregated(l.place.Group) { // whose versions may be those of another store
		l.lister.exact, l.lister.since = l.version, l.since
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
