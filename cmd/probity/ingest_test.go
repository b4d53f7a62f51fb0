package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIngestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.log", "a/2.gz", "a/1.gz", ".git/x", ".hidden"} {
		path := filepath.Join(dir, "logs", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	}
	logs := filepath.Join(dir, "logs")
	require.NoError(t, os.Symlink(filepath.Join(logs, "b.log"), filepath.Join(logs, "c.log")))
	require.NoError(t, os.Symlink(logs, filepath.Join(dir, "link")))
	inside := func(names ...string) []string {
		out := make([]string, len(names))
		for i, name := range names {
			out[i] = filepath.Join(logs, name)
		}
		return out
	}
	all := inside("a/1.gz", "a/2.gz", "b.log", "c.log")
	for name, c := range map[string]struct{ args, want []string }{
		"a folder":               {[]string{logs}, all},
		"a link to a folder":     {[]string{filepath.Join(dir, "link")}, all},
		"files in their order":   {inside("b.log", "a/2.gz"), inside("b.log", "a/2.gz")},
		"one that is hidden":     {inside(".hidden"), inside(".hidden")},
		"standard input and all": {[]string{"-", logs}, append([]string{"-"}, all...)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ingestFiles(c.args)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	_, err := ingestFiles([]string{filepath.Join(dir, "nothing")})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = ingestFiles([]string{t.TempDir()})
	require.ErrorContains(t, err, "holds no files")
}

func TestBadLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad")
	var shown bytes.Buffer
	bad, err := newBadLines(path, &shown)
	require.NoError(t, err)
	require.NoFileExists(t, path, "it is made with the first line")
	for _, line := range []string{"\x1b[31mred\xff", strings.Repeat("x", 500), "c", "not shown"} {
		require.NoError(t, bad.add([]byte(line), "invalid JSON"))
	}
	var writing sync.WaitGroup
	writing.Go(func() { _, _ = bad.long.Write([]byte("lo")); _, _ = bad.long.Write([]byte("ng")) })
	writing.Wait()
	require.NoError(t, bad.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "\x1b[31mred\xff\n"+strings.Repeat("x", 500)+"\nc\nnot shown\n", string(text))
	text, err = os.ReadFile(path + ".long")
	require.NoError(t, err)
	require.Equal(t, "long", string(text))
	require.Equal(t, `not stored, invalid JSON: \x1b[31mred\xff`+"\n"+"not stored, invalid JSON: "+strings.Repeat("x", 160)+"…\nnot stored, invalid JSON: c\n", shown.String())
	n, err := bad.long.Write([]byte("late"))
	require.NoError(t, err)
	require.Equal(t, 4, n, "a reader that is late is not stopped by it")

	for _, name := range []string{path, strings.TrimSuffix(path+".long", ".long")} {
		_, err = newBadLines(name, &shown)
		require.ErrorContains(t, err, "there is a file "+path)
	}
	none, err := newBadLines("", &shown)
	require.NoError(t, err)
	require.NoError(t, none.add([]byte("x"), "no"))
	require.NoError(t, none.Close())
	nowhere, err := newBadLines(filepath.Join(t.TempDir(), "no", "folder"), &shown)
	require.NoError(t, err)
	require.ErrorContains(t, nowhere.add([]byte("x"), "no"), "keep bad lines: open ")
}

func TestIncompleteIngest(t *testing.T) {
	var i ingested
	require.NoError(t, i.incomplete())
	i.Read, i.Bad, i.Refused, i.Damaged = 9, 2, 1, []string{"a.gz", "b.gz"}
	err := i.incomplete()
	require.EqualError(t, err, "3 of 9 lines are not stored; these files end early: a.gz, b.gz")
	require.Equal(t, exitIncomplete, exitCode(t.Context(), err))
}
