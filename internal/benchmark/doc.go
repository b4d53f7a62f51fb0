// Package benchmark reads CIS benchmark results as kube-bench prints them, and builds the rows and the summary of a report
// from them.
//
// The types of the rows are the published ones of github.com/tigera/api. What a definition asks for (thresholds, unscored
// tests, filters) is applied as calico-compliance.md sections 1 and 7 describe; a definition is validated before it gets
// here. Counts are taken from the tests that remain, never from the totals that kube-bench printed.
package benchmark

// Statuses of a test, as kube-bench writes them. Tests with any other status than these two are unknown: they could not be
// evaluated, or a person must (kube-bench: WARN, INFO).
const (
	Pass = "PASS"
	Fail = "FAIL"
)

// unknown is the status of a section in which nothing failed and something is unknown.
const unknown = "WARN"

// Statuses of a node: how many of its passed and failed tests have passed.
const (
	High = "HIGH" // at least highThreshold percent
	Med  = "MED"  // at least medThreshold percent
	Low  = "LOW"  // less
	// NotEvaluated is a node without a passed or failed test, or without a result at all. The notes of a report say why.
	NotEvaluated = "not evaluated"
)

// Defaults of a definition's parameters (calico-compliance.md section 1).
const (
	DefaultHighThreshold  = 100
	DefaultMedThreshold   = 50
	DefaultNumFailedTests = 5
)
