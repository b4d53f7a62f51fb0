package blobtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/evidence"
)

// Run checks that a bucket behaves as all must. The bucket may hold other objects: each test works below a folder of its own
// in folder, which must be empty.
func Run(t *testing.T, b Bucket, folder string) {
	for name, test := range map[string]func(*testing.T, Bucket, string){
		"put and get":         testPutGet,
		"put replaces":        testReplace,
		"put if absent":       testPutIfAbsent,
		"race":                testRace,
		"stream":              testStream,
		"stream race":         testStreamRace,
		"broken stream":       testBrokenStream,
		"nothing there":       testNothingThere,
		"head":                testHead,
		"list":                testList,
		"list many":           testListMany,
		"folders":             testFolders,
		"copy":                testCopy,
		"delete":              testDelete,
		"sweep":               testSweep,
		"bad keys":            testBadKeys,
		"body from its place": testBodyFromItsPlace,
		"cancelled":           testCancelled,
		"checked reads":       testCheckedReads,
		"parallel":            testParallel,
		"verify":              testVerify,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, b, folder+strings.ReplaceAll(name, " ", "-")+"/")
		})
	}
}

func put(t *testing.T, b Bucket, key, content string) {
	t.Helper()
	require.NoError(t, b.Put(t.Context(), key, strings.NewReader(content)))
}

func get(t *testing.T, b Bucket, key string) string {
	t.Helper()
	body, err := b.Get(t.Context(), key)
	require.NoError(t, err)
	defer body.Close()
	raw, err := io.ReadAll(body)
	require.NoError(t, err)
	return string(raw)
}

func keys(t *testing.T, b Bucket, prefix string) []string {
	t.Helper()
	var all []string
	require.NoError(t, b.List(t.Context(), prefix, func(key string, _ time.Time) error {
		all = append(all, strings.TrimPrefix(key, prefix))
		return nil
	}))
	return all
}

func testPutGet(t *testing.T, b Bucket, folder string) {
	for name, content := range map[string]string{
		"a.json":                  "{}",
		"empty":                   "",
		"deep/er/x.ndjson.zst":    "\x28\xb5\x2f\xfd\x00",
		"r_~3A-.é=1&2+3 4%25.txt": "odd names",
		"big":                     strings.Repeat("0123456789abcdef", 512<<10),
	} {
		put(t, b, folder+name, content)
		require.Equal(t, content, get(t, b, folder+name), name)
	}
}

func testReplace(t *testing.T, b Bucket, folder string) {
	put(t, b, folder+"a", "one, and longer")
	put(t, b, folder+"a", "two")
	require.Equal(t, "two", get(t, b, folder+"a"))
	require.Equal(t, []string{"a"}, keys(t, b, folder))
}

func testPutIfAbsent(t *testing.T, b Bucket, folder string) {
	require.NoError(t, b.PutIfAbsent(t.Context(), folder+"a", strings.NewReader("one")))
	err := b.PutIfAbsent(t.Context(), folder+"a", strings.NewReader("two"))
	require.ErrorIs(t, err, blob.ErrExists)
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, folder+"a")
	require.Equal(t, "one", get(t, b, folder+"a"))
	t.Run("the same bytes exist too", func(t *testing.T) {
		require.ErrorIs(t, b.PutIfAbsent(t.Context(), folder+"a", strings.NewReader("one")), blob.ErrExists)
	})
}

// testRace lets many writers meet at one key: one wins, and its bytes stay.
func testRace(t *testing.T, b Bucket, folder string) {
	const writers = 16
	var won atomic.Int64
	var winner atomic.Value
	start := make(chan struct{})
	errs := make(chan error, writers)
	for i := range writers {
		go func() {
			<-start
			content := fmt.Sprintf("writer %d", i)
			err := b.PutIfAbsent(t.Context(), folder+"a", strings.NewReader(content))
			if err == nil {
				won.Add(1)
				winner.Store(content)
			}
			errs <- err
		}()
	}
	close(start)
	for range writers {
		if err := <-errs; err != nil {
			require.ErrorIs(t, err, blob.ErrExists)
		}
	}
	require.EqualValues(t, 1, won.Load())
	require.Equal(t, winner.Load(), get(t, b, folder+"a"))
}

