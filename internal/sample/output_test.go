package sample_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/sample"
)

var day = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// folder is an output in memory.
type folder map[string][]byte

type file struct {
	bytes.Buffer
	name string
	into folder
}

func (f *file) Close() error {
	f.into[f.name] = f.Bytes()
	return nil
}

func (f folder) Create(name string) (io.WriteCloser, error) {
	if _, ok := f[name]; ok {
		return nil, fmt.Errorf("%s exists", name)
	}
	return &file{name: name, into: f}, nil
}

// names lists the files below a folder, sorted.
func (f folder) names(under string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f)), func(name string) bool { return !strings.HasPrefix(name, under) })
}

func (f folder) digest() string {
	sum := sha256.New()
	for _, name := range f.names("") {
		fmt.Fprintf(sum, "%s %d\n", name, len(f[name]))
		sum.Write(f[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// text is a file's content, unpacked.
func (f folder) text(t *testing.T, name string) []byte {
	t.Helper()
	data, ok := f[name]
	require.True(t, ok, name)
	if !strings.HasSuffix(name, ".gz") {
		return data
	}
	packed, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	plain, err := io.ReadAll(packed)
	require.NoError(t, err)
	return plain
}

// lines gives every line of the files below a folder.
func (f folder) lines(t *testing.T, under string) [][]byte {
	t.Helper()
	var all [][]byte
	for _, name := range f.names(under) {
		for line := range bytes.Lines(f.text(t, name)) {
			all = append(all, bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	return all
}

func generate(t testing.TB, opts sample.Options) (folder, sample.Summary) {
	t.Helper()
	out := folder{}
	summary, err := sample.Generate(opts, out)
	require.NoError(t, err)
	return out, summary
}

// theSample is the day of seed 1, which most tests look at and none changes.
func theSample(t *testing.T) (folder, sample.Summary) {
	t.Helper()
	made := makeSample()
	require.NoError(t, made.err)
	return made.out, made.summary
}

type madeSample struct {
	out     folder
	summary sample.Summary
	err     error
}

var makeSample = sync.OnceValue(func() madeSample {
	out := folder{}
	summary, err := sample.Generate(sample.Options{Seed: 1, Day: day}, out)
	return madeSample{out, summary, err}
})
