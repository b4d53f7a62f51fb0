package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is one line of "go test -json" (go doc test2json). ImportPath stands in the events of a build.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

// name is a test with its package; Test is "" for the package itself.
type name struct{ Package, Test string }

func (n name) String() string {
	return strings.TrimSpace(strings.TrimPrefix(n.Package, modulePrefix) + " " + n.Test)
}

const modulePrefix = "github.com/probity/probity/"

// maxLine bounds one line; a test that prints more than this in one line is cut by the go command.
const maxLine = 16 << 20

// read takes in all events. The output of a test is held until its outcome is known, and printed if it failed; lines that
// are no events come from tools beside go test and are printed as they are.
func (r *report) read(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		var e event
		if !bytes.HasPrefix(lines.Bytes(), []byte("{")) || json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(out, lines.Text())
			continue
		}
		r.add(e, out)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read test events: %w", err)
	}
	if len(r.packages) == 0 {
		return fmt.Errorf("there are no test events: pipe the output of go test -json into this command")
	}
	return nil
}

func (r *report) add(e event, out io.Writer) {
	switch e.Action {
	case "build-output":
		fmt.Fprint(out, e.Output)
		return
	case "build-fail":
		r.builds[e.ImportPath] = true
		return
	}
	n := name{e.Package, e.Test}
	p := r.of(e.Package)
	switch e.Action {
	case "run":
		r.open[n] = true
	case "output":
		r.output[n] = append(r.output[n], e.Output...)
	case "pass", "fail", "skip":
		r.end(n, p, e)
		if e.Action == "fail" {
			fmt.Fprintf(out, "%s", r.output[n])
		}
		delete(r.output, n)
	}
}

func (r *report) end(n name, p *tally, e event) {
	delete(r.open, n)
	if n.Test == "" {
		p.ended, p.failed, p.seconds = true, e.Action == "fail", e.Elapsed
		return
	}
	r.outcome[n] = e.Action
	r.seconds[n] = e.Elapsed
	switch e.Action {
	case "pass":
		p.passes++
	case "fail":
		p.fails++
	case "skip":
		p.skips++
	}
}
