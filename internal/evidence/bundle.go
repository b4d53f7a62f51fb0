package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Sealed is a bundle's manifest and the digest of its stored bytes, by which links name it.
type Sealed struct {
	Manifest Manifest
	SHA256   string
}

// VerifyBundle reads the manifest in folder and verifies the bundle by it, as [Verify] does. A manifest that is missing or
// cannot be read is a fault; the bundle is then left unread.
func VerifyBundle(ctx context.Context, r Reader, folder string) (Sealed, Verification, error) {
	var v Verification
	raw, err := readDocument(ctx, r, folder+ManifestName)
	if errors.Is(err, fs.ErrNotExist) {
		v.add(folder+ManifestName, FaultManifest, "there is no manifest, so no bundle")
		return Sealed{}, v.sorted(), nil
	}
	if err != nil {
		return Sealed{}, v, fmt.Errorf("verify %s: %w", folder, err)
	}
	m, err := ReadManifest(raw)
	if err != nil {
		v.add(folder+ManifestName, FaultManifest, err.Error())
		return Sealed{}, v.sorted(), nil
	}
	v, err = Verify(ctx, r, folder, m)
	return Sealed{Manifest: m, SHA256: Digest(raw)}, v, err
}

func readDocument(ctx context.Context, r Reader, key string) ([]byte, error) {
	body, err := r.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, MaxDocument+1))
}

// FS reads an archive from a file system: a folder that a bucket was copied to, or an opened zip.
type FS struct{ From fs.FS }

var _ Reader = FS{}

// Get opens a file.
func (f FS) Get(_ context.Context, key string) (io.ReadCloser, error) { return f.From.Open(key) }

// List calls yield with each file whose path starts with prefix. Names sort within their folder, which is the order of whole
// keys unless a name has a byte below "/".
func (f FS) List(ctx context.Context, prefix string, yield func(key string, modified time.Time) error) error {
	root := path.Dir(prefix + "x")
	return fs.WalkDir(f.From, root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name == root:
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case entry.IsDir() || !strings.HasPrefix(name, prefix):
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return yield(name, info.ModTime().UTC())
	})
}
