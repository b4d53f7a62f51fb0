package logfile

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/probity/probity/internal/resource"
)

// gathered is what was found in a folder so far.
type gathered struct {
	only     resource.Kind // the one kind to keep; NoKind keeps all
	entries  map[resource.Key]*entry
	other    map[string]int64
	files    int
	followed int64 // documents of followed kinds, whether kept or not
	newest   time.Time
	at       time.Time
	notes    []string
}

// entry is the object that counts for its key.
type entry struct {
	id      resource.ID
	version string
	place   place
	packed  []byte
	sum     [sha256.Size]byte
	// conflict is where another object of the same version was found that says something else.
	conflict *place
	replaced bool // one of another version was found
}

func (e *entry) unpack() (json.RawMessage, error) {
	raw, err := s2.Decode(nil, e.packed)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", e.id.Key, err)
	}
	return raw, nil
}

func (g *gathered) sorted() []*entry {
	all := make([]*entry, 0, len(g.entries))
	for _, e := range g.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int { return a.id.Compare(b.id) })
	return all
}

// add takes one object in. Of an object that is not followed nothing but its kind is looked at.
func (g *gathered) add(doc document) error {
	kind := resource.KindOf(doc.apiVersion, doc.kind)
	if kind == resource.NoKind {
		g.other[doc.apiVersion+" "+doc.kind]++
		return nil
	}
	g.followed++
	raw, err := doc.canonical()
	if err != nil {
		return err
	}
	obj, err := resource.Read(raw)
	if err != nil {
		return err
	}
	if err := g.see(raw); err != nil {
		return err
	}
	if g.only != resource.NoKind && g.only != kind {
		return nil
	}
	fresh := &entry{id: obj.ID, version: obj.Version, place: doc.place, packed: s2.Encode(nil, raw), sum: sha256.Sum256(raw)}
	old, ok := g.entries[obj.ID.Key]
	if !ok {
		g.entries[obj.ID.Key] = fresh
		return nil
	}
	g.entries[obj.ID.Key], err = choose(old, fresh)
	return err
}

// see takes the times of an object into account.
func (g *gathered) see(raw []byte) error {
	var times struct {
		Metadata struct {
			CreationTimestamp *time.Time `json:"creationTimestamp"`
			ManagedFields     []struct {
				Time *time.Time `json:"time"`
			} `json:"managedFields"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &times); err != nil {
		return fmt.Errorf("decode metadata: %w", err)
	}
	newer := func(t *time.Time) {
		if t != nil && t.After(g.newest) {
			g.newest = t.UTC()
		}
	}
	newer(times.Metadata.CreationTimestamp)
	for _, field := range times.Metadata.ManagedFields {
		newer(field.Time)
	}
	return nil
}

// choose decides between two documents about one object. The result does not depend on the order in which documents come.
func choose(a, b *entry) (*entry, error) {
	if a.sum == b.sum {
		return a, nil
	}
	if order := compareVersions(a.version, b.version); order != 0 {
		if order < 0 {
			a = b
		}
		a.replaced = true
		return a, nil
	}
	same, err := sameObject(a, b)
	if err != nil {
		return nil, err
	}
	winner, loser := a, b
	if preferred(b, a) {
		winner, loser = b, a
	}
	winner.replaced = a.replaced || b.replaced
	winner.conflict = cmp.Or(a.conflict, b.conflict)
	if !same && winner.conflict == nil {
		winner.conflict = &loser.place
	}
	return winner, nil
}

// compareVersions orders resourceVersions as numbers; an object without one (a manifest) is older than any.
func compareVersions(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// sameObject tells whether two documents agree in what is followed of an object: one may have more metadata, or be the
// crd.projectcalico.org/v1 form of the other.
func sameObject(a, b *entry) (bool, error) {
	var reduced [2][]byte
	for i, e := range []*entry{a, b} {
		raw, err := e.unpack()
		if err != nil {
			return false, err
		}
		obj, err := resource.Read(raw)
		if err != nil {
			return false, err
		}
		if reduced[i], err = json.Marshal(obj); err != nil {
			return false, fmt.Errorf("encode %s: %w", e.id.Key, err)
		}
	}
	return bytes.Equal(reduced[0], reduced[1]), nil
}

// preferred tells whether a is to be kept of two documents that agree: the longer one, which says more.
func preferred(a, b *entry) bool {
	return cmp.Or(cmp.Compare(len(a.packed), len(b.packed)), bytes.Compare(a.sum[:], b.sum[:])) > 0
}
