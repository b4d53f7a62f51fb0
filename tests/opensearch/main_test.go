package opensearch

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/tests/opensearch/cluster"
)

// parentOf makes the test's own program start a server in that folder, and wait for its end.
const parentOf = "OPENSEARCH_TEST_PARENT_OF"

func TestMain(m *testing.M) {
	if folder := os.Getenv(parentOf); folder != "" {
		os.Exit(parent(folder))
	}
	code := m.Run()
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func parent(folder string) int {
	child, err := cluster.Child(devstack.OpenSearchOptions{Folder: folder})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(child.Address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	<-child.Done()
	return 0
}
