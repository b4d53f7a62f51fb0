package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// VerifyChain checks how the bundles of one report hang together: every link leads to a bundle with the digest that it states,
// a revision supersedes the one before it, the previous bundle is of an earlier interval, and the intervals of the bundles
// that were not made by hand leave no gap. bundles may have any order; links to intervals before all of them are not
// followed, so that a part of an archive can be checked. That the bundles are what their manifests say is for [Verify].
func VerifyChain(bundles []Sealed) []Fault {
	c := chain{byPath: map[string]Sealed{}}
	for _, b := range bundles {
		path := b.Manifest.BundleID().Path()
		if _, taken := c.byPath[path]; taken {
			c.v.add(path+ManifestName, FaultChain, "the bundle is there twice")
		}
		c.byPath[path] = b
		if c.first.IsZero() || b.Manifest.Interval.Start.Before(c.first) {
			c.first = b.Manifest.Interval.Start
		}
	}
	for _, b := range bundles {
		c.bundle(b.Manifest, bundles[0].Manifest.Report)
	}
	c.gaps(bundles)
	return c.v.sorted().Faults
}

type chain struct {
	byPath map[string]Sealed
	first  time.Time // start of the earliest interval
	v      Verification
}

func (c *chain) bundle(m Manifest, report string) {
	key := m.BundleID().Path() + ManifestName
	if m.Report != report {
		c.v.add(key, FaultChain, fmt.Sprintf("the bundle is of report %q, not of %q", m.Report, report))
		return
	}
	c.supersedes(key, m)
	if id, ok := c.follow(key, "previous", m.Previous); ok && id.Interval.End.After(m.Interval.Start) {
		c.v.add(key, FaultChain, fmt.Sprintf("the previous bundle %s is not of an earlier interval", id))
	}
}

// supersedes checks that a revision names the sealed one before it. Numbers of attempts that were never sealed are left out,
// and so have no bundle.
func (c *chain) supersedes(key string, m Manifest) {
	before := 0
	for n := m.Revision - 1; n > 0 && before == 0; n-- {
		if _, there := c.byPath[BundleID{Report: m.Report, Interval: m.Interval, Revision: n}.Path()]; there {
			before = n
		}
	}
	if m.Supersedes == nil && before > 0 {
		c.v.add(key, FaultChain, fmt.Sprintf("revision %d does not name revision %d, which it supersedes", m.Revision, before))
	}
	if id, ok := c.follow(key, "supersedes", m.Supersedes); ok && (id.Interval != m.Interval || id.Revision != before) {
		c.v.add(key, FaultChain, fmt.Sprintf("revision %d supersedes %s, which is not the revision before it", m.Revision, id))
	}
}

// follow checks what a link leads to. It is not ok when there is no link, or nothing where it leads.
func (c *chain) follow(key, name string, link *Link) (BundleID, bool) {
	if link == nil {
		return BundleID{}, false
	}
	id, _, ok := parseBundlePath(link.Key)
	if !ok {
		c.v.add(key, FaultChain, fmt.Sprintf("%s names %q, which is no bundle's manifest", name, shown(link.Key)))
		return BundleID{}, false
	}
	other, there := c.byPath[id.Path()]
	switch {
	case !there && id.Interval.Start.Before(c.first):
		return id, true
	case !there:
		c.v.add(key, FaultChain, fmt.Sprintf("%s names bundle %s, which is not there", name, id))
		return BundleID{}, false
	case other.SHA256 != link.SHA256:
		c.v.add(key, FaultChain, fmt.Sprintf("%s names bundle %s with manifest sha256 %s; it is %s", name, id, link.SHA256, other.SHA256))
	}
	return id, true
}

func (c *chain) gaps(bundles []Sealed) {
	var due []Manifest
	for _, b := range bundles {
		if b.Manifest.Trigger != Manual {
			due = append(due, b.Manifest)
		}
	}
	slices.SortFunc(due, func(a, b Manifest) int {
		return cmp.Or(a.Interval.Start.Compare(b.Interval.Start), a.Interval.End.Compare(b.Interval.End), a.Revision-b.Revision)
	})
	for i := 1; i < len(due); i++ {
		last, next := due[i-1].Interval.End, due[i].Interval.Start
		if next.After(last) {
			c.v.add(due[i].BundleID().Path()+ManifestName, FaultGap, fmt.Sprintf("no bundle speaks about %s to %s", at(last), at(next)))
		}
		if due[i].Interval.End.Before(last) {
			due[i].Interval.End = last // a longer interval before covers this one
		}
	}
}
