package evidence

import (
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Object is one object of a bundle or a snapshot.
type Object struct {
	Key       string `json:"key"`            // relative to the manifest's folder
	SHA256    string `json:"sha256"`         // lower-case hex of the stored bytes
	Bytes     int64  `json:"bytes"`          // size as stored
	Rows      *int64 `json:"rows,omitempty"` // records in it, without a heading; absent when it has none to count
	MediaType string `json:"mediaType"`      // RFC 6838, as in "text/csv"
}

// Rows makes the optional count of an [Object].
func Rows(n int64) *int64 { return &n }

func (o Object) validate() error {
	if o.Key == "" || path.Clean(o.Key) != o.Key || strings.HasPrefix(o.Key, "/") || o.Key == ".." || strings.HasPrefix(o.Key, "../") {
		return fmt.Errorf("object key %q is not a clean path relative to the manifest's folder", shown(o.Key))
	}
	if o.Key == ManifestName || o.Key == SignatureName {
		return fmt.Errorf("object key %q is the manifest's own: a manifest does not list itself or its signature", o.Key)
	}
	if !isDigest(o.SHA256) {
		return fmt.Errorf("object %q has sha256 %q: it must be 64 lower-case hex digits", o.Key, shown(o.SHA256))
	}
	if o.Bytes < 0 || o.Rows != nil && *o.Rows < 0 {
		return fmt.Errorf("object %q has a negative size or row count", o.Key)
	}
	return nil
}

// sortedObjects returns a sorted copy, or an error when an object is invalid or listed twice.
func sortedObjects(objects []Object) ([]Object, error) {
	sorted := slices.SortedFunc(slices.Values(objects), func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	for i, o := range sorted {
		if err := o.validate(); err != nil {
			return nil, err
		}
		if i > 0 && sorted[i-1].Key == o.Key {
			return nil, fmt.Errorf("object %q is listed twice", o.Key)
		}
	}
	return sorted, nil
}

func isDigest(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == 32 && strings.ToLower(s) == s
}
