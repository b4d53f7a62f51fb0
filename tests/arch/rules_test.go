package arch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/tests/arch"
)

func parse(t *testing.T, path, text string) *arch.Source {
	s, err := arch.Parse(path, []byte(text))
	require.NoError(t, err)
	return s
}

func texts(found []arch.Finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%d: %s\n", f.Line, f.Text)
	}
	return b.String()
}

const own = "github.com/probity/probity/"

// Each rule is proven on a source that breaks it, and on a like one that does not: a rule that cannot fail checks nothing.
var ruleCases = []struct {
	rule, name, path, text string
	want                   []string // parts of the findings; none for a good source
}{
	{"rooms", "domain imports an activity", "internal/report/a.go", `package report; import _ "` + own + `activities"`, []string{"1: must not import activities"}},
	{"rooms", "domain imports an adapter", "internal/flow/a.go", `package flow; import _ "` + own + `internal/blob"`, []string{"must not import internal/blob"}},
	{"rooms", "activity imports a workflow", "activities/a.go", `package activities; import _ "` + own + `workflows"`, []string{"must not import workflows"}},
	{"rooms", "activity imports an adapter", "activities/a.go", `package activities; import _ "` + own + `internal/logfile"`, []string{"must not import internal/logfile"}},
	{"rooms", "adapter imports an activity", "internal/blob/a.go", `package blob; import _ "` + own + `activities"`, []string{"must not import activities"}},
	{"rooms", "product imports a test", "worker/a.go", `package worker; import _ "` + own + `tests/arch"`, []string{"must not import tests/arch"}},
	{"rooms", "unknown room", "internal/stuff/a.go", `package stuff`, []string{"package internal/stuff is in no room"}},
	{"rooms", "cmd imports all", "cmd/probity/a.go", `package main; import (_ "` + own + `worker"; _ "` + own + `internal/blob"; _ "` + own + `internal/report")`, nil},
	{"rooms", "activity imports the domain", "activities/a.go", `package activities; import _ "` + own + `internal/report"`, nil},
	{"rooms", "a test may", "internal/report/a_test.go", `package report; import _ "` + own + `activities"`, nil},

	{"pure", "os", "internal/audit/a.go", `package audit; import "os"; var _ = os.Args`, []string{"must not import os"}},
	{"pure", "network", "internal/audit/a.go", `package audit; import _ "net/http"`, []string{"must not import net/http"}},
	{"pure", "Temporal", "internal/audit/a.go", `package audit; import _ "go.temporal.io/sdk/workflow"`, []string{"must not import go.temporal.io/sdk/workflow"}},
	{"pure", "client-go", "internal/audit/a.go", `package audit; import _ "k8s.io/client-go/rest"`, []string{"must not import k8s.io/client-go/rest"}},
	{"pure", "AWS", "internal/evidence/a.go", `package evidence; import _ "github.com/aws/aws-sdk-go-v2/aws"`, []string{"github.com/aws"}},
	{"pure", "OpenSearch", "internal/flow/a.go", `package flow; import _ "github.com/opensearch-project/opensearch-go/v2"`, []string{"opensearch-project"}},
	{"pure", "the clock", "internal/cron/a.go", "package cron\nimport \"time\"\nvar now = time.Now()", []string{"3: must not use time.Now"}},
	{"pure", "the clock by another name", "internal/cron/a.go", `package cron; import clock "time"; var now = clock.Now`, []string{"must not use time.Now"}},
	{"pure", "sleeping", "internal/cron/a.go", `package cron; import "time"; func f() { time.Sleep(1) }`, []string{"must not use time.Sleep"}},
	{"pure", "the machine's zones", "internal/cron/a.go", `package cron; import "time"; var l = time.Local`, []string{"must not use time.Local"}},
	{"pure", "data types and addresses", "internal/policy/a.go", `package policy; import (_ "net/netip"; _ "k8s.io/api/core/v1"; "time"); var d = time.Hour`, nil},
	{"pure", "an adapter may", "internal/blob/a.go", `package blob; import _ "net/http"`, nil},
	{"pure", "a test may", "internal/audit/a_test.go", `package audit; import _ "os"`, nil},

	{"workflows", "os", "workflows/a.go", `package workflows; import _ "os"`, []string{"must not import os"}},
	{"workflows", "the client", "workflows/a.go", `package workflows; import _ "go.temporal.io/sdk/client"`, []string{"must not import go.temporal.io/sdk/client"}},
	{"workflows", "an adapter", "workflows/a.go", `package workflows; import _ "` + own + `internal/blob"`, []string{"must not import"}},
	{"workflows", "the clock", "workflows/a.go", `package workflows; import "time"; var _ = time.Now`, []string{"must not use time.Now"}},
	{"workflows", "a goroutine", "workflows/a.go", `package workflows; func f() { go f() }`, []string{"must not start a goroutine"}},
	{"workflows", "encoding", "workflows/a.go", `package workflows; import "encoding/json"; var _, _ = json.Marshal(1)`, []string{"must not import encoding/json"}},
	{"workflows", "an unread parameter", "workflows/a.go", `package workflows; import "encoding/json"; type P struct{ D json.RawMessage }`, nil},
	{
		"workflows", "what it needs", "workflows/a.go", `package workflows; import ("time"; _ "go.temporal.io/sdk/workflow"; _ "go.temporal.io/sdk/temporal"; _ "` +
			own + `activities"; _ "` + own + `internal/interval"); var d = time.Hour`, nil,
	},

	{"failures", "a workflow makes an error", "workflows/a.go", `package workflows; import "go.temporal.io/sdk/temporal"; var _ = temporal.NewApplicationError("x", "y")`, []string{"must not call temporal.NewApplicationError"}},
	{"failures", "under another name", "activities/a.go", `package activities; import tmp "go.temporal.io/sdk/temporal"; var _ = tmp.NewNonRetryableApplicationError`, []string{"NewNonRetryableApplicationError"}},
	{"failures", "the one file may", "activities/failure.go", `package activities; import "go.temporal.io/sdk/temporal"; var _ = temporal.NewApplicationError("x", "y")`, nil},
	{"failures", "reading one", "workflows/a.go", `package workflows; import "go.temporal.io/sdk/temporal"; var _ *temporal.ApplicationError`, nil},

	{"names", "util", "internal/util/a.go", `package util`, []string{"package util"}},
	{"names", "its test", "internal/helpers/a_test.go", `package helpers_test`, []string{"package helpers"}},
	{"names", "file", "internal/report/types.go", `package report`, []string{"file types.go"}},
	{"names", "good", "internal/report/type.go", `package report`, nil},

	{"docs", "function", "a/a.go", "package a\n\nfunc Exported() {}", []string{"3: Exported has no doc comment"}},
	{"docs", "method", "a/a.go", "package a\n\n// T is.\ntype T[K any] struct{}\n\nfunc (t *T[K]) Do() {}", []string{"6: Do has no doc comment"}},
	{"docs", "type", "a/a.go", "package a\n\ntype T int", []string{"T has no doc comment"}},
	{"docs", "type in a group", "a/a.go", "package a\n\n// Group.\ntype (\n\tT int\n)", []string{"T has no doc comment"}},
	{"docs", "constant", "a/a.go", "package a\n\nconst C = 1", []string{"C has no doc comment"}},
	{"docs", "group of constants", "a/a.go", "package a\n\n// The sizes.\nconst (\n\tA = 1\n\tB = 2\n)", nil},
	{"docs", "line comments", "a/a.go", "package a\n\nvar (\n\tA = 1 // A is.\n)", nil},
	{"docs", "method of a hidden type", "a/a.go", "package a\n\ntype t int\n\nfunc (t) Do() {}", nil},

	{"size", "file", "a/a.go", "package a\n" + strings.Repeat("\n", 500), []string{"501 lines: at most 500"}},
	{"size", "long file", "a/a.go", "package a\n" + strings.Repeat("\n", 499), nil},
	{"size", "function", "a/a.go", "package a\nfunc f() {\n" + strings.Repeat("\n", 79) + "}", []string{"2: f has 81 lines"}},
	{"size", "long function", "a/a.go", "package a\nfunc f() {\n" + strings.Repeat("\n", 78) + "}", nil},
	{"size", "parameters", "a/a.go", `package a; func f(a, b, c, d, e int) {}`, []string{"5 parameters"}},
	{"size", "unnamed parameters", "a/a.go", `package a; type I interface { F(int, int, int, int, int) }`, []string{"5 parameters"}},
	{"size", "context does not count", "a/a.go", `package a; import "context"; func f(ctx context.Context, a, b, c, d int) {}`, nil},
	{"size", "a test's t does not count", "a/a_test.go", `package a; import "testing"; func f(t *testing.T, a, b, c, d int) {}`, nil},

	{"errors", "prefix", "a/a.go", `package a; import "errors"; var e = errors.New("failed to open")`, []string{"without \"failed to\""}},
	{"errors", "in the middle", "a/a.go", `package a; import "fmt"; var e = fmt.Errorf("open: Failed" + " to read %w", nil)`, []string{"without \"failed to\""}},
	{"errors", "capital", "a/a.go", `package a; import "errors"; var e = errors.New("Open it")`, []string{"begin with a lower-case letter"}},
	{"errors", "two wrapped", "a/a.go", `package a; import "fmt"; var e = fmt.Errorf("%w: %w", nil, nil)`, []string{"wrap one error"}},
	{"errors", "empty", "a/a.go", `package a; import "errors"; var e = errors.New("")`, []string{"without a text"}},
	{"errors", "good", "a/a.go", `package a; import ("errors"; "fmt"); var e, f = errors.New("open pit"), fmt.Errorf("GlobalReport %q: %w", "x", nil)`, nil},

	{"markers", "note", "a/a_test.go", "package a\n// " + "TO" + "DO: later\n", []string{"2: TO" + "DO: finish it"}},
	{"markers", "note at the end", "a/a.go", "package a\nvar x = 1 /* FIX" + "ME */", []string{"FIX" + "ME"}},
	{"markers", "panic", "a/a.go", `package a; func f() { panic("not " + "written") }`, []string{"panic with a text"}},
	{"markers", "a path of one machine", "a/a_test.go", "package a\n// See /work/" + "main/x.\nvar p = `/work/" + "shared`", []string{"path of one machine", "path of one machine"}},
	{"markers", "good", "a/a.go", "package a\n// A method is not a mastodon.\nfunc f(err error) { panic(err) }", nil},

	{"tests", "skip", "a/a_test.go", `package a; import "testing"; func TestX(t *testing.T) { t.Skip("later") }`, []string{"must not skip"}},
	{"tests", "skip a benchmark", "a/a_test.go", `package a; import "testing"; func BenchmarkX(b *testing.B) { b.SkipNow() }`, []string{"must not skip"}},
	{"tests", "short", "a/a_test.go", `package a; import "testing"; func TestX(t *testing.T) { if testing.Short() { return } }`, []string{"testing.Short"}},
	{"tests", "sleep", "a/a_test.go", `package a; import "time"; func f() { time.Sleep(1) }`, []string{"time.Sleep"}},
	{"tests", "assert", "a/a_test.go", `package a; import _ "github.com/stretchr/testify/assert"`, []string{"use require"}},
	{"tests", "good", "a/a_test.go", `package a; import ("testing"; _ "github.com/stretchr/testify/require"); func TestX(t *testing.T) { t.Log("x") }`, nil},
}

