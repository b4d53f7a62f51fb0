package blob

import (
	"fmt"
	"io/fs"
)

// kind is a sentinel that also is one of the standard library's, so that a caller need not import this package to ask.
type kind struct {
	text string
	like error
}

func (k *kind) Error() string { return k.text }

func (k *kind) Is(target error) bool { return k.like != nil && target == k.like }

// The kinds of errors that callers tell apart.
var (
	// ErrNotFound: there is no object under the key. Also [fs.ErrNotExist].
	ErrNotFound error = &kind{"no such object", fs.ErrNotExist}
	// ErrExists: a conditional write found the key taken. Also [fs.ErrExist].
	ErrExists error = &kind{"the object exists", fs.ErrExist}
	// ErrDenied: the credentials are wrong or lack the right, or a lock forbids it. Also [fs.ErrPermission].
	ErrDenied error = &kind{"access denied", fs.ErrPermission}
	// ErrUnsupported: the server does not have the feature.
	ErrUnsupported error = &kind{"the server does not support this", nil}
	// ErrDiffers: the bytes are not those that were expected.
	ErrDiffers error = &kind{"the object has other bytes than expected", nil}
)

// Error is what every method returns: what was done to which object, the kind when it is one of the above, and the cause.
type Error struct {
	Op    string // "put", "get", …
	Where string // "s3://bucket/key"
	Kind  error  // nil for anything but the named kinds
	Cause error  // nil when the kind says it all
}

// Error is "<op> <where>: <kind>: <cause>".
func (e *Error) Error() string {
	text := e.Op + " " + e.Where
	for _, part := range []error{e.Kind, e.Cause} {
		if part != nil {
			text += ": " + part.Error()
		}
	}
	return text
}

// Unwrap gives the kind and the cause to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	var parts []error
	for _, part := range []error{e.Kind, e.Cause} {
		if part != nil {
			parts = append(parts, part)
		}
	}
	return parts
}

// checkKey refuses keys that servers read differently: empty, with a leading or doubled slash, or with a dot segment.
func checkKey(key string) error {
	const most = 1024 // bytes, the limit of S3
	if len(key) > most {
		return fmt.Errorf("key of %d bytes is too long: S3 allows %d", len(key), most)
	}
	if !fs.ValidPath(key) || key == "." {
		return fmt.Errorf("key %q is not usable: use parts between single slashes, none of them empty, \".\" or \"..\"", key)
	}
	return nil
}
