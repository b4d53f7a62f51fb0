package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const examplesFolder = "../testdata/globalreports"

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &fields))
	return fields
}

func TestExamplesAreAdmitted(t *testing.T) {
	g := openGate(t, "globalreports")
	files, err := filepath.Glob(filepath.Join(examplesFolder, "*.yaml"))
	require.NoError(t, err)
	require.Len(t, files, 9)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Empty(t, g.admit(t, decode(t, string(raw))))
		})
	}
}

// report is a GlobalReport with lines of its spec.
func report(spec ...string) string {
	return "apiVersion: projectcalico.org/v3\nkind: GlobalReport\nmetadata: {name: r}\nspec:\n  " + strings.Join(spec, "\n  ") + "\n"
}

