package render

import (
	"fmt"
	"time"

	"github.com/Masterminds/sprig/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nilTime is what dateRfc3339 prints for a time that is not there (calico-compliance.md section 2).
const nilTime = "nil"

// dateRFC3339 prints a time.Time or metav1.Time, or a pointer to one, as RFC 3339 in UTC; "nil" for a nil pointer.
func dateRFC3339(v any) (string, error) {
	t, err := asTime(v)
	switch {
	case err != nil:
		return "", err
	case t == nil:
		return nilTime, nil
	}
	return t.UTC().Format(time.RFC3339), nil
}

// asTime reads the forms in which a template may hold a time; numbers are seconds since 1970, as in sprig. A nil pointer is nil.
func asTime(v any) (*time.Time, error) {
	switch t := v.(type) {
	case time.Time:
		return &t, nil
	case *time.Time:
		return t, nil
	case metav1.Time:
		return &t.Time, nil
	case *metav1.Time:
		if t == nil {
			return nil, nil
		}
		return &t.Time, nil
	case metav1.MicroTime:
		return &t.Time, nil
	case *metav1.MicroTime:
		if t == nil {
			return nil, nil
		}
		return &t.Time, nil
	case int:
		return unixTime(int64(t)), nil
	case int32:
		return unixTime(int64(t)), nil
	case int64:
		return unixTime(t), nil
	}
	return nil, fmt.Errorf("it wants a time and got %T", v)
}

func unixTime(seconds int64) *time.Time {
	t := time.Unix(seconds, 0).UTC()
	return &t
}

// date is sprig's date in UTC; what is no time is an error, where sprig takes the present.
func date(layout string, v any) (string, error) { return dateInZone(layout, v, "UTC") }

func htmlDate(v any) (string, error) { return dateInZone(time.DateOnly, v, "UTC") }

func htmlDateInZone(v any, name string) (string, error) { return dateInZone(time.DateOnly, v, name) }

// dateInZone prints a time in a named zone (see zone).
func dateInZone(layout string, v any, name string) (string, error) {
	t, err := asTime(v)
	if err != nil {
		return "", err
	}
	if t == nil {
		return "", fmt.Errorf("it wants a time and got none")
	}
	location, err := zone(name)
	if err != nil {
		return "", err
	}
	return t.In(location).Format(layout), nil
}

// toDate reads a time; where the text names no zone it is UTC. As in sprig, a text that does not fit gives the zero time.
func toDate(layout, text string) time.Time {
	t, _ := mustToDate(layout, text)
	return t
}

func mustToDate(layout, text string) (time.Time, error) {
	return time.ParseInLocation(layout, text, time.UTC)
}

// durationRound is sprig's, which measures a time against the clock; here a time is an error.
func durationRound(v any) (string, error) {
	if _, ok := v.(time.Time); ok {
		return "", fmt.Errorf("it wants a duration and got a time")
	}
	return sprig.GenericFuncMap()["durationRound"].(func(any) string)(v), nil
}
