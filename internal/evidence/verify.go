package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// Reader is what verification needs of an archive: a bucket, a folder, an opened zip.
type Reader interface {
	// List calls yield with each object whose key starts with prefix, in the order of the keys' bytes. An error of yield ends
	// the listing and is returned as it is.
	List(ctx context.Context, prefix string, yield func(key string, modified time.Time) error) error
	// Get opens an object. Where there is none, the error is [fs.ErrNotExist] to errors.Is.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
}

// Fault is one thing that is not as a manifest says.
type Fault struct {
	Key  string `json:"key"` // as the manifest or the archive has it
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Kinds of faults.
const (
	FaultMissing  = "missing"  // listed, but not there
	FaultExtra    = "extra"    // there, but not listed
	FaultSize     = "size"     // other size than listed
	FaultDigest   = "digest"   // other bytes than listed
	FaultManifest = "manifest" // the manifest is missing, cannot be read, or lies in another bundle's folder
	FaultChain    = "chain"    // a link leads nowhere or to other bytes
	FaultGap      = "gap"      // the intervals of a chain do not tile
)

// Verification is the result of checking bundles. It is good when there is no fault.
type Verification struct {
	Objects int64   `json:"objects"` // checked
	Bytes   int64   `json:"bytes"`   // read
	Faults  []Fault `json:"faults"`  // sorted by key, then kind
}

// OK tells whether everything is as the manifest says.
func (v Verification) OK() bool { return len(v.Faults) == 0 }

// Verify reads every object of the bundle below folder and compares it with the manifest. Faults are results; the error is
// about reading itself (the archive cannot be reached, the context ended) and leaves the verification unfinished.
func Verify(ctx context.Context, r Reader, folder string, m Manifest) (Verification, error) {
	v, err := verifyObjects(ctx, r, folder, m.Objects)
	if err != nil {
		return v, fmt.Errorf("verify bundle %s: %w", m.BundleID(), err)
	}
	if !strings.HasSuffix(folder, m.BundleID().Path()) {
		v.add(folder+ManifestName, FaultManifest, fmt.Sprintf("the manifest is of bundle %s", m.BundleID()))
	}
	return v.sorted(), nil
}

// VerifySnapshot reads every object of the snapshot below folder and compares it with its manifest, as [Verify] does.
func VerifySnapshot(ctx context.Context, r Reader, folder string, s Snapshot) (Verification, error) {
	v, err := verifyObjects(ctx, r, folder, s.Objects)
	if err != nil {
		return v, fmt.Errorf("verify snapshot of %s: %w", at(s.Time), err)
	}
	return v.sorted(), nil
}

func verifyObjects(ctx context.Context, r Reader, folder string, objects []Object) (Verification, error) {
	var v Verification
	listed := make(map[string]bool, len(objects))
	for _, o := range objects {
		listed[o.Key] = true
		if err := v.object(ctx, r, folder, o); err != nil {
			return v, err
		}
	}
	err := r.List(ctx, folder, func(key string, _ time.Time) error {
		name := strings.TrimPrefix(key, folder)
		if !listed[name] && name != ManifestName && name != SignatureName {
			v.add(key, FaultExtra, "the object is not in the manifest")
		}
		return nil
	})
	if err != nil {
		return v, fmt.Errorf("list %s: %w", folder, err)
	}
	return v, nil
}

func (v *Verification) object(ctx context.Context, r Reader, folder string, o Object) error {
	key := folder + o.Key
	body, err := r.Get(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		v.add(key, FaultMissing, "the manifest lists the object, but it is not there")
		return nil
	}
	if err != nil {
		return fmt.Errorf("get %s: %w", key, err)
	}
	defer body.Close()
	hash := sha256.New()
	// One byte more than listed is enough to know that the size differs.
	n, err := io.Copy(hash, io.LimitReader(body, o.Bytes+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	v.Objects++
	v.Bytes += n
	switch sum := hex.EncodeToString(hash.Sum(nil)); {
	case n > o.Bytes:
		v.add(key, FaultSize, fmt.Sprintf("the object has more than the %d bytes that the manifest states", o.Bytes))
	case n < o.Bytes:
		v.add(key, FaultSize, fmt.Sprintf("the object has %d bytes; the manifest states %d", n, o.Bytes))
	case sum != o.SHA256:
		v.add(key, FaultDigest, fmt.Sprintf("the object's sha256 is %s; the manifest states %s", sum, o.SHA256))
	}
	return nil
}

func (v *Verification) add(key, kind, text string) {
	v.Faults = append(v.Faults, Fault{Key: key, Kind: kind, Text: text})
}

func (v Verification) sorted() Verification {
	v.Faults = append([]Fault{}, v.Faults...)
	slices.SortFunc(v.Faults, func(a, b Fault) int {
		return strings.Compare(a.Key+"\x00"+a.Kind+"\x00"+a.Text, b.Key+"\x00"+b.Kind+"\x00"+b.Text)
	})
	return v
}
