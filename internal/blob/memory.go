package blob

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/probity/probity/internal/evidence"
)

// Memory is a bucket in memory with the behaviour of [S3], for tests. The zero value is an empty bucket.
type Memory struct {
	// Now is the clock that stamps objects; nil is the machine's.
	Now func() time.Time

	mu      sync.Mutex
	objects map[string]stored
}

type stored struct {
	raw      []byte
	object   evidence.Object
	modified time.Time
}

// Put stores the body under the key, in place of what is there.
func (m *Memory) Put(ctx context.Context, key string, body io.ReadSeeker) error {
	return m.put(ctx, "put", key, body)
}

// PutIfAbsent stores the body under the key; the error is [ErrExists] when the key is taken. Of several writers at once, one wins.
func (m *Memory) PutIfAbsent(ctx context.Context, key string, body io.ReadSeeker) error {
	return m.put(ctx, putNew, key, body)
}

// Stream stores a body that is not seekable under a key that must be free, as PutIfAbsent does.
func (m *Memory) Stream(ctx context.Context, key string, body io.Reader) error {
	return m.put(ctx, streamNew, key, body)
}

func (m *Memory) put(ctx context.Context, op, key string, body io.Reader) error {
	if err := checkKey(key); err != nil {
		return m.fail(op, key, nil, err)
	}
	raw, err := io.ReadAll(&ctxReader{ctx, body})
	if err != nil {
		return m.fail(op, key, nil, err)
	}
	o := evidence.Object{Key: key, SHA256: evidence.Digest(raw), Bytes: int64(len(raw)), MediaType: evidence.MediaType(key)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.objects[key]; taken && op != "put" {
		return m.fail(op, key, ErrExists, nil)
	}
	m.set(key, stored{raw, o, m.now()})
	return nil
}

func (m *Memory) set(key string, s stored) {
	if m.objects == nil {
		m.objects = map[string]stored{}
	}
	m.objects[key] = s
}

// Get opens the object under the key.
func (m *Memory) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	s, err := m.find(ctx, "get", key)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(s.raw)), nil
}

// Head describes the object under the key.
func (m *Memory) Head(ctx context.Context, key string) (evidence.Object, error) {
	s, err := m.find(ctx, "head", key)
	return s.object, err
}

func (m *Memory) find(ctx context.Context, op, key string) (stored, error) {
	if err := context.Cause(ctx); err != nil {
		return stored{}, m.fail(op, key, nil, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.objects[key]
	if !ok {
		return stored{}, m.fail(op, key, ErrNotFound, nil)
	}
	return s, nil
}

// List calls yield with each object whose key starts with prefix, in the order of the keys' bytes. An error of yield ends the
// listing and is returned as it is.
func (m *Memory) List(ctx context.Context, prefix string, yield func(key string, modified time.Time) error) error {
	for _, l := range m.listed(prefix) {
		if err := context.Cause(ctx); err != nil {
			return m.fail("list", prefix, nil, err)
		}
		if err := yield(l.object.Key, l.modified); err != nil {
			return err
		}
	}
	return nil
}

func (m *Memory) listed(prefix string) []stored {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []stored
	for _, key := range slices.Sorted(maps.Keys(m.objects)) {
		if strings.HasPrefix(key, prefix) {
			all = append(all, m.objects[key])
		}
	}
	return all
}

// Folders are the folders directly below a folder: "a/" has "a/b/" when there is an object "a/b/c". Sorted; each ends in "/".
func (m *Memory) Folders(ctx context.Context, folder string) ([]string, error) {
	folders := map[string]bool{}
	err := m.List(ctx, folder, func(key string, _ time.Time) error {
		if part, _, ok := strings.Cut(strings.TrimPrefix(key, folder), "/"); ok {
			folders[folder+part+"/"] = true
		}
		return nil
	})
	return slices.Sorted(maps.Keys(folders)), err
}

// Copy puts the bytes of one object under another key, in place of what is there.
func (m *Memory) Copy(ctx context.Context, from, to string) error {
	if err := checkKey(to); err != nil {
		return m.fail("copy to", to, nil, err)
	}
	s, err := m.find(ctx, "copy", from)
	if err != nil {
		return err
	}
	s.object.Key, s.object.MediaType, s.modified = to, evidence.MediaType(to), m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set(to, s)
	return nil
}

// Delete removes the object under the key. That there is none is no error.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := context.Cause(ctx); err != nil {
		return m.fail("delete", key, nil, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	return nil
}

// Sweep removes the objects of a folder that were last changed before a time.
func (m *Memory) Sweep(ctx context.Context, folder string, before time.Time) (Swept, error) {
	var swept Swept
	if err := checkSweep(folder); err != nil {
		return swept, m.fail("sweep", folder, nil, err)
	}
	for _, l := range m.listed(folder) {
		if !l.modified.Before(before) {
			continue
		}
		if err := m.Delete(ctx, l.object.Key); err != nil {
			return swept, err
		}
		swept.Objects, swept.Bytes = swept.Objects+1, swept.Bytes+l.object.Bytes
	}
	return swept, nil
}

func (m *Memory) now() time.Time {
	if m.Now != nil {
		return m.Now().UTC()
	}
	return time.Now().UTC()
}

func (m *Memory) fail(op, key string, kind, cause error) error {
	return &Error{Op: op, Where: "memory:" + key, Kind: kind, Cause: cause}
}