func testNothingThere(t *testing.T, b Bucket, folder string) {
	_, err := b.Get(t.Context(), folder+"none")
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, folder+"none")
	_, err = b.Head(t.Context(), folder+"none")
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.ErrorIs(t, b.Copy(t.Context(), folder+"none", folder+"x"), blob.ErrNotFound)
	require.Empty(t, keys(t, b, folder))
	folders, err := b.Folders(t.Context(), folder)
	require.NoError(t, err)
	require.Empty(t, folders)
}

func testHead(t *testing.T, b Bucket, folder string) {
	put(t, b, folder+"a.csv", "a,b\n")
	o, err := b.Head(t.Context(), folder+"a.csv")
	require.NoError(t, err)
	require.Equal(t, evidence.Object{Key: folder + "a.csv", SHA256: evidence.Digest([]byte("a,b\n")), Bytes: 4, MediaType: "text/csv; charset=utf-8"}, o)
}

func testList(t *testing.T, b Bucket, folder string) {
	// "-" and "." sort before "/", so a walk over folders would give another order.
	want := []string{"a", "a-b", "a.b", "a/b", "a/b-c", "ab", "b"}
	for i := len(want) - 1; i > 0; i-- { // "a" cannot be an object and a folder on servers over a file system
		put(t, b, folder+want[i], "x")
	}
	want = want[1:]
	require.Equal(t, want, keys(t, b, folder))
	require.Equal(t, []string{"", "-c"}, keys(t, b, folder+"a/b"))
	stop, seen := errors.New("enough"), 0
	err := b.List(t.Context(), folder, func(string, time.Time) error { seen++; return stop })
	require.Equal(t, stop, err)
	require.Equal(t, 1, seen)
	require.NoError(t, b.List(t.Context(), folder, func(key string, modified time.Time) error {
		require.Equal(t, time.UTC, modified.Location())
		require.WithinDuration(t, time.Now(), modified, time.Hour)
		return nil
	}))
}

// testListMany needs more than one page.
func testListMany(t *testing.T, b Bucket, folder string) {
	const n = 1005
	var want []string
	var wait sync.WaitGroup
	slots := make(chan struct{}, 8)
	errs := make(chan error, n)
	for i := range n {
		key := fmt.Sprintf("%04d/x", i)
		want = append(want, key)
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			errs <- b.Put(t.Context(), folder+key, strings.NewReader("x"))
		})
	}
	wait.Wait()
	for range n {
		require.NoError(t, <-errs)
	}
	require.Equal(t, want, keys(t, b, folder))
	folders, err := b.Folders(t.Context(), folder)
	require.NoError(t, err)
	require.Len(t, folders, n)
}

func testFolders(t *testing.T, b Bucket, folder string) {
	for _, key := range []string{"b/1", "a/1", "a/2", "a/c/1", "file", "a-b/1"} {
		put(t, b, folder+key, "x")
	}
	folders, err := b.Folders(t.Context(), folder)
	require.NoError(t, err)
	require.Equal(t, []string{folder + "a-b/", folder + "a/", folder + "b/"}, folders)
	folders, err = b.Folders(t.Context(), folder+"a/")
	require.NoError(t, err)
	require.Equal(t, []string{folder + "a/c/"}, folders)
}

func testCopy(t *testing.T, b Bucket, folder string) {
	put(t, b, folder+"from é+ %.csv", "a,b\n")
	put(t, b, folder+"to.csv", "old")
	require.NoError(t, b.Copy(t.Context(), folder+"from é+ %.csv", folder+"to.csv"))
	require.Equal(t, "a,b\n", get(t, b, folder+"to.csv"))
	require.Equal(t, "a,b\n", get(t, b, folder+"from é+ %.csv"))
	o, err := b.Head(t.Context(), folder+"to.csv")
	require.NoError(t, err)
	require.Equal(t, evidence.Digest([]byte("a,b\n")), o.SHA256)
}

func testDelete(t *testing.T, b Bucket, folder string) {
	put(t, b, folder+"a", "x")
	require.NoError(t, b.Delete(t.Context(), folder+"a"))
	_, err := b.Get(t.Context(), folder+"a")
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.NoError(t, b.Delete(t.Context(), folder+"a"), "deleting twice is no error")
	put(t, b, folder+"a", "again")
	require.Equal(t, "again", get(t, b, folder+"a"))
}

