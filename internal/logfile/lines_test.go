package logfile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/logfile"
)

func gzipped(text string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return out.Bytes()
}

func zstded(text string) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll([]byte(text), nil)
}

func readAll(t *testing.T, data []byte) ([]string, logfile.LineStats) {
	t.Helper()
	var got []string
	stats, err := logfile.ReadLines(t.Context(), bytes.NewReader(data), func(line []byte) error {
		got = append(got, string(line))
		return nil
	})
	require.NoError(t, err)
	return got, stats
}

func TestReadLinesForms(t *testing.T) {
	long := strings.Repeat("x", 3<<20) // longer than the reader's buffer
	for name, tc := range map[string]struct {
		data []byte
		want []string
	}{
		"plain":               {[]byte("a\nb\n"), []string{"a", "b"}},
		"no last line end":    {[]byte("a\nb"), []string{"a", "b"}},
		"crlf":                {[]byte("a\r\nb\r\n"), []string{"a", "b"}},
		"empty file":          {nil, nil},
		"only empty lines":    {[]byte("\n\r\n\n"), nil},
		"byte order mark":     {[]byte("\ufeffa\nb\n"), []string{"a", "b"}},
		"mark only at start":  {[]byte("a\n\ufeffb\n"), []string{"a", "\ufeffb"}},
		"invalid UTF-8":       {[]byte("a\xff\xfeb\n\xc3\n"), []string{"a\xff\xfeb", "\xc3"}},
		"zero bytes":          {[]byte("a\x00b\n"), []string{"a\x00b"}},
		"one byte":            {[]byte("a"), []string{"a"}},
		"long":                {[]byte(long + "\n" + "b\n"), []string{long, "b"}},
		"gzip":                {gzipped("a\nb\n"), []string{"a", "b"}},
		"gzip, mark":          {gzipped("\ufeffa\nb"), []string{"a", "b"}},
		"gzip, joined":        {append(gzipped("a\n"), gzipped("b\n")...), []string{"a", "b"}},
		"gzip, empty":         {gzipped(""), nil},
		"zstd":                {zstded("a\nb\n"), []string{"a", "b"}},
		"zstd, joined":        {append(zstded("a\nb"), zstded("c\n")...), []string{"a", "bc"}},
		"gzip by bytes alone": {gzipped("\x1f\x8b\n"), []string{"\x1f\x8b"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, stats := readAll(t, tc.data)
			require.Equal(t, tc.want, got)
			require.EqualValues(t, len(tc.want), stats.Lines)
			require.Zero(t, stats.TooLong)
			require.False(t, stats.Truncated)
		})
	}
}

func TestReadLinesCountsBytes(t *testing.T) {
	text := "\ufeffa\r\n\nbcd"
	for name, data := range map[string][]byte{"plain": []byte(text), "gzip": gzipped(text), "zstd": zstded(text)} {
		t.Run(name, func(t *testing.T) {
			_, stats := readAll(t, data)
			require.EqualValues(t, len(text), stats.Bytes)
		})
	}
}

func TestReadLinesSkipsALineThatIsTooLong(t *testing.T) {
	huge := strings.Repeat("y", 10<<20)
	got, stats := readAll(t, []byte("a\n"+huge+"\nb\n"+huge))
	require.Equal(t, []string{"a", "b"}, got)
	require.EqualValues(t, 2, stats.TooLong)
	require.EqualValues(t, 2, stats.Lines)
	require.EqualValues(t, 2*len(huge)+5, stats.Bytes)

	exact := strings.Repeat("z", logfile.MaxLine)
	got, stats = readAll(t, []byte(exact+"\n"+exact+"z\n"))
	require.Equal(t, []string{exact}, got)
	require.EqualValues(t, 1, stats.TooLong)
}

func TestReadLinesUTF16IsNoJSON(t *testing.T) {
	var text bytes.Buffer
	for _, r := range "\ufeff{\"a\":1}\n{\"a\":2}\n" {
		text.Write([]byte{byte(r), byte(r >> 8)})
	}
	got, stats := readAll(t, text.Bytes())
	require.EqualValues(t, len(got), stats.Lines)
	require.NotEmpty(t, got)
	for _, line := range got {
		require.False(t, strings.HasPrefix(line, "{\"a\""), "a caller must see a bad record: %q", line)
	}
}

// A compressed file that is cut anywhere gives the whole lines before the cut, and says that it is cut.
func TestReadLinesOfDamagedFiles(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		text.WriteString(strings.Repeat("k", 20+i%50) + "\n")
	}
	whole := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	for name, packed := range map[string][]byte{"gzip": gzipped(text.String()), "zstd": zstded(text.String())} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				cut := packed[:rapid.IntRange(4, len(packed)-1).Draw(rt, "cut")]
				got, stats := readAll(t, cut)
				if !stats.Truncated {
					rt.Fatalf("a file of %d bytes cut at %d is not told", len(packed), len(cut))
				}
				for i, line := range got {
					if line != whole[i] {
						rt.Fatalf("line %d is not whole: %q", i, line)
					}
				}
			})
		})
	}
	t.Run("flipped bit", func(t *testing.T) {
		packed := gzipped(text.String())
		packed[len(packed)-6] ^= 1 // in the checksum
		got, stats := readAll(t, packed)
		require.Equal(t, whole, got)
		require.True(t, stats.Truncated)
	})
	t.Run("something after the data", func(t *testing.T) {
		got, stats := readAll(t, append(gzipped("a\n"), "junk"...))
		require.Equal(t, []string{"a"}, got)
		require.True(t, stats.Truncated)
	})
	t.Run("cut within the header", func(t *testing.T) {
		got, stats := readAll(t, gzipped("a\n")[:6])
		require.Empty(t, got)
		require.True(t, stats.Truncated)
	})
}

