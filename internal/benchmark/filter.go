package benchmark

import (
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// selection decides which of a node's tests are in the report.
type selection struct {
	unscored bool
	filter   v3.CISBenchmarkFilter // the first that matches the node; empty when none does
}

func selectionFor(params *v3.CISBenchmarkParams, version string) selection {
	s := selection{unscored: params.IncludeUnscoredTests}
	for _, filter := range params.ResultsFilters {
		if filter.BenchmarkSelection == nil || matchesVersion(filter.BenchmarkSelection.KubernetesVersion, version) {
			s.filter = filter
			break
		}
	}
	return s
}

// keeps decides about a test: included ones stay, scored or not; excluded ones go; of the others the unscored ones stay only
// when the definition asks for them.
func (s selection) keeps(test Test) bool {
	switch {
	case slices.Contains(s.filter.Include, test.Number):
		return true
	case slices.Contains(s.filter.Exclude, test.Number):
		return false
	}
	return test.Scored || s.unscored
}

// matchesVersion compares by parts: 1.1 matches 1.1 and 1.1.7, but not 1.10. No wanted version matches every node; a node
// without a recorded version matches nothing else.
func matchesVersion(wanted, recorded string) bool {
	if wanted == "" {
		return true
	}
	have := versionParts(recorded)
	want := versionParts(wanted)
	return len(have) >= len(want) && slices.Equal(have[:len(want)], want)
}

// versionParts takes the numbers of versions such as v1.28.3-eks-a1b2c3 and v1.28.3+k3s1.
func versionParts(version string) []string {
	version = strings.TrimPrefix(strings.TrimSpace(version), "v")
	if end := strings.IndexAny(version, "-+"); end >= 0 {
		version = version[:end]
	}
	return strings.Split(version, ".")
}
