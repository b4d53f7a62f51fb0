package harness

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/temporalproto"
)

// record makes the scenarios write their histories as replay fixtures. They belong to the release that they are recorded from:
// record them from released code, into a folder of its own, and keep the old ones.
var record = flag.String("record", "", "release, for example v0.1: write the scenarios' histories to workflows/testdata/replay/<release>")

// maxFixture keeps the fixtures small enough to read in a review.
const maxFixture = 200 << 10

// Record keeps the history of a run as the replay fixture of that name, when the tests run with -record.
func (e *Env) Record(t *testing.T, name, id, run string) {
	t.Helper()
	if *record == "" {
		return
	}
	h, err := e.History(t.Context(), id, run)
	require.NoError(t, err)
	encoded, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	require.NoError(t, err)
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&tree))
	host, err := os.Hostname()
	require.NoError(t, err)
	scrub(tree, host)
	encoded, err = json.MarshalIndent(tree, "", " ")
	require.NoError(t, err)
	require.Less(t, len(encoded), maxFixture, name)
	folder := filepath.Join(e.Root, "workflows", "testdata", "replay", *record)
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, name+".json"), append(encoded, '\n'), 0o644))
}

// scrub takes this machine's name and process out of a history.
func scrub(node any, host string) {
	switch n := node.(type) {
	case map[string]any:
		for key, value := range n {
			text, ok := value.(string)
			switch {
			case ok && key == "identity":
				n[key] = identity
			case ok && strings.HasPrefix(text, host+":"):
				n[key] = identity + "-sticky"
			default:
				scrub(value, host)
			}
		}
	case []any:
		for _, value := range n {
			scrub(value, host)
		}
	}
}