func TestReadLinesErrors(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, data := range map[string][]byte{"plain": []byte("a\nb"), "gzip": gzipped("a\nb")[:15], "zstd": zstded(strings.Repeat("a\n", 500))[:12]} {
		t.Run("source fails, "+name, func(t *testing.T) {
			source := io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken))
			stats, err := logfile.ReadLines(t.Context(), source, func([]byte) error { return nil })
			require.ErrorIs(t, err, broken)
			require.False(t, stats.Truncated)
		})
	}
	t.Run("caller stops", func(t *testing.T) {
		stop := errors.New("stop")
		calls := 0
		_, err := logfile.ReadLines(t.Context(), strings.NewReader("a\nb\nc\n"), func([]byte) error {
			calls++
			return stop
		})
		require.ErrorIs(t, err, stop)
		require.Equal(t, 1, calls)
	})
	t.Run("context ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		_, err := logfile.ReadLines(ctx, strings.NewReader(strings.Repeat("a\n", 10_000)), func([]byte) error {
			calls++
			cancel()
			return nil
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Less(t, calls, 10_000)
	})
	t.Run("no file", func(t *testing.T) {
		_, err := logfile.Lines(t.Context(), filepath.Join(t.TempDir(), "none.log"), func([]byte) error { return nil })
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestLinesReadsAFileWhateverItsName(t *testing.T) {
	dir := write(t, map[string]string{"audit.log": string(gzipped("a\nb\n"))})
	var got []string
	stats, err := logfile.Lines(t.Context(), filepath.Join(dir, "audit.log"), func(line []byte) error {
		got = append(got, string(line))
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, got)

	sum := logfile.LineStats{Lines: 1, Bytes: 2, TooLong: 3, Truncated: true}
	sum.Add(stats)
	require.Equal(t, logfile.LineStats{Lines: 3, Bytes: 6, TooLong: 3, Truncated: true}, sum)
}

// Lines are the same in every form.
func FuzzReadLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\n"))
	f.Add([]byte("\xef\xbb\xbf{}\n"))
	f.Add([]byte{0x1f, 0x8b, 0x08})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Fuzz(func(t *testing.T, data []byte) {
		direct, _ := readAll(t, data)
		for _, line := range direct {
			require.NotEmpty(t, line)
			require.NotContains(t, line, "\n")
		}
		inGzip, stats := readAll(t, gzipped(string(data)))
		inZstd, _ := readAll(t, zstded(string(data)))
		require.False(t, stats.Truncated)
		require.Equal(t, inGzip, inZstd)
	})
}

func BenchmarkReadLines(b *testing.B) {
	text := strings.Repeat(strings.Repeat("f", 840)+"\n", 20_000)
	for name, data := range map[string][]byte{"plain": []byte(text), "gzip": gzipped(text), "zstd": zstded(text)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				_, err := logfile.ReadLines(b.Context(), bytes.NewReader(data), func([]byte) error { return nil })
				require.NoError(b, err)
			}
		})
	}
}

// What is too long is not kept in memory, and still comes out whole on the other side.
func TestReadLinesAside(t *testing.T) {
	long := func(n int) string { return strings.Repeat("z", n) }
	for name, c := range map[string]struct{ in, given, aside string }{
		"nothing too long":       {"a\n" + long(logfile.MaxLine) + "\r\nb\n", "a|" + long(logfile.MaxLine) + "|b|", ""},
		"by one byte":            {"a\n" + long(logfile.MaxLine+1) + "\nb\n", "a|b|", long(logfile.MaxLine+1) + "\n"},
		"by one byte at the end": {"a\n" + long(logfile.MaxLine+1), "a|", long(logfile.MaxLine + 1)},
		"by far":                 {long(3*logfile.MaxLine) + "\nb\n", "b|", long(3*logfile.MaxLine) + "\n"},
		"one after the other":    {long(logfile.MaxLine+9) + "\n" + long(logfile.MaxLine+7) + "\nb\n", "b|", long(logfile.MaxLine+9) + "\n" + long(logfile.MaxLine+7) + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var given, aside strings.Builder
			_, err := logfile.ReadLinesAside(t.Context(), strings.NewReader(c.in), func(line []byte) error {
				given.Write(line)
				given.WriteByte('|')
				return nil
			}, &aside)
			require.NoError(t, err)
			for want, have := range map[string]string{c.given: given.String(), c.aside: aside.String()} {
				require.Equal(t, sha256.Sum256([]byte(want)), sha256.Sum256([]byte(have)), "%d bytes in place of %d", len(have), len(want))
			}
		})
	}
	_, err := logfile.ReadLinesAside(t.Context(), strings.NewReader(long(logfile.MaxLine+9)), func([]byte) error { return nil }, full{})
	require.ErrorContains(t, err, "put a long line aside: disk is full")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk is full") }
