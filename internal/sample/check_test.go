package sample_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/sample"
)

func oneReader(text string) []io.Reader { return []io.Reader{strings.NewReader(text)} }

func TestCheckVerify(t *testing.T) {
	const table = "endpoint,ingressProtected,appliedPolicies\nPod.v1(shop/a),false,P(x);P(y)\nPod.v1(shop/b),true,\"P(x)\"\n"
	a := map[string]string{"endpoint": "Pod.v1(shop/a)"}
	for name, tc := range map[string]struct {
		check sample.Check
		says  string // "" = holds
	}{
		"row":              {sample.Check{Where: a}, ""},
		"no row":           {sample.Check{Where: map[string]string{"endpoint": "Pod.v1(shop/c)"}}, "has nothing for endpoint Pod.v1(shop/c)"},
		"absent row":       {sample.Check{Where: map[string]string{"endpoint": "Pod.v1(shop/c)"}, Absent: true}, ""},
		"row that is":      {sample.Check{Where: a, Absent: true}, "there must be none"},
		"value":            {sample.Check{Where: a, Expect: map[string]string{"ingressProtected": "false"}}, ""},
		"other value":      {sample.Check{Where: a, Expect: map[string]string{"ingressProtected": "true"}}, `ingressProtected is "false", not "true"`},
		"unknown column":   {sample.Check{Where: a, Expect: map[string]string{"envoyEnabled": "true"}}, `envoyEnabled is ""`},
		"item":             {sample.Check{Where: a, Lists: map[string][]string{"appliedPolicies": {"P(y)", "P(x)"}}}, ""},
		"missing item":     {sample.Check{Where: a, Lists: map[string][]string{"appliedPolicies": {"P(z)"}}}, "appliedPolicies lacks P(z)"},
		"part of an item":  {sample.Check{Where: a, Lists: map[string][]string{"appliedPolicies": {"P("}}}, "lacks P("},
		"line":             {sample.Check{Line: []string{"shop/b", "true"}}, ""},
		"texts on 2 lines": {sample.Check{Line: []string{"shop/a", "true"}}, "has nothing for shop/a, true"},
		"absent line":      {sample.Check{Line: []string{"shop/a", "true"}, Absent: true}, ""},
		"line that is":     {sample.Check{Line: []string{"shop/a"}, Absent: true}, "has 1 for shop/a"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.check.File = "endpoints.csv"
			err := tc.check.Verify([]byte(table))
			if tc.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.says)
			require.ErrorContains(t, err, "endpoints.csv")
		})
	}
	for name, content := range map[string]string{"empty file": "", "no CSV": "endpoint,x\n\"open"} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, sample.Check{File: "f.csv", Where: a}.Verify([]byte(content)), "read f.csv")
		})
	}
}
