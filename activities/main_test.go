package activities_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain has the property tests run forty reports each, unless -rapid.checks says otherwise: a report takes a fifth of a
// second.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "40"); err != nil {
		os.Exit(2)
	}
	os.Exit(m.Run())
}
