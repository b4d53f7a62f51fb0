// Command mustrun reads the output of "go test -json" on its standard input and says what really ran.
//
// It prints the output of what failed, one line for each package, the slowest tests, and what is wrong. It exits with 1 when
// a test or a build failed, when a test was skipped, when a package did not come to its end, or when a test of the list did
// not run; with 2 when it could not read its input. A test that was skipped looks like one that passed; here it does not.
//
//	go test -json ./... | go run ./tests/arch/mustrun -list tests/mustrun.txt
//
// The list has one "package TestName" a line: the package's import path without the root module's, and the test's or
// sub-test's name as go test prints it. Blank lines and lines that begin with # are left out. A nested module needs a list
// of its own.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	list := flag.String("list", "", "file that lists the tests that must run")
	slowest := flag.Int("slowest", 10, "how many of the slowest tests to print")
	flag.Parse()
	os.Exit(run(*list, *slowest, os.Stdin, os.Stdout))
}

func run(list string, slowest int, in io.Reader, out io.Writer) int {
	must, err := readList(list)
	if err != nil {
		fmt.Fprintln(out, "mustrun:", err)
		return 2
	}
	r := newReport()
	if err := r.read(in, out); err != nil {
		fmt.Fprintln(out, "mustrun:", err)
		return 2
	}
	r.printPackages(out)
	r.printSlowest(out, slowest)
	wrong := r.problems(must)
	for _, problem := range wrong {
		fmt.Fprintln(out, "WRONG:", problem)
	}
	if len(wrong) > 0 {
		return 1
	}
	return 0
}
