package selectordiff

import (
	"testing"

	calico "github.com/projectcalico/calico/libcalico-go/lib/selector"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/selector"
)

// library is the public library's view of a text.
type library struct {
	accepted bool
	text     string // canonical, and read again until it stays the same
	matches  func(labels map[string]string) bool
}

func askLibrary(t require.TestingT, text string) library {
	parsed, err := calico.Parse(text)
	if err != nil {
		return library{}
	}
	settled := parsed.String()
	for {
		again, err := calico.Parse(settled)
		require.NoError(t, err, "the library must read its own text of %q", text)
		if again.String() == settled {
			break
		}
		settled = again.String()
	}
	return library{accepted: true, text: settled, matches: parsed.Evaluate}
}

// compare checks one text over some label maps and tells whether it was accepted.
func compare(t require.TestingT, text string, labels ...map[string]string) bool {
	if unbroken := withoutLineBreaks(text); unbroken != text {
		_, err := selector.Parse(text)
		require.Error(t, err, "%q has a line break outside quotes", text)
		compare(t, unbroken, labels...)
		return false
	}
	want := askLibrary(t, text)
	got, err := selector.Parse(text)
	require.Equal(t, want.accepted, err == nil, "accepting %q: the library says %v, Probity says: %v", text, want.accepted, err)
	if err != nil {
		return false
	}
	require.Equal(t, want.text, got.String(), "canonical text of %q", text)
	for _, l := range labels {
		require.Equal(t, want.matches(l), got.Matches(selector.Map(l)), "%q over %v", text, l)
	}
	return true
}

// withoutLineBreaks puts a space for each line break outside quotes.
func withoutLineBreaks(text string) string {
	out, open := []byte(text), byte(0)
	for i, c := range out {
		switch {
		case open != 0:
			if c == open {
				open = 0
			}
		case c == '\'' || c == '"':
			open = c
		case c == '\n' || c == '\r' || c == '\f':
			out[i] = ' '
		}
	}
	return string(out)
}

func TestListedSelectors(t *testing.T) {
	labels := []map[string]string{nil, {"a": "b"}, {"a": "x", "in": "x", "not": ""}, {"has": "x", "all": "y", "starts": "x"}}
	accepted := 0
	for _, text := range listed {
		t.Run(text, func(t *testing.T) {
			if compare(t, text, labels...) {
				accepted++
			}
		})
	}
	require.Greater(t, accepted, len(listed)/3, "the list must hold valid selectors")
	require.Less(t, accepted, len(listed)*2/3, "the list must hold invalid selectors")
}

func TestValidSelectors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range casesPerCheck {
			text := validSelectors(4).Draw(t, "selector")
			require.True(t, compare(t, text, labelMaps.Draw(t, "labels"), labelMaps.Draw(t, "other labels")), text)
		}
	})
}

func TestDamagedSelectors(t *testing.T) {
	compareMany(t, damagedSelectors)
}

func TestTokenSoup(t *testing.T) {
	compareMany(t, tokenSoups)
}

// compareMany compares texts of which some are valid and some are not, and fails when all are the same.
func compareMany(t *testing.T, texts *rapid.Generator[string]) {
	compared, accepted := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range casesPerCheck {
			if compare(t, texts.Draw(t, "selector"), labelMaps.Draw(t, "labels")) {
				accepted++
			}
			compared++
		}
	})
	t.Logf("%d of %d texts were accepted by both", accepted, compared)
	require.Greater(t, accepted, compared/100)
	require.Less(t, accepted, compared*99/100)
}

func FuzzCompare(f *testing.F) {
	for _, text := range listed {
		f.Add(text, "a", "b")
	}
	f.Fuzz(func(t *testing.T, text, name, value string) {
		if isBeyondBounds(text) {
			return
		}
		compare(t, text, nil, map[string]string{name: value})
	})
}
