package logfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/probity/probity/internal/benchmark"
)

// Benchmarks is a folder of kube-bench results in JSON, plain, gzip or zstd: "<node>/<time>.json" holds what kube-bench found
// on a node at a time, "<node>.json" what it found at an unknown one. A file's own time is never looked at, since copying
// changes it. Files with other endings than .json, .json.gz and .json.zst are not read.
type Benchmarks struct {
	Dir string
}

// stampForms are the times that may name a file: RFC 3339, and the forms of it that every file system takes.
var stampForms = []string{time.RFC3339, "2006-01-02T15-04-05Z07:00", "2006-01-02T150405Z07:00", "20060102T150405Z07:00"}

// benchmarkFile is one result by its name.
type benchmarkFile struct {
	name string // relative to the folder, with slashes
	node string
	at   time.Time // UTC; zero where unknown
}

// Each gives every result as it is in its file, uncompressed, ordered by node and time, those of unknown time (zero) first. It
// stops at yield's first error and returns it, and at the end of ctx. It fails, naming the file, on a name that is of neither
// form and on a file that is damaged, larger than benchmark.MaxResult or no kube-bench result. A folder without results gives
// none.
func (b *Benchmarks) Each(ctx context.Context, yield func(node string, at time.Time, raw []byte) error) error {
	files, err := b.files()
	if err != nil {
		return fmt.Errorf("list benchmark results: %w", err)
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := b.read(file.name)
		if err != nil {
			return fmt.Errorf("read benchmark result %s: %w", file.name, err)
		}
		if err := yield(file.node, file.at, raw); err != nil {
			return err
		}
	}
	return nil
}

func (b *Benchmarks) files() ([]benchmarkFile, error) {
	listed, err := openFolder(b.Dir)
	if err != nil {
		return nil, err
	}
	var files []benchmarkFile
	for _, name := range listed.files {
		bare, isResult := strings.CutSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst"), ".json")
		if !isResult {
			continue
		}
		file, err := identifyBenchmark(bare)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		file.name = name
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b benchmarkFile) int {
		return cmp.Or(strings.Compare(a.node, b.node), a.at.Compare(b.at), strings.Compare(a.name, b.name))
	})
	return files, nil
}

// identifyBenchmark reads node and time from a name without its ending.
func identifyBenchmark(bare string) (benchmarkFile, error) {
	parts := strings.Split(bare, "/")
	switch {
	case len(parts) > 2:
		return benchmarkFile{}, errors.New("a result lies in the folder itself (<node>.json) or in its node's folder (<node>/<time>.json)")
	case parts[0] == "":
		return benchmarkFile{}, errors.New("its name holds no node: write <node>.json")
	case len(parts) == 1:
		return benchmarkFile{node: bare}, nil
	}
	for _, form := range stampForms {
		if at, err := time.Parse(form, parts[1]); err == nil {
			return benchmarkFile{node: parts[0], at: at.UTC()}, nil
		}
	}
	return benchmarkFile{}, fmt.Errorf("%q is no time: name the file as 2026-11-21T06:00:00Z.json or 20261121T060000Z.json", parts[1])
}

func (b *Benchmarks) read(name string) ([]byte, error) {
	file, err := os.Open(filepath.Join(b.Dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in, done, err := Decompress(file)
	if err != nil {
		return nil, err
	}
	defer done()
	raw, err := io.ReadAll(io.LimitReader(in, benchmark.MaxResult+1))
	if err != nil {
		return nil, err
	}
	_, err = benchmark.ReadResult(raw)
	return raw, err
}
