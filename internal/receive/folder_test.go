package receive_test

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/internal/receive/receivetest"
)

var quiet = slog.New(slog.DiscardHandler)

// openFolder opens a folder with the defaults, which change may alter.
func openFolder(t *testing.T, dir string, change func(*receive.FolderOptions)) *receive.Folder {
	t.Helper()
	o := receive.FolderOptions{Dir: dir, FileBytes: 256 << 20, FileAge: 5 * time.Minute, Window: time.Hour, Logger: quiet}
	if change != nil {
		change(&o)
	}
	folder, err := receive.OpenFolder(o)
	require.NoError(t, err)
	return folder
}

// store pushes the body into the sink.
func store(t *testing.T, sink receive.Sink, body string) (duplicate bool, err error) {
	t.Helper()
	p, err := receive.ReadPush(strings.NewReader(body), limit, sink.Spool(), time.Now())
	require.NoError(t, err)
	defer p.Release()
	return sink.Store(t.Context(), p)
}

// visible are the files that a reader sees, by name, with what is in them.
func visible(t *testing.T, dir string) (names []string, text string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		names, text = append(names, filepath.ToSlash(name)), text+string(data)
		return err
	}))
	return names, text
}

func TestFolderShowsWholeFilesOnly(t *testing.T) {
	dir := t.TempDir()
	folder := openFolder(t, dir, nil)
	a, b := receivetest.Flows("a", noon, 3), receivetest.Flows("b", noon, 2)
	for _, body := range []string{a, b} {
		duplicate, err := store(t, folder, body)
		require.NoError(t, err)
		require.False(t, duplicate)
	}
	names, _ := visible(t, dir)
	require.Empty(t, names, "the open file is hidden")
	require.NoError(t, folder.Close())
	names, text := visible(t, dir)
	require.Len(t, names, 1)
	require.Equal(t, a+"\n"+b+"\n", text)
}

// pass lets time go by, in a bubble of synctest.
func pass(d time.Duration) { <-time.After(d) }

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time begins at 2000-01-01T00:00:00Z
		dir := t.TempDir()
		folder := openFolder(t, dir, func(o *receive.FolderOptions) { o.FileBytes = 4096 })
		push := func(name string, n int) {
			_, err := store(t, folder, receivetest.Flows(name, noon, n))
			require.NoError(t, err)
			synctest.Wait()
		}
		push("large", 100)
		names, _ := visible(t, dir)
		require.Equal(t, []string{"2000-01-01/flows-20000101T000000.000000Z.ndjson"}, names, "by size, at once")
		pass(time.Minute)
		push("small", 1)
		pass(5*time.Minute - time.Second)
		push("more", 1)
		names, _ = visible(t, dir)
		require.Len(t, names, 1)
		pass(2 * time.Second)
		synctest.Wait()
		names, _ = visible(t, dir)
		require.Equal(t, "2000-01-01/flows-20000101T000100.000000Z.ndjson", names[1], "by age, without another push")
		pass(24*time.Hour - 8*time.Minute)
		push("late", 1) // two minutes before midnight, by a second
		pass(time.Minute + 57*time.Second)
		names, _ = visible(t, dir)
		require.Len(t, names, 2)
		pass(10 * time.Second)
		synctest.Wait()
		names, text := visible(t, dir)
		require.Equal(t, "2000-01-01/flows-20000101T235801.000000Z.ndjson", names[2], "by the hour")
		push("next", 1)
		require.NoError(t, folder.Close())
		names, _ = visible(t, dir)
		require.Equal(t, "2000-01-02", filepath.Dir(names[3]))
		require.IsIncreasing(t, names)
		require.Equal(t, 103, strings.Count(text, "\n"))
	})
}

func TestRepeatedPushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		folder := openFolder(t, dir, nil)
		body := receivetest.Flows("a", noon, 3)
		again := func(want bool, why string) {
			t.Helper()
			duplicate, err := store(t, folder, body)
			require.NoError(t, err)
			require.Equal(t, want, duplicate, why)
		}
		again(false, "the first")
		again(true, "in the open file")
		require.NoError(t, folder.Close())
		folder = openFolder(t, dir, nil)
		again(true, "of a process before")
		pass(59 * time.Minute)
		again(true, "at the end of the window")
		pass(2 * time.Minute)
		again(false, "after the window")
		require.NoError(t, folder.Close())
		_, text := visible(t, dir)
		require.Equal(t, body+"\n"+body+"\n", text)
	})
}

func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	folder := openFolder(t, dir, func(o *receive.FolderOptions) { o.FileBytes = 20_000 })
	const pushes, senders = 40, 3
	var group sync.WaitGroup
	var mu sync.Mutex
	fresh := map[int]int{}
	for i := range pushes * senders {
		group.Go(func() {
			body := receivetest.Flows(fmt.Sprint("pod", i%pushes), noon, 1+i%pushes%7)
			p, err := receive.ReadPush(strings.NewReader(body), limit, dir, noon)
			if err == nil {
				defer p.Release()
				var duplicate bool
				if duplicate, err = folder.Store(t.Context(), p); !duplicate {
					mu.Lock()
					defer mu.Unlock()
					fresh[i%pushes]++
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.NoError(t, folder.Close())
	_, text := visible(t, dir)
	for i := range pushes {
		require.Equal(t, 1, fresh[i], "one of the senders")
		require.Equal(t, 1, strings.Count(text, receivetest.Flows(fmt.Sprint("pod", i), noon, 1+i%7)), "whole, and once")
	}
}

func TestOneReceiverForAFolder(t *testing.T) {
	dir := t.TempDir()
	folder := openFolder(t, dir, nil)
	_, err := receive.OpenFolder(receive.FolderOptions{Dir: dir, Logger: quiet})
	require.ErrorContains(t, err, "another receiver has it")
	require.NoError(t, folder.Close())
	require.NoError(t, openFolder(t, dir, nil).Close())
	_, err = receive.OpenFolder(receive.FolderOptions{Dir: dir + "/none", Logger: quiet})
	require.ErrorIs(t, err, fs.ErrNotExist)
}
