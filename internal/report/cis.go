package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// Thresholds that hold where a definition names none (calico-compliance.md section 1, "cis").
const (
	defaultHighThreshold = 100
	defaultMedThreshold  = 50
)

func checkCIS(found *problems, params *v3.CISBenchmarkParams) {
	if params == nil {
		return
	}
	high := checkPercent(found, "spec.cis.highThreshold", params.HighThreshold, defaultHighThreshold)
	med := checkPercent(found, "spec.cis.medThreshold", params.MedThreshold, defaultMedThreshold)
	if high <= med {
		found.add("spec.cis.highThreshold", strconv.Itoa(high),
			fmt.Sprintf("must be greater than medThreshold, which is %d (%d when it is not set)", med, defaultMedThreshold))
	}
	if n := params.NumFailedTests; n != nil && *n <= 0 {
		found.add("spec.cis.numFailedTests", strconv.Itoa(*n), "must be greater than 0")
	}
	for i := range params.ResultsFilters {
		checkFilter(found, fmt.Sprintf("spec.cis.resultsFilters[%d]", i), &params.ResultsFilters[i])
	}
}

func checkPercent(found *problems, field string, given *int, otherwise int) int {
	if given == nil {
		return otherwise
	}
	if *given < 0 || *given > 100 {
		found.add(field, strconv.Itoa(*given), "must be a percentage from 0 to 100")
	}
	return *given
}

// kubernetesVersion is the significant parts of a version: "1", "1.28", "v1.28.3".
var kubernetesVersion = regexp.MustCompile(`^v?[0-9]+(\.[0-9]+){0,2}$`)

func checkFilter(found *problems, field string, filter *v3.CISBenchmarkFilter) {
	if selection := filter.BenchmarkSelection; selection != nil && selection.KubernetesVersion != "" &&
		!kubernetesVersion.MatchString(selection.KubernetesVersion) {
		found.add(field+".benchmarkSelection.kubernetesVersion", selection.KubernetesVersion,
			`must be one to three numbers joined by dots, for example "1.28"`)
	}
	checkTests(found, field+".exclude", filter.Exclude)
	checkTests(found, field+".include", filter.Include)
}

func checkTests(found *problems, field string, tests []string) {
	for i, test := range tests {
		if strings.TrimSpace(test) == "" {
			found.add(fmt.Sprintf("%s[%d]", field, i), test, `must be a test's index, for example "1.1.4"`)
		}
	}
}
