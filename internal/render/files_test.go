package render

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
)

func TestOwnFiles(t *testing.T) {
	changes, refused := shopChanges()
	for name, c := range map[string]struct {
		write func(io.Writer) (int64, error)
		rows  int64
	}{
		FlowsName:   {func(w io.Writer) (int64, error) { return FlowsCSV(w, rowsOf(shopRows())) }, 3},
		ChangesName: {func(w io.Writer) (int64, error) { return ChangesCSV(w, changes) }, 2},
		RefusedName: {func(w io.Writer) (int64, error) { return RefusedCSV(w, refused) }, 1},
		LivesName:   {func(w io.Writer) (int64, error) { return LivesCSV(w, shopLives()) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			rows, err := c.write(&b)
			require.NoError(t, err)
			require.Equal(t, c.rows, rows)
			read, err := csv.NewReader(bytes.NewReader(b.Bytes())).ReadAll()
			require.NoError(t, err)
			require.Len(t, read, int(rows)+1)
			requireGolden(t, name, b.Bytes())

			_, err = c.write(brokenWriter{})
			require.ErrorIs(t, err, errBroken)
			require.ErrorContains(t, err, "write "+name)
		})
	}
}

func TestOwnFilesWithoutRows(t *testing.T) {
	var b bytes.Buffer
	rows, err := FlowsCSV(&b, rowsOf(nil))
	require.NoError(t, err)
	require.Zero(t, rows)
	require.Equal(t, "source,destination,service,port,protocol,action,reporter,policy,connections,bytesIn,bytesOut,packetsIn,packetsOut,first,last\n", b.String())
}

func TestFlowsCSVStopsAtAnError(t *testing.T) {
	var b bytes.Buffer
	_, err := FlowsCSV(&b, func(yield func(flow.Row, error) bool) {
		if yield(shopRows()[0], nil) {
			yield(flow.Row{}, errBroken)
		}
	})
	require.ErrorIs(t, err, errBroken)
}

func TestFreeTextIsNoFormula(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "jane": "jane", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "a=b": "a=b", "é": "é", "'=x": "'=x",
	} {
		t.Run(in, func(t *testing.T) { require.Equal(t, want, safe(in)) })
	}
	changes, _ := shopChanges()
	var b strings.Builder
	_, err := ChangesCSV(&b, changes)
	require.NoError(t, err)
	require.Contains(t, b.String(), `,'=cmd|' /C calc'!A0,10.1.9.9,'@SUM(A1),create,`)
}

func TestFileName(t *testing.T) {
	zone := time.FixedZone("", 3600)
	iv := interval.Interval{Start: time.Date(2022, 2, 13, 1, 0, 0, 0, zone), End: time.Date(2022, 2, 14, 0, 0, 0, 0, time.UTC)}
	require.Equal(t, "inventory_daily-pci-inventory_20220213000000-20220214000000-endpoints.csv",
		FileName("inventory", "daily-pci-inventory", iv, "endpoints.csv"))
}
