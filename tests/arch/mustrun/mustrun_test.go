package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// events writes short forms, "action package test output", as test2json does.
func events(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		f := strings.SplitN(line+"   ", " ", 4)
		b.WriteString(`{"Action":"` + f[0] + `","Package":"github.com/probity/probity/` + f[1] + `"`)
		if f[2] != "" {
			b.WriteString(`,"Test":"` + f[2] + `"`)
		}
		if text := strings.TrimSpace(f[3]); f[0] == "output" {
			b.WriteString(`,"Output":"` + text + `\n"`)
		} else if text != "" {
			b.WriteString(`,"Elapsed":` + text)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

var passing = events("start a", "run a TestOne", "output a TestOne quiet", "pass a TestOne 0.5", "run a TestTwo", "run a TestTwo/sub",
	"pass a TestTwo/sub 0.9", "pass a TestTwo 1.0", "pass a  1.6")

func check(t *testing.T, list, in string) (int, string) {
	path := ""
	if list != "" {
		path = filepath.Join(t.TempDir(), "list.txt")
		require.NoError(t, os.WriteFile(path, []byte(list), 0o600))
	}
	var out strings.Builder
	code := run(path, 1, strings.NewReader(in), &out)
	return code, out.String()
}

func TestPassingRun(t *testing.T) {
	code, out := check(t, "# comment\n\na TestOne\na TestTwo/sub\n", passing)
	require.Zero(t, code, out)
	require.Contains(t, out, "a                                            3 passed   0 failed   0 skipped     1.60 s")
	require.Contains(t, out, "1 packages")
	require.Contains(t, out, "    1.00 s a TestTwo\n")
	require.NotContains(t, out, "0.50 s", "only the slowest one")
	require.NotContains(t, out, "quiet")
}

func TestBadRuns(t *testing.T) {
	for _, c := range []struct {
		name, list, in string
		code           int
		says           []string
	}{
		{"a test failed", "", passing + events("run b TestBad", "output b TestBad reason", "fail b TestBad 0.1", "fail b  0.2"), 1, []string{"reason\n", "WRONG: b TestBad: failed"}},
		{"a test was skipped", "", passing + events("run b TestS", "skip b TestS 0", "pass b"), 1, []string{"WRONG: b TestS: was skipped"}},
		{"a sub-test was skipped", "", events("run a TestT", "run a TestT/x", "skip a TestT/x 0", "pass a TestT 0", "pass a"), 1, []string{"WRONG: a TestT/x: was skipped"}},
		{"a listed test did not run", "a TestOne\nb TestGone\n", passing, 1, []string{"WRONG: b TestGone: must run, and did not"}},
		{"a package without its end", "", events("run a TestOne", "pass a TestOne 1"), 1, []string{"WRONG: a: did not come to its end"}},
		{"a test without its end", "", events("run a TestOne", "output a  panic", "fail a"), 1, []string{"panic\n", "WRONG: a TestOne: did not come to its end"}},
		{"failed outside of tests", "", events("output a  exit", "fail a"), 1, []string{"exit\n", "WRONG: a: failed outside of its tests"}},
		{
			"does not compile", "", `{"ImportPath":"x/y","Action":"build-output","Output":"y.go:1: wrong\n"}` + "\n" + `{"ImportPath":"x/y","Action":"build-fail"}` + "\n" + events("fail a"),
			1, []string{"y.go:1: wrong", "WRONG: x/y: did not compile"},
		},
		{"nothing at all", "", "", 2, []string{"no test events"}},
		{"no events", "", "go: cannot find module\n", 2, []string{"go: cannot find module", "no test events"}},
		{"a bad list", "a\n", passing, 2, []string{"list.txt:1:", "must be a package and a test"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out := check(t, c.list, c.in)
			require.Equal(t, c.code, code, out)
			for _, text := range c.says {
				require.Contains(t, out, text)
			}
		})
	}
}

func TestPackageWithoutTestsIsNoSkip(t *testing.T) {
	code, out := check(t, "", passing+events("start c", "output c  [no test files]", "skip c"))
	require.Zero(t, code, out)
}

func TestMissingList(t *testing.T) {
	var out strings.Builder
	require.Equal(t, 2, run(filepath.Join(t.TempDir(), "none"), 1, strings.NewReader(passing), &out))
	require.Contains(t, out.String(), "read list")
}
