package receive_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/internal/receive/receivetest"
)

// killed copies what the folder of a process that was killed now would hold.
func killed(t *testing.T, dir string) string {
	t.Helper()
	copied := t.TempDir()
	require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
	return copied
}

// change alters the only file of the pattern.
func change(t *testing.T, pattern string, edit func(text string) string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(files[0], []byte(edit(string(text))), 0o600))
}

func TestWhatAKilledProcessLeaves(t *testing.T) {
	a, b := receivetest.Flows("a", noon, 3), receivetest.Flows("b", noon, 2)
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  string
	}{
		{"as it was", func(*testing.T, string) {}, a + "\n" + b + "\n"},
		{"half a push behind the stored ones", func(t *testing.T, dir string) {
			change(t, dir+"/.open-*", func(text string) string { return text + `{"Key":{"source_na` })
		}, a + "\n" + b + "\n"},
		{"a push that the journal does not name", func(t *testing.T, dir string) {
			change(t, dir+"/.open-*", func(text string) string { return text + receivetest.Flows("c", noon, 1) + "\n" })
		}, a + "\n" + b + "\n"},
		{"half a line in the journal", func(t *testing.T, dir string) {
			change(t, dir+"/.pushes", func(text string) string { return text[:len(text)-10] })
		}, a + "\n"},
		{"zeros in the journal", func(t *testing.T, dir string) {
			change(t, dir+"/.pushes", func(text string) string { return text + strings.Repeat("\x00", 100_000) })
		}, a + "\n" + b + "\n"},
		{"no journal", func(t *testing.T, dir string) { require.NoError(t, os.Remove(dir+"/.pushes")) }, a + "\n" + b + "\n"},
		{"no journal, and half a push", func(t *testing.T, dir string) {
			change(t, dir+"/.open-*", func(text string) string { return text + `{"Key":{"source_na` })
			require.NoError(t, os.Remove(dir+"/.pushes"))
		}, a + "\n" + b + "\n"},
		{"a spool", func(t *testing.T, dir string) { require.NoError(t, os.WriteFile(dir+"/.spool-1", []byte("x"), 0o600)) }, a + "\n" + b + "\n"},
		{"a file that lost data", func(t *testing.T, dir string) {
			change(t, dir+"/.open-*", func(string) string { return a + "\n" })
		}, a + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			before := openFolder(t, dir, nil)
			for _, body := range []string{a, b} {
				_, err := store(t, before, body)
				require.NoError(t, err)
			}
			left := killed(t, dir)
			require.NoError(t, before.Close())
			test.spoil(t, left)
			after := openFolder(t, left, nil)
			_, text := visible(t, left)
			require.Equal(t, test.want, text, "what was acknowledged is seen at once, and nothing else")
			c := receivetest.Flows("c", noon, 1)
			duplicate, err := store(t, after, c)
			require.NoError(t, err)
			require.False(t, duplicate)
			require.NoError(t, after.Close())
			_, text = visible(t, left)
			require.Equal(t, test.want+c+"\n", text)
			hidden, err := filepath.Glob(left + "/.[os]*")
			require.NoError(t, err)
			require.Empty(t, hidden, "no open file or spool is left")
		})
	}
}

