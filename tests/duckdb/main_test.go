package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBothSidesAgree(t *testing.T) {
	for _, s := range []settings{
		{lines: 2000, groups: 50, rounds: 2, workers: 2, dir: t.TempDir()},
		{lines: 3000, groups: 3000, rounds: 1, workers: 1, dir: t.TempDir()},
	} {
		t.Run("", func(t *testing.T) { require.NoError(t, compare(t.Context(), s)) })
	}
}

func TestADifferenceIsFound(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "flows.log")
	_, err := generate(file, 500, 20)
	require.NoError(t, err)
	theirs, err := newDuck(file, 1)
	require.NoError(t, err)
	defer theirs.close()
	require.NoError(t, theirs.group(t.Context()))
	ours := &probity{dir: dir, workers: 1}
	require.NoError(t, ours.group(t.Context()))
	require.NoError(t, same(t.Context(), theirs, ours))

	lines, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, c := range []struct{ name, from, to string }{
		{"a sum", `"bytes_in":`, `"bytes_in":1`},
		{"a key", `"dest_namespace":"`, `"dest_namespace":"x`},
		{"a record", `{"start_time":`, `{"start_time":9`},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(file, bytes.Replace(lines, []byte(c.from), []byte(c.to), 1), 0o600))
			require.NoError(t, ours.group(t.Context()))
			require.Error(t, same(t.Context(), theirs, ours))
		})
	}
}

func TestLinesAreTheSameEveryTime(t *testing.T) {
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		file := filepath.Join(dir, "flows.log")
		size, err := generate(file, 1000, 300)
		require.NoError(t, err)
		files[i], err = os.ReadFile(file)
		require.NoError(t, err)
		require.Len(t, files[i], int(size))
	}
	require.Equal(t, files[0], files[1])
	require.InDelta(t, 840, len(files[0])/1000, 20, "bytes a line")
}