func TestRules(t *testing.T) {
	bad, good := map[string]bool{}, map[string]bool{}
	for _, c := range ruleCases {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			found := arch.FileRules[c.rule](parse(t, c.path, c.text))
			require.Len(t, found, len(c.want), texts(found))
			for i, want := range c.want {
				require.Contains(t, texts(found[i:i+1]), want)
				require.Equal(t, c.rule, found[i].Rule)
				require.Equal(t, c.path, found[i].Path)
			}
		})
		bad[c.rule] = bad[c.rule] || len(c.want) > 0
		good[c.rule] = good[c.rule] || len(c.want) == 0
	}
	for rule := range arch.FileRules {
		require.True(t, bad[rule] && good[rule], "rule %s is not proven", rule)
	}
}

func TestPackageDocs(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"missing", "package a", "package a has no package comment"},
		{"detached", "// Package a is.\n\npackage a", "package a has no package comment"},
		{"wrong name", "// Package b is.\npackage a", `must begin with "Package a"`},
		{"good", "// Package a is.\npackage a", ""},
		{"command", "// Command a does.\npackage main", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := arch.CheckPackageDocs([]*arch.Source{parse(t, "a/a.go", c.text), parse(t, "a/b_test.go", "package a")})
			if c.want == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.Contains(t, found[0].Text, c.want)
		})
	}
}

