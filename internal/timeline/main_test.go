package timeline_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain has the property tests try 1,500 clusters each, unless -rapid.checks says otherwise.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1500"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
