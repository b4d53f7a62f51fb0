package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFindOpenSearch(t *testing.T) {
	folder := t.TempDir()
	found, err := findOpenSearch(folder)
	require.NoError(t, err)
	require.Equal(t, folder, found)

	_, err = findOpenSearch(filepath.Join(folder, "none"))
	require.ErrorContains(t, err, "`make build-opensearch` makes bin/opensearch/plain")
	_, err = findOpenSearch("") // nothing is beside the test's own program
	require.ErrorContains(t, err, "OpenSearch is not beside probity: build it with `make build-opensearch`")
}

func TestOpenSearchNeedsMemory(t *testing.T) {
	o := stackOptions{opensearch: opensearchOptions{jars: t.TempDir(), heap: 64}}
	_, err := (&app{}).startOpenSearch(t.Context(), &o)
	require.ErrorContains(t, err, "--opensearch-heap is 64")
}