func TestFaultsWhileStoring(t *testing.T) {
	a, b, c := receivetest.Flows("a", noon, 3), receivetest.Flows("b", noon, 2), receivetest.Flows("c", noon, 1)
	for _, test := range []struct {
		name string
		// fault makes the storing of b fail, and mend ends the fault.
		fault func(t *testing.T, dir string) (mend func())
		want  string
	}{
		{"the folder is gone and comes back", func(t *testing.T, dir string) func() {
			require.NoError(t, os.Rename(dir, dir+"-away"))
			return func() { require.NoError(t, os.Rename(dir+"-away", dir)) }
		}, a + "\n" + b + "\n" + c + "\n"},
		{"a file is in the place of the folder", func(t *testing.T, dir string) func() {
			require.NoError(t, os.Rename(dir, dir+"-away"))
			require.NoError(t, os.WriteFile(dir, nil, 0o600))
			return func() {
				require.NoError(t, os.Remove(dir))
				require.NoError(t, os.Rename(dir+"-away", dir))
			}
		}, a + "\n" + b + "\n" + c + "\n"},
		{"another journal is in its place", func(t *testing.T, dir string) func() {
			require.NoError(t, os.Rename(dir+"/.pushes", dir+"/kept"))
			require.NoError(t, os.Mkdir(dir+"/.pushes", 0o700))
			return func() { require.NoError(t, os.Rename(dir+"/kept", dir+"/.pushes.kept")) }
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "flows")
			require.NoError(t, os.Mkdir(dir, 0o700))
			folder := openFolder(t, dir, nil)
			_, err := store(t, folder, a)
			require.NoError(t, err)
			require.NoError(t, folder.Check(t.Context()))
			mend := test.fault(t, dir)
			_, err = store(t, folder, b)
			var away *receive.SinkError
			require.ErrorAs(t, err, &away)
			require.ErrorAs(t, folder.Check(t.Context()), &away)
			mend()
			if test.want == "" {
				return
			}
			require.NoError(t, folder.Check(t.Context()), "it repairs itself")
			for _, body := range []string{b, c} {
				duplicate, err := store(t, folder, body)
				require.NoError(t, err)
				require.False(t, duplicate)
			}
			duplicate, err := store(t, folder, a)
			require.NoError(t, err)
			require.True(t, duplicate, "what was stored before the fault is known")
			require.NoError(t, folder.Close())
			_, text := visible(t, dir)
			require.Equal(t, test.want, text)
		})
	}
}

func TestPushThatFailsHalfWrittenLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	folder := openFolder(t, dir, nil)
	a, b := receivetest.Flows("a", noon, 3), receivetest.Flows("b", noon, 2)
	_, err := store(t, folder, a)
	require.NoError(t, err)
	p, err := receive.ReadPush(strings.NewReader(receivetest.Flows("bad", noon, 5)), limit, dir, noon)
	require.NoError(t, err)
	defer p.Release()
	p.Spoil()
	_, err = folder.Store(t.Context(), p)
	require.ErrorContains(t, err, "store pushed flows")
	_, err = store(t, folder, b)
	require.NoError(t, err)
	require.NoError(t, folder.Close())
	_, text := visible(t, dir)
	require.Equal(t, a+"\n"+b+"\n", text)
}

func TestClosedFolder(t *testing.T) {
	folder := openFolder(t, t.TempDir(), nil)
	require.NoError(t, folder.Close())
	_, err := store(t, folder, line(1, 2))
	require.ErrorIs(t, err, receive.ErrClosed)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.ErrorIs(t, folder.Check(ctx), receive.ErrClosed)
}

func TestPushesThatShareASync(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil bool
	}{{"all are stored", false}, {"none is, when one cannot be", true}} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			a, b := receivetest.Flows("a", noon, 3), receivetest.Flows("b", noon, 2)
			var pushes []*receive.Push
			for _, body := range []string{a, b, a} {
				p, err := receive.ReadPush(strings.NewReader(body), limit, dir, noon)
				require.NoError(t, err)
				defer p.Release()
				pushes = append(pushes, p)
			}
			if test.spoil {
				pushes[1].Spoil()
			}
			errs, err := receive.StoreTogether(receive.FolderOptions{Dir: dir, FileBytes: 1, FileAge: time.Hour, Window: time.Hour, Logger: quiet}, pushes...)
			require.NoError(t, err)
			for _, err := range errs {
				require.Equal(t, test.spoil, err != nil)
			}
			require.NoError(t, openFolder(t, dir, nil).Close())
			_, text := visible(t, dir)
			if test.spoil {
				require.Empty(t, text)
				return
			}
			require.Equal(t, a+"\n"+b+"\n", text)
		})
	}
}