func TestMedian(t *testing.T) {
	file := func(name string, lines int) *arch.Source {
		return parse(t, name, "package a\n"+strings.Repeat("\n", lines-1))
	}
	require.Empty(t, arch.CheckMedian([]*arch.Source{file("a.go", 400), file("b.go", 120), file("c.go", 10), file("d_test.go", 500)}))
	found := arch.CheckMedian([]*arch.Source{file("a.go", 400), file("b.go", 121), file("c.go", 10)})
	require.Len(t, found, 1)
	require.Contains(t, found[0].Text, "median file has 121 lines: at most 120; the longest are a.go (400) b.go (121)")
}

func TestModule(t *testing.T) {
	require.Empty(t, arch.CheckModule("module x\n\nrequire (\n\tgo.temporal.io/sdk v1.50.0\n\tk8s.io/api v0.36.3 // indirect\n)\n"))
	found := arch.CheckModule("module x\nrequire go.temporal.io/server v1.32.1\nrequire (\n\tk8s.io/kubernetes v1.36.0 // indirect\n)\nreplace a => b v1.0.0\n")
	require.Len(t, found, 3)
	require.Contains(t, texts(found), "2: go.temporal.io/server belongs in a nested module")
	require.Contains(t, texts(found), "4: k8s.io/kubernetes belongs in a nested module")
	require.Contains(t, texts(found), "6: a replacement")
}

