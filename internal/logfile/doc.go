// Package logfile reads Probity's inputs from folders on disk: a cluster as files, audit logs, flow logs, benchmark results
// and report definitions. Files may be plain, gzip or zstd, told apart by their first bytes, not by their names.
//
// What is read never depends on how the records are spread over files, nor on the files' names or order.
package logfile
