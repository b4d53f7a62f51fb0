// Package report turns what the other domain packages found into a report: it validates GlobalReports, says which intervals
// are due, derives a GlobalReport's status, and builds the data that templates render.
//
// The package is pure. It reads no clock: every function that depends on the present takes it as a parameter. All times are
// UTC, all lists are sorted, and the same inputs give the same bytes however they are ordered.
package report