func testSweep(t *testing.T, b Bucket, folder string) {
	put(t, b, folder+"staging/w/r/1", "12345")
	put(t, b, folder+"staging/w/r/2", "123")
	put(t, b, folder+"reports/1", "x")
	swept, err := b.Sweep(t.Context(), folder+"staging/", time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, blob.Swept{}, swept, "nothing is old enough")
	swept, err = b.Sweep(t.Context(), folder+"staging/", time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, blob.Swept{Objects: 2, Bytes: 8}, swept)
	require.Equal(t, []string{"reports/1"}, keys(t, b, folder))
	put(t, b, folder+"staging/w/r/3", "x")
	removed, err := b.Clear(t.Context(), folder+"staging/", time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.EqualValues(t, 1, removed)
	for _, whole := range []string{"", "/", folder + "staging"} {
		_, err := b.Sweep(t.Context(), whole, time.Now())
		require.ErrorContains(t, err, "cannot be swept")
	}
}

func testBadKeys(t *testing.T, b Bucket, folder string) {
	for _, key := range []string{"", ".", "/a", folder, folder + "/a", folder + "../a", folder + "./a", folder + strings.Repeat("k", 1025)} {
		require.Error(t, b.Put(t.Context(), key, strings.NewReader("x")), key)
		require.Error(t, b.PutIfAbsent(t.Context(), key, strings.NewReader("x")), key)
		require.Error(t, b.Stream(t.Context(), key, strings.NewReader("x")), key)
	}
	require.Empty(t, keys(t, b, folder))
}

func testBodyFromItsPlace(t *testing.T, b Bucket, folder string) {
	body := strings.NewReader("skipped and kept")
	_, err := body.Seek(int64(len("skipped and ")), io.SeekStart)
	require.NoError(t, err)
	require.NoError(t, b.Put(t.Context(), folder+"a", body))
	require.Equal(t, "kept", get(t, b, folder+"a"))
}

func testCancelled(t *testing.T, b Bucket, folder string) {
	put(t, b, folder+"a", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Put(ctx, folder+"b", strings.NewReader("x")), context.Canceled)
	require.ErrorIs(t, b.Stream(ctx, folder+"c", strings.NewReader("x")), context.Canceled)
	_, err := b.Get(ctx, folder+"a")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, b.List(ctx, folder, func(string, time.Time) error { return nil }), context.Canceled)
	require.ErrorIs(t, b.Delete(ctx, folder+"a"), context.Canceled)
	require.Equal(t, []string{"a"}, keys(t, b, folder))
}

func testCheckedReads(t *testing.T, b Bucket, folder string) {
	put(t, b, folder+"a", "content")
	o, err := b.Head(t.Context(), folder+"a")
	require.NoError(t, err)
	body, err := blob.Read(t.Context(), b, o)
	require.NoError(t, err)
	defer body.Close()
	raw, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Equal(t, "content", string(raw))
	o.SHA256 = evidence.Digest(nil)
	body, err = blob.Read(t.Context(), b, o)
	require.NoError(t, err)
	defer body.Close()
	_, err = io.ReadAll(body)
	require.ErrorIs(t, err, blob.ErrDiffers)
}

func testParallel(t *testing.T, b Bucket, folder string) {
	const n = 20
	errs := make(chan error, n)
	for i := range n {
		go func() {
			key := fmt.Sprintf("%s%d", folder, i)
			errs <- errors.Join(b.Put(t.Context(), key, strings.NewReader(key)), b.Copy(t.Context(), key, key+"-copy"), b.Delete(t.Context(), key))
		}()
	}
	for range n {
		require.NoError(t, <-errs)
	}
	require.Len(t, keys(t, b, folder), n)
}

// testVerify reads a bucket as the evidence package does.
func testVerify(t *testing.T, b Bucket, folder string) {
	put(t, b, folder+"a", "content")
	put(t, b, folder+"extra", "x")
	s := evidence.Snapshot{Objects: []evidence.Object{
		{Key: "a", SHA256: evidence.Digest([]byte("content")), Bytes: 7},
		{Key: "gone", SHA256: evidence.Digest(nil)},
	}}
	v, err := evidence.VerifySnapshot(t.Context(), b, folder, s)
	require.NoError(t, err)
	require.EqualValues(t, 1, v.Objects)
	require.Len(t, v.Faults, 2)
	require.Equal(t, evidence.FaultExtra, v.Faults[0].Kind)
	require.Equal(t, evidence.FaultMissing, v.Faults[1].Kind)
}
