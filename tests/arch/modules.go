package arch

import (
	"fmt"
	"strings"
)

// heavy are modules that would turn the product's go.mod into that of a server (DESIGN.md, import rule 5). What needs them
// lives in a nested module.
var heavy = []string{
	"go.temporal.io/server", "github.com/temporalio/ui-server", "github.com/versity/versitygw", "k8s.io/kubernetes",
	"k8s.io/apiextensions-apiserver", "go.etcd.io/etcd/server", "sigs.k8s.io/controller-runtime", "github.com/projectcalico/",
	"github.com/golangci/", "honnef.co/go/tools", "github.com/duckdb/", "github.com/marcboeker/go-duckdb", "modernc.org/sqlite",
}

// CheckModule finds heavy modules in the text of the root go.mod, and replacements, with which nobody could install the
// commands by their import path.
func CheckModule(text string) []Finding {
	const rule, file = "modules", "go.mod"
	var found []Finding
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if hasAnyPrefix(line, heavy) {
			found = append(found, Finding{rule, file, i + 1, fmt.Sprintf("%s belongs in a nested module", strings.Fields(line)[0])})
		}
		if strings.HasPrefix(line, "replace ") {
			found = append(found, Finding{rule, file, i + 1, "a replacement keeps the commands from being installed by path"})
		}
	}
	return found
}
