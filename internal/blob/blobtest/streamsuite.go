package blobtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/evidence"
)

// part is the size in which S3 sends streams.
const part = 8 << 20

// unseekable hides that a reader can do more than read.
func unseekable(content string) io.Reader { return struct{ io.Reader }{strings.NewReader(content)} }

// long is n bytes that are nowhere the same as a part further on.
func long(n int) string {
	content := make([]byte, 0, n+20)
	for i := int64(0); len(content) < n; i++ {
		content = append(strconv.AppendInt(content, i, 10), ',')
	}
	return string(content[:n])
}

// digest stands for a content that is too long to be shown.
func digest(content string) string { return evidence.Digest([]byte(content)) }

func testStream(t *testing.T, b Bucket, folder string) {
	for _, n := range []int{0, 1, part - 1, part, part + 1, 2*part + 12345} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			key, content := fmt.Sprintf("%s%d.ndjson.zst", folder, n), long(n)
			require.NoError(t, b.Stream(t.Context(), key, unseekable(content)))
			require.Equal(t, digest(content), digest(get(t, b, key)), "the same bytes")
			o, err := b.Head(t.Context(), key)
			require.NoError(t, err)
			require.EqualValues(t, n, o.Bytes)
			require.Equal(t, evidence.MediaType(key), o.MediaType)
			if o.SHA256 != "" {
				require.Equal(t, digest(content), o.SHA256)
			}
			err = b.Stream(t.Context(), key, unseekable("x"+content))
			require.ErrorIs(t, err, blob.ErrExists)
			require.ErrorContains(t, err, key)
			require.Equal(t, digest(content), digest(get(t, b, key)), "what is there stays")
		})
	}
}

// testStreamRace lets long and short streams and a plain write meet at one key: one wins, and its bytes stay.
func testStreamRace(t *testing.T, b Bucket, folder string) {
	contents := []string{long(part + 1), "short", "x" + long(part+1), "plain"}
	start, errs := make(chan struct{}), make([]chan error, len(contents))
	for i, content := range contents {
		errs[i] = make(chan error, 1)
		go func() {
			<-start
			if content == "plain" {
				errs[i] <- b.PutIfAbsent(t.Context(), folder+"a", strings.NewReader(content))
				return
			}
			errs[i] <- b.Stream(t.Context(), folder+"a", unseekable(content))
		}()
	}
	close(start)
	winner := -1
	for i := range contents {
		if err := <-errs[i]; err != nil {
			require.ErrorIs(t, err, blob.ErrExists)
			continue
		}
		require.Negative(t, winner, "one wins")
		winner = i
	}
	require.GreaterOrEqual(t, winner, 0)
	require.Equal(t, digest(contents[winner]), digest(get(t, b, folder+"a")))
}

func testBrokenStream(t *testing.T, b Bucket, folder string) {
	broken := errors.New("the source is gone")
	for _, n := range []int{0, 5, part + 5} {
		err := b.Stream(t.Context(), folder+"a", io.MultiReader(unseekable(long(n)), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Stream(ctx, folder+"a", io.MultiReader(unseekable(long(part+5)), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, nil
	})))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, keys(t, b, folder), "nothing is there, not even in part")
	require.NoError(t, b.Stream(t.Context(), folder+"a", unseekable("whole")), "the key is free")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
