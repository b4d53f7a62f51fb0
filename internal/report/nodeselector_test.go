package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/report"
)

func TestParseNodeSelector(t *testing.T) {
	for _, test := range []struct{ text, canonical string }{
		{"", ""},
		{"nodetype=infrastructure", "nodetype=infrastructure"},
		{"zone=b, nodetype=infrastructure", "nodetype=infrastructure,zone=b"},
		{"node-role.kubernetes.io/infra=", "node-role.kubernetes.io/infra="},
	} {
		t.Run(test.text, func(t *testing.T) {
			selector, err := report.ParseNodeSelector(test.text)
			require.NoError(t, err)
			require.Equal(t, test.canonical, report.NodeSelectorText(selector))
		})
	}
}

func TestParseNodeSelectorSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ text, says string }{
		{"nodetype", `"nodetype" has no value: write labels as nodetype=infrastructure`},
		{"node type=infra", `"node type=infra" cannot be a label of a node`},
		{"a=b c", `"a=b c" cannot be a label of a node`},
		{"a=b,a=c", "label a is given twice"},
		{"a=b,", `"" has no value`},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, err := report.ParseNodeSelector(test.text)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestNodeSelectorKey(t *testing.T) {
	require.Empty(t, report.NodeSelectorKey(nil))
	require.Equal(t, "nodetype=infrastructure,zone=a", report.NodeSelectorKey(map[string]string{"zone": "a", "nodetype": "infrastructure"}))
	long := func(value string) string {
		return report.NodeSelectorKey(map[string]string{strings.Repeat("a", 200): value})
	}
	require.Regexp(t, `^sha256:[0-9a-f]{32}$`, long("b"), "a long selector is shortened to a digest")
	require.NotEqual(t, long("b"), long("c"))
}

func TestNodeSelectorOf(t *testing.T) {
	selector, err := report.NodeSelectorOf([]byte(`{"kind":"GlobalReport","spec":{"jobNodeSelector":{"nodetype":"infrastructure"},"schedule":"0 0 * * *"}}`))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"nodetype": "infrastructure"}, selector)
	selector, err = report.NodeSelectorOf([]byte(`{"kind":"GlobalReport"}`))
	require.NoError(t, err)
	require.Nil(t, selector)
	_, err = report.NodeSelectorOf([]byte(`{"spec":{"jobNodeSelector":"infrastructure"}}`))
	require.ErrorContains(t, err, "decode GlobalReport")
}
