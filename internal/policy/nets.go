package policy

import (
	"net/netip"
	"slices"
	"strings"
)

// Nets is a set of IP addresses. The zero value is empty. Nets never change.
type Nets struct {
	// spans are disjoint, not adjacent, and sorted: IPv4 before IPv6, as netip.Addr compares.
	spans []span
}

// span holds the addresses from first to last, both included, of one family.
type span struct{ first, last netip.Addr }

var everything = NetsOf(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"))

// AllNets returns the set of every IPv4 and IPv6 address.
func AllNets() Nets { return everything }

// all tells quickly, and not always, that a set is of every address.
func (n Nets) all() bool { return len(n.spans) == 2 && &n.spans[0] == &everything.spans[0] }

// NetsOf returns the set of the prefixes' addresses. IPv4 addresses mapped into IPv6 count as IPv4. Invalid prefixes are left out.
func NetsOf(prefixes ...netip.Prefix) Nets {
	spans := make([]span, 0, len(prefixes))
	for _, prefix := range prefixes {
		if prefix.IsValid() {
			spans = append(spans, spanOf(prefix))
		}
	}
	return normal(spans)
}

// ParseNets reads CIDRs and single addresses. What cannot be read is left out and returned.
func ParseNets(texts []string) (nets Nets, bad []string) {
	prefixes := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil || addr.Zone() != "" {
				bad = append(bad, text)
				continue
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		prefixes = append(prefixes, prefix)
	}
	return NetsOf(prefixes...), bad
}

func spanOf(prefix netip.Prefix) span {
	addr, bits := prefix.Addr(), prefix.Bits()
	if addr.Is4In6() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96
	}
	first := netip.PrefixFrom(addr, bits).Masked().Addr()
	raw := first.AsSlice()
	for bit := bits; bit < len(raw)*8; bit++ {
		raw[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(raw)
	return span{first, last}
}

// normal sorts the spans and joins those that overlap or touch.
func normal(spans []span) Nets {
	slices.SortFunc(spans, func(a, b span) int { return a.first.Compare(b.first) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && touches(out[n-1], s) {
			if out[n-1].last.Less(s.last) {
				out[n-1].last = s.last
			}
			continue
		}
		out = append(out, s)
	}
	return Nets{slices.Clip(out)}
}

// touches tells, for b not before a, whether a reaches b. Next of a family's last address is invalid or of no family of b's.
func touches(a, b span) bool {
	if a.first.BitLen() != b.first.BitLen() {
		return false
	}
	return !a.last.Less(b.first) || a.last.Next() == b.first
}

// Empty tells whether the set has no address.
func (n Nets) Empty() bool { return len(n.spans) == 0 }

// Equal tells whether both sets have the same addresses.
func (n Nets) Equal(other Nets) bool { return slices.Equal(n.spans, other.spans) }

// Union returns the addresses that are in either set.
func (n Nets) Union(other Nets) Nets {
	switch {
	case n.Empty():
		return other
	case other.Empty():
		return n
	}
	return normal(slices.Concat(n.spans, other.spans))
}

// UnionOf returns the addresses that are in any of the sets.
func UnionOf(sets []Nets) Nets {
	if len(sets) == 1 {
		return sets[0]
	}
	var spans []span
	for _, n := range sets {
		spans = append(spans, n.spans...)
	}
	return normal(spans)
}

// Intersect returns the addresses that are in both sets.
func (n Nets) Intersect(other Nets) Nets {
	switch {
	case other.all():
		return n
	case n.all():
		return other
	}
	var out []span
	for i, j := 0, 0; i < len(n.spans) && j < len(other.spans); {
		a, b := n.spans[i], other.spans[j]
		first, last := later(a.first, b.first), earlier(a.last, b.last)
		if first.Compare(last) <= 0 {
			out = append(out, span{first, last})
		}
		if a.last.Less(b.last) {
			i++
		} else {
			j++
		}
	}
	return Nets{out}
}

// Minus returns the addresses of the set that are not in the other.
func (n Nets) Minus(other Nets) Nets {
	switch {
	case other.Empty():
		return n
	case other.all():
		return Nets{}
	}
	var out []span
	j := 0
	for _, a := range n.spans {
		for j < len(other.spans) && other.spans[j].last.Less(a.first) {
			j++
		}
		out = cut(out, a, other.spans[j:])
	}
	return Nets{out}
}

// cut appends what is left of a without the holes, which are sorted and do not end before a.
func cut(out []span, a span, holes []span) []span {
	for _, hole := range holes {
		if a.last.Less(hole.first) {
			break
		}
		if a.first.Less(hole.first) {
			out = append(out, span{a.first, hole.first.Prev()})
		}
		if !hole.last.Less(a.last) {
			return out
		}
		a.first = hole.last.Next()
	}
	return append(out, a)
}

func later(a, b netip.Addr) netip.Addr {
	if a.Less(b) {
		return b
	}
	return a
}

func earlier(a, b netip.Addr) netip.Addr {
	if b.Less(a) {
		return b
	}
	return a
}

// String lists the ranges, for messages and tests: "10.0.0.0-10.255.255.255, 2001:db8::1".
func (n Nets) String() string {
	parts := make([]string, 0, len(n.spans))
	for _, s := range n.spans {
		part := s.first.String()
		if s.first != s.last {
			part += "-" + s.last.String()
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}
