package timeline

import "slices"

// few is a list of pointers that mostly holds one, which it then keeps without an allocation. The zero value is empty.
type few[T any] struct {
	first *T
	more  []*T
}

func (f *few[T]) empty() bool { return f.first == nil }

func (f *few[T]) add(item *T) {
	if f.first == nil {
		f.first = item
		return
	}
	f.more = append(f.more, item)
}

// cut removes one occurrence of an item, if there is one.
func (f *few[T]) cut(item *T) {
	if f.first != item {
		f.more = cutFrom(f.more, item)
		return
	}
	f.first = nil
	if n := len(f.more); n > 0 {
		f.first, f.more[n-1] = f.more[n-1], nil
		f.more = f.more[:n-1]
	}
}

func (f *few[T]) has(item *T) bool { return f.first == item || slices.Contains(f.more, item) }

func (f *few[T]) each(fn func(*T)) {
	if f.first == nil {
		return
	}
	fn(f.first)
	for _, item := range f.more {
		fn(item)
	}
}

// register is an index of such lists. It holds no empty ones.
type register[T any] map[string]few[T]

func (r register[T]) add(key string, item *T) {
	list := r[key]
	list.add(item)
	r[key] = list
}

func (r register[T]) cut(key string, item *T) {
	list, ok := r[key]
	if !ok {
		return
	}
	if list.cut(item); list.empty() {
		delete(r, key)
		return
	}
	r[key] = list
}
