package porttest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
)

// Source makes the implementations of one port that a suite asks for: C is what a source is made of.
type Source[P, C any] struct {
	// Open makes a source with the content.
	Open func(t *testing.T, content C) P
	// Missing makes a source of something that is not there, and says what its error must name.
	Missing func(t *testing.T) (source P, named string)
	// Documents tells that the content's lines become documents on a server: it has no files that may be damaged, and no texts
	// that are not UTF-8.
	Documents bool
}

// errCaller is what a caller of a port fails with.
var errCaller = errors.New("the caller has had enough")

func pack(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// cutShort is a compressed file whose end is lost.
func cutShort(t *testing.T, data []byte) []byte {
	packed := pack(t, data)
	return packed[:len(packed)*3/4]
}

// spread gives the same lines as folders that differ in all that must not matter.
func spread(t *testing.T, lines []string) map[string]Folder {
	t.Helper()
	whole := []byte(strings.Join(lines, ""))
	third, files, reversed := len(lines)/3, map[string][]byte{}, slices.Clone(lines)
	slices.Reverse(reversed)
	for i, line := range lines {
		name := fmt.Sprintf("node-%d/%03d.log", i%3, i)
		files[name] = []byte(line)
		if i%2 == 0 {
			files[name] = pack(t, files[name])
		}
	}
	return map[string]Folder{
		"one file":             {Files: map[string][]byte{"audit.log": whole}},
		"one compressed file":  {Files: map[string][]byte{"audit.log.gz": pack(t, whole)}},
		"another order":        {Files: map[string][]byte{"audit.log": []byte(strings.Join(reversed, ""))}},
		"no line end":          {Files: map[string][]byte{"audit.log": bytes.TrimRight(whole, "\n")}},
		"empty lines and CRLF": {Files: map[string][]byte{"audit.log": bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n\n"))}},
		"two files and an empty one": {Files: map[string][]byte{
			"b.log": []byte(strings.Join(lines[:third], "")), "a.log.gz": pack(t, []byte(strings.Join(lines[third:], ""))), "c.log": nil}},
		"a file for each line":                     {Files: files},
		"a file for each line, small partitions":   {Files: files, PartitionBytes: 200},
		"a file for each line, a partition each":   {Files: files, PartitionBytes: 1},
		"one large file, partitions smaller still": {Files: map[string][]byte{"audit.log": whole}, PartitionBytes: 64},
	}
}

// sameParts checks what holds for the partitions of every log: they are JSON, and are the same when they are asked for again.
func sameParts(t *testing.T, open func(Folder) func(context.Context) ([]activities.Partition, error), lines []string) {
	t.Helper()
	folder := spread(t, lines)["a file for each line, small partitions"]
	list := open(folder)
	first, err := list(t.Context())
	require.NoError(t, err)
	require.Greater(t, len(first), 1)
	again, err := list(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, again)
	for _, part := range first {
		require.Less(t, len(part), 64<<10, "a partition travels in the plan")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = list(canceled)
	require.ErrorIs(t, err, context.Canceled)
}

func runSuite[P any](t *testing.T, source P, tests map[string]func(*testing.T, P)) {
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) { tests[name](t, source) })
	}
}