func TestExceptions(t *testing.T) {
	all := []*arch.Source{parse(t, "internal/report/a.go", "// Package report is.\npackage report\n\nimport \"os\"\n\nvar _ = os.Args\n")}
	exception := arch.Exception{Rule: "pure", Path: "internal/report/a.go", Text: "import os", Reason: "because"}
	require.Len(t, arch.Check(all, "", nil), 1)
	require.Empty(t, arch.Check(all, "", []arch.Exception{exception}))
	for _, c := range []struct {
		name   string
		change func(*arch.Exception)
	}{
		{"another rule", func(e *arch.Exception) { e.Rule = "docs" }},
		{"another file", func(e *arch.Exception) { e.Path = "internal/report/b.go" }},
		{"another text", func(e *arch.Exception) { e.Text = "net" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := exception
			c.change(&other)
			require.Len(t, arch.Check(all, "", []arch.Exception{other}), 2, "the breach, and the exception that covers nothing")
		})
	}
	t.Run("no reason", func(t *testing.T) {
		other := exception
		other.Reason = ""
		require.Len(t, arch.Check(all, "", []arch.Exception{other}), 1)
	})
}

func TestLoad(t *testing.T) {
	all, err := arch.Load(root)
	require.NoError(t, err)
	var paths []string
	for _, s := range all {
		paths = append(paths, s.Path)
		require.NotContains(t, s.Path, "testdata/")
	}
	require.Contains(t, paths, "internal/report/build.go")
	require.Contains(t, paths, "tests/arch/rules_test.go")
	require.Contains(t, paths, "cmd/devstack/main.go", "nested modules are read too")
}
