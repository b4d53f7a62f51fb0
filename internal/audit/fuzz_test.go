package audit_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
)

// FuzzAddLine gives any line to a Collector that selects everything: nothing panics, every line is accounted for, and what
// comes out can be merged and told.
func FuzzAddLine(f *testing.F) {
	for _, line := range history(4, 40) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		o := options()
		o.Selection = []v3.AuditResource{{}}
		run, facts := encode(t, o, [][]byte{line})
		require.EqualValues(t, 1, facts.Lines)
		var counted int64
		for _, count := range facts.Bad {
			counted += count
		}
		for _, count := range facts.Skipped {
			counted += count
		}
		require.GreaterOrEqual(t, counted+facts.Used, int64(1))
		require.LessOrEqual(t, bytes.Count(run, []byte("\n")), 1, "an entry is one line")
		require.Less(t, len(run), 40*len(line)+4096)

		entries, merged := merge(t, o, [][]byte{line})
		_, err := json.Marshal(merged)
		require.NoError(t, err)
		d := audit.NewDiffer(o.Interval, o.Selection)
		for _, entry := range entries {
			require.NoError(t, d.Add(entry))
		}
		for _, row := range d.Finish(nil).Changes {
			require.Less(t, len(row.What), 4096)
			require.NotEmpty(t, row.Object)
		}
	})
}
