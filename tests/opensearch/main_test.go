package opensearch

import (
	"fmt"
	"os"
	"testing"

	"github.com/probity/probity/tests/opensearch/cluster"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
