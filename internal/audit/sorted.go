package audit

import (
	"container/heap"
	"errors"
	"io"
)

// source gives records in order, then io.EOF.
type source interface {
	next() (record, error)
}

// sorted joins sorted sources into one.
type sorted struct{ heads headHeap }

type head struct {
	record
	from source
}

func newSorted(sources []source) (*sorted, error) {
	s := &sorted{}
	for _, from := range sources {
		r, err := from.next()
		if errors.Is(err, io.EOF) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.heads = append(s.heads, head{r, from})
	}
	heap.Init(&s.heads)
	return s, nil
}

// next gives the lowest record of all sources, and io.EOF after the last.
func (s *sorted) next() (record, error) {
	if len(s.heads) == 0 {
		return record{}, io.EOF
	}
	lowest := s.heads[0].record
	following, err := s.heads[0].from.next()
	switch {
	case errors.Is(err, io.EOF):
		heap.Pop(&s.heads)
	case err != nil:
		return record{}, err
	default:
		s.heads[0].record = following
		heap.Fix(&s.heads, 0)
	}
	return lowest, nil
}

type headHeap []head

func (h headHeap) Len() int           { return len(h) }
func (h headHeap) Less(i, j int) bool { return h[i].compare(&h[j].record) < 0 }
func (h headHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *headHeap) Push(x any)        { *h = append(*h, x.(head)) }
func (h *headHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
