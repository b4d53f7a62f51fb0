package arch_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/probity/probity/tests/arch"
)

// root is the repository's folder, seen from this package.
const root = "../.."

// exceptions is the only list of places where a rule does not hold. Keep it short; every entry needs its reason.
var exceptions = []arch.Exception{
	{
		Rule: "size", Path: "internal/audit/build_test.go", Text: "parameters",
		Reason: "the builders of logged objects take an identity that every case writes out; a struct would triple each case",
	},
}

func TestRepository(t *testing.T) {
	all, err := arch.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range arch.Check(all, string(module), exceptions) {
		t.Error(finding)
	}
}
