// Package porttest says what each input port of the activities promises: one suite for each port, to be run against every
// implementation, and one implementation in memory, which the tests of the activities use as their source.
//
// The suites state the contract of activities/ports.go: the same records give the same result however they are split,
// compressed or ordered; what is wrong with a source is told, not hidden; a source that is not there is an error that names
// it; and a context that ends, or a caller that fails, ends the reading.
package porttest
