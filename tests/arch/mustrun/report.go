package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// report is what the events add up to.
type report struct {
	packages map[string]*tally
	outcome  map[name]string // of each test that came to its end
	seconds  map[name]float64
	open     map[name]bool // started, not ended
	output   map[name][]byte
	builds   map[string]bool // packages that did not compile
}

// tally counts one package's tests, sub-tests included.
type tally struct {
	passes, fails, skips int
	ended, failed        bool
	seconds              float64
}

func newReport() *report {
	return &report{
		packages: map[string]*tally{}, outcome: map[name]string{}, seconds: map[name]float64{},
		open: map[name]bool{}, output: map[name][]byte{}, builds: map[string]bool{},
	}
}

func (r *report) of(pkg string) *tally {
	if r.packages[pkg] == nil {
		r.packages[pkg] = &tally{}
	}
	return r.packages[pkg]
}

func (r *report) printPackages(out io.Writer) {
	var sum tally
	for _, pkg := range slices.Sorted(maps.Keys(r.packages)) {
		p := r.packages[pkg]
		sum.passes, sum.fails, sum.skips, sum.seconds = sum.passes+p.passes, sum.fails+p.fails, sum.skips+p.skips, sum.seconds+p.seconds
		fmt.Fprintf(out, "%-40s %s\n", name{Package: pkg}, p)
	}
	fmt.Fprintf(out, "%-40s %s\n", fmt.Sprintf("%d packages", len(r.packages)), &sum)
}

// String is one line of the table.
func (p *tally) String() string {
	return fmt.Sprintf("%5d passed %3d failed %3d skipped %8.2f s", p.passes, p.fails, p.skips, p.seconds)
}

// printSlowest lists tests, not sub-tests, whose time is part of their test's.
func (r *report) printSlowest(out io.Writer, most int) {
	var tests []name
	for n := range r.seconds {
		if !strings.Contains(n.Test, "/") {
			tests = append(tests, n)
		}
	}
	slices.SortFunc(tests, func(a, b name) int {
		return cmp.Or(cmp.Compare(r.seconds[b], r.seconds[a]), cmp.Compare(a.String(), b.String()))
	})
	for _, n := range tests[:min(max(most, 0), len(tests))] {
		fmt.Fprintf(out, "%8.2f s %s\n", r.seconds[n], n)
	}
}

// problems lists, sorted, what keeps the run from being good.
func (r *report) problems(must []name) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for n, outcome := range r.outcome {
		if outcome != "pass" {
			say("%s: %s", n, map[string]string{"fail": "failed", "skip": "was skipped"}[outcome])
		}
	}
	for n := range r.open {
		say("%s: did not come to its end", n)
	}
	for pkg, p := range r.packages {
		switch {
		case !p.ended:
			say("%s: did not come to its end", name{Package: pkg})
		case p.failed && p.fails == 0:
			say("%s: failed outside of its tests", name{Package: pkg})
		}
	}
	for pkg := range r.builds {
		say("%s: did not compile", name{Package: pkg})
	}
	for _, n := range must {
		if r.outcome[n] == "" && !r.open[n] {
			say("%s: must run, and did not", n)
		}
	}
	slices.Sort(wrong)
	return wrong
}

// readList reads the names of the tests that must run; no path is no list.
func readList(path string) ([]name, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	var must []name
	for i, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("read list: %s:%d: %q must be a package and a test", path, i+1, line)
		}
		must = append(must, name{modulePrefix + fields[0], fields[1]})
	}
	return must, nil
}
