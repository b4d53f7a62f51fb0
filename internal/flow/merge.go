package flow

import (
	"container/heap"
	"iter"
)

// entry is a group on its way.
type entry struct {
	sums
	key string // canonical
}

// source gives groups in order; nil after the last one.
type source interface {
	next() (*entry, error)
}

// entries is a source in memory.
type entries []entry

func (s *entries) next() (*entry, error) {
	if len(*s) == 0 {
		return nil, nil
	}
	first := &(*s)[0]
	*s = (*s)[1:]
	return first, nil
}

// merge iterates over the groups of all sources in order, adding up those with one key. It holds one group of each source.
func merge(sources []source) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		queue := make(queue, 0, len(sources))
		for _, s := range sources {
			first, err := s.next()
			if err != nil {
				yield(entry{}, err)
				return
			}
			if first != nil {
				queue = append(queue, ahead{first, s})
			}
		}
		heap.Init(&queue)
		for len(queue) > 0 {
			sum := *queue[0].entry
			if err := queue.advance(); err != nil {
				yield(entry{}, err)
				return
			}
			for len(queue) > 0 && queue[0].key == sum.key {
				sum.add(&queue[0].sums)
				if err := queue.advance(); err != nil {
					yield(entry{}, err)
					return
				}
			}
			if !yield(sum, nil) {
				return
			}
		}
	}
}

// ahead is a source and its next group.
type ahead struct {
	*entry
	from source
}

// queue has the source with the first group on top.
type queue []ahead

// advance takes the top group away.
func (q *queue) advance() error {
	after, err := (*q)[0].from.next()
	if err != nil {
		return err
	}
	if after == nil {
		heap.Pop(q)
		return nil
	}
	(*q)[0].entry = after
	heap.Fix(q, 0)
	return nil
}

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].key < q[j].key }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push is part of heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(ahead)) }

// Pop is part of heap.Interface.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
