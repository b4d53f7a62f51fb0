package render

import (
	"reflect"
	"time"
)

// maxDepth bounds how deep the lists and dictionaries that a template makes may nest. Printing follows them with recursion,
// and one that held itself would never end.
const maxDepth = 100

// maxElements bounds the elements of one list that a function makes out of nothing or out of a text.
const maxElements = 1 << 20

// bytesPerValue is what a number, a truth value or a time counts for when it is weighed.
const bytesPerValue = 16

// measure looks at the lists and dictionaries that templates make, not into the report's own data, and counts each element.
func (r *run) measure(v reflect.Value) error {
	return (&scale{run: r, limit: maxElements * 8}).add(v, 0)
}

// weigh looks at everything that printing a value would print, and fails when that is more than a template may print.
func (r *run) weigh(v reflect.Value) error {
	return (&scale{run: r, deep: true, limit: r.limits.Output}).add(v, 0)
}

// scale adds up the weight of one value: its bytes when deep, otherwise its elements. What stands in several places counts
// several times, as it would be printed.
type scale struct {
	run   *run
	deep  bool
	limit int64
	total int64
}

var timeType = reflect.TypeFor[time.Time]()

func (s *scale) put(n int64) error {
	s.total += n
	if s.total > s.limit {
		return overLimit("it makes a value that is too large: at most %d bytes and %d elements are allowed", s.run.limits.Output, maxElements*8)
	}
	return nil
}

func (s *scale) add(v reflect.Value, depth int) error {
	if depth > maxDepth {
		return overLimit("it makes a value that nests more than %d deep, or holds itself", maxDepth)
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() || (v.Kind() == reflect.Pointer && !s.deep) {
			return nil
		}
		return s.add(v.Elem(), depth+1)
	case reflect.String:
		if s.deep {
			return s.put(int64(v.Len()) + 1)
		}
		return nil
	case reflect.Slice, reflect.Array:
		return s.list(v, depth)
	case reflect.Map:
		return s.dict(v, depth)
	case reflect.Struct:
		return s.fields(v, depth)
	}
	return s.scalar()
}

func (s *scale) scalar() error {
	if !s.deep {
		return nil
	}
	return s.put(bytesPerValue)
}

// holdsMore tells whether values of a type can hold other values.
func holdsMore(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Slice, reflect.Array, reflect.Map, reflect.Struct, reflect.String, reflect.Pointer:
		return true
	}
	return false
}

func (s *scale) list(v reflect.Value, depth int) error {
	elem := v.Type().Elem()
	made := elem.Kind() == reflect.Interface || (elem.Kind() == reflect.Slice && elem.Elem().Kind() == reflect.Interface)
	switch {
	case !s.deep && !made:
		return nil
	case s.deep && elem.Kind() == reflect.Uint8:
		return s.put(int64(v.Len()))
	case s.deep && !holdsMore(elem):
		return s.put(int64(v.Len()) * bytesPerValue)
	}
	if err := s.run.spend(int64(v.Len())); err != nil {
		return err
	}
	for i := range v.Len() {
		if err := s.put(1); err != nil {
			return err
		}
		if err := s.add(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scale) dict(v reflect.Value, depth int) error {
	if !s.deep && v.Type().Elem().Kind() != reflect.Interface {
		return nil
	}
	if err := s.run.spend(int64(v.Len())); err != nil {
		return err
	}
	for it := v.MapRange(); it.Next(); {
		if err := s.put(1); err != nil {
			return err
		}
		if err := s.add(it.Key(), depth+1); err != nil {
			return err
		}
		if err := s.add(it.Value(), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scale) fields(v reflect.Value, depth int) error {
	if !s.deep {
		return nil
	}
	if v.Type() == timeType {
		return s.scalar()
	}
	for i := range v.NumField() {
		if err := s.add(v.Field(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}
