package recording_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/recording"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestFirstSchema: a segment of the first schema is read by every later version, and this version writes it to the byte.
func TestFirstSchema(t *testing.T) {
	object := json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"cart-1","namespace":"shop","uid":"u1","resourceVersion":"102"}}`)
	want := written(t, []recording.Span{span(0, 0, "100", "100")},
		recording.Line{Type: recording.Created, At: at(1), Kind: pods, Version: "102", Manager: "kubectl-create", Object: object},
		recording.Line{Type: recording.Changed, At: at(2), Received: at(9), Kind: pods, Version: "103", Object: object},
		followed(10, "104"), listed(30, "200", 10, "the API server does not keep changes for that long"),
		recording.Line{Type: recording.Deleted, At: at(31), Kind: pods, Version: "201", Object: object},
		recording.Line{Type: recording.Refused, At: at(40), Kind: "core.nodes", Why: "forbidden"},
		recording.Line{Type: recording.Absent, At: at(41), Kind: "projectcalico.org.tiers"},
	)
	golden := filepath.Join("testdata", "segment.v1.ndjson")
	if *update {
		require.NoError(t, os.WriteFile(golden, want, 0o600))
	}
	have, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), string(have))
	footer, err := recording.Read(bytes.NewReader(have), func(raw []byte) error {
		_, err := recording.Parse(raw)
		return err
	})
	require.NoError(t, err)
	require.Len(t, footer.Spans, 3)
	require.Len(t, footer.Gaps, 1)
}
