package policy_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/policy"
)

func nets(t require.TestingT, texts ...string) policy.Nets {
	parsed, bad := policy.ParseNets(texts)
	require.Empty(t, bad)
	return parsed
}

func TestParseNets(t *testing.T) {
	for _, tc := range []struct {
		name  string
		texts []string
		want  string
		bad   []string
	}{
		{"nothing", nil, "", nil},
		{"a CIDR", []string{"10.0.0.0/8"}, "10.0.0.0-10.255.255.255", nil},
		{"host bits are ignored", []string{"10.1.2.3/8"}, "10.0.0.0-10.255.255.255", nil},
		{"a single address", []string{"192.0.2.1"}, "192.0.2.1", nil},
		{"neighbours join", []string{"10.128.0.0/9", "10.0.0.0/9"}, "10.0.0.0-10.255.255.255", nil},
		{"overlaps join", []string{"10.0.0.0/8", "10.1.0.0/16"}, "10.0.0.0-10.255.255.255", nil},
		{"families stay apart", []string{"::/128", "255.255.255.255/32"}, "255.255.255.255, ::", nil},
		{"IPv6", []string{"2001:db8::/127"}, "2001:db8::-2001:db8::1", nil},
		{"IPv4 in IPv6 counts as IPv4", []string{"::ffff:10.0.0.0/104"}, "10.0.0.0-10.255.255.255", nil},
		{"what cannot be read is returned", []string{"10.0.0.0/33", "x", "fe80::1%eth0", "192.0.2.1/32"}, "192.0.2.1", []string{"10.0.0.0/33", "x", "fe80::1%eth0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, bad := policy.ParseNets(tc.texts)
			require.Equal(t, tc.want, got.String())
			require.Equal(t, tc.bad, bad)
		})
	}
}

func TestNetsAlgebra(t *testing.T) {
	for _, tc := range []struct {
		name string
		got  policy.Nets
		want string
	}{
		{"minus a hole", nets(t, "10.0.0.0/30").Minus(nets(t, "10.0.0.1")), "10.0.0.0, 10.0.0.2-10.0.0.3"},
		{"minus its beginning", nets(t, "10.0.0.0/30").Minus(nets(t, "10.0.0.0/31")), "10.0.0.2-10.0.0.3"},
		{"minus everything", nets(t, "10.0.0.0/30").Minus(policy.AllNets()), ""},
		{"the last address of a family", nets(t, "255.255.255.254/31").Minus(nets(t, "255.255.255.255")), "255.255.255.254"},
		{"one hole, two ranges", nets(t, "10.0.0.0/31", "10.0.0.4/31").Minus(nets(t, "10.0.0.1/32", "10.0.0.4/32")), "10.0.0.0, 10.0.0.5"},
		{"intersect", nets(t, "10.0.0.0/8").Intersect(nets(t, "10.9.0.0/16", "11.0.0.0/8")), "10.9.0.0-10.9.255.255"},
		{"intersect other families", nets(t, "0.0.0.0/0").Intersect(nets(t, "::/0")), ""},
		{"union with nothing", policy.Nets{}.Union(nets(t, "10.0.0.0/32")), "10.0.0.0"},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, tc.got.String()) })
	}
}

// TestNetsAgainstMembership compares the set operations with membership of single addresses.
func TestNetsAgainstMembership(t *testing.T) {
	prefix := rapid.Custom(func(t *rapid.T) netip.Prefix {
		if rapid.Bool().Draw(t, "v6") {
			raw := netip.AddrFrom16([16]byte{0x20, 15: byte(rapid.IntRange(0, 255).Draw(t, "byte"))})
			return netip.PrefixFrom(raw, rapid.IntRange(120, 128).Draw(t, "bits"))
		}
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, byte(rapid.IntRange(0, 255).Draw(t, "byte"))}), rapid.IntRange(24, 32).Draw(t, "bits"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(prefix, 0, 5).Draw(t, "a")
		b := rapid.SliceOfN(prefix, 0, 5).Draw(t, "b")
		x, y := policy.NetsOf(a...), policy.NetsOf(b...)
		both, either, without := x.Intersect(y), x.Union(y), x.Minus(y)
		require.True(t, either.Equal(policy.UnionOf([]policy.Nets{x, y})))
		for i := range 256 {
			for _, at := range []netip.Addr{netip.AddrFrom4([4]byte{255, 255, 255, byte(i)}), netip.AddrFrom16([16]byte{0x20, 15: byte(i)})} {
				inA, inB := contains(a, at), contains(b, at)
				one := policy.NetsOf(netip.PrefixFrom(at, at.BitLen()))
				require.Equal(t, inA && inB, !both.Intersect(one).Empty(), at)
				require.Equal(t, inA || inB, !either.Intersect(one).Empty(), at)
				require.Equal(t, inA && !inB, !without.Intersect(one).Empty(), at)
			}
		}
	})
}

func contains(prefixes []netip.Prefix, at netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(at) {
			return true
		}
	}
	return false
}
