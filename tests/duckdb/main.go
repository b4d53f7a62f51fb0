// Command duckdb compares Probity's grouping of flow logs with DuckDB's, on the same file in the same run.
//
//	cd tests/duckdb && go run . -lines 1000000
//
// It writes flow records of about 840 bytes, in Calico Enterprise's form, into a temporary folder, and then has both group
// them, turn by turn, several times, on two threads each, with the file in the page cache. It checks that both found the
// same groups with the same sums and times, and prints, for each, the least, the median and the greatest throughput, and
// the ratio of the medians. Exit status: 0 when both agree, 1 when they differ or something failed.
//
// DuckDB's query is read_json with format='newline_delimited' and declared columns, so that it parses nothing that it does
// not need. It groups by the columns of flows.csv: source and destination (type, namespace, exact name, aggregated name),
// service (namespace, name, port), destination port, protocol, action, reporter, and the deciding policy. It sums
// connections, bytes and packets in both directions, counts records, and takes the earliest start and the latest end, of the
// records that overlap the day. It creates a table with the groups in memory.
//
// Two things are easier for DuckDB than for Probity. The deciding policy is simply the last entry of enforced_policies,
// since the generator writes it there, where Probity looks at each entry's index, action and kind. And DuckDB checks
// nothing, where Probity checks each line and counts the records of each hour. Neither sorts in the measured time.
//
// The number of groups matters. By default each occurs about a hundred times, as in a log that is written every five
// minutes for a day. With -groups 100000 each occurs ten times: a group's first record is the expensive one for Probity,
// and each of its threads meets most groups for the first time.
//
// It is a module of its own because DuckDB's libraries are large and need cgo and a C++ linker.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

type settings struct {
	lines, groups, rounds, workers int
	dir                            string
}

func main() {
	var s settings
	flag.IntVar(&s.lines, "lines", 1_000_000, "flow records to write")
	flag.IntVar(&s.groups, "groups", 10_000, "different groups among them")
	flag.IntVar(&s.rounds, "rounds", 5, "times that each side groups the file")
	flag.IntVar(&s.workers, "workers", 2, "threads of each side")
	flag.StringVar(&s.dir, "dir", "", "folder for the file; a temporary one when empty")
	flag.Parse()
	if err := compare(context.Background(), s); err != nil {
		fmt.Fprintln(os.Stderr, "duckdb:", err)
		os.Exit(1)
	}
}

// side is one of the two that are compared.
type side struct {
	name  string
	group func(ctx context.Context) error
	rate  []float64 // bytes per second of each round
	cpu   []float64 // bytes per second of processor time
}

func compare(ctx context.Context, s settings) error {
	dir, err := os.MkdirTemp(s.dir, "probity-flows-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "flows.log")
	size, err := generate(file, s.lines, s.groups)
	if err != nil {
		return fmt.Errorf("write flow records: %w", err)
	}
	fmt.Printf("%d lines of %d bytes, %.2f GB, %d groups, %d threads\n", s.lines, size/int64(s.lines), float64(size)/1e9,
		s.groups, s.workers)
	theirs, err := newDuck(file, s.workers)
	if err != nil {
		return err
	}
	defer theirs.close()
	ours := &probity{dir: dir, workers: s.workers}
	sides := []*side{{name: "DuckDB", group: theirs.group}, {name: "Probity", group: ours.group}}
	for range s.rounds {
		for _, side := range sides {
			if err := side.round(ctx, size); err != nil {
				return fmt.Errorf("%s: %w", side.name, err)
			}
		}
	}
	report(sides)
	return same(ctx, theirs, ours)
}

func (s *side) round(ctx context.Context, size int64) error {
	began, cpu := time.Now(), processorTime()
	if err := s.group(ctx); err != nil {
		return err
	}
	s.rate = append(s.rate, float64(size)/time.Since(began).Seconds())
	s.cpu = append(s.cpu, float64(size)/(processorTime()-cpu).Seconds())
	return nil
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func report(sides []*side) {
	fmt.Printf("%-8s %8s %8s %8s   %s\n", "GB/s", "min", "median", "max", "median per second of processor time")
	for _, s := range sides {
		slices.Sort(s.rate)
		slices.Sort(s.cpu)
		last := len(s.rate) - 1
		fmt.Printf("%-8s %8.2f %8.2f %8.2f   %.2f\n", s.name, s.rate[0]/1e9, s.median()/1e9, s.rate[last]/1e9,
			s.cpu[len(s.cpu)/2]/1e9)
	}
	fmt.Printf("ratio of the medians: %.2f (processor time: %.2f)\n", sides[1].median()/sides[0].median(),
		sides[1].cpu[len(sides[1].cpu)/2]/sides[0].cpu[len(sides[0].cpu)/2])
}

func (s *side) median() float64 { return s.rate[len(s.rate)/2] }
