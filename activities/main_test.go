package activities_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain has the property tests run ten reports each, unless -rapid.checks says otherwise: with the race detector a
// report takes a second.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "10"); err != nil {
		os.Exit(2)
	}
	os.Exit(m.Run())
}
