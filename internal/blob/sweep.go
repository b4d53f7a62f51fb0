package blob

import (
	"fmt"
	"strings"
)

// Swept counts what a sweep removed. Where the bucket keeps versions, each version counts.
type Swept struct {
	Objects int64
	Bytes   int64
	Kept    int64 // old enough, but locked
}

// checkSweep refuses to sweep a whole bucket by mistake.
func checkSweep(folder string) error {
	if folder == "" || folder == "/" || !strings.HasSuffix(folder, "/") {
		return fmt.Errorf("folder %q cannot be swept: name a folder, ending in \"/\"", folder)
	}
	return nil
}
