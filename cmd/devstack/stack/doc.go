// Package stack runs a Temporal server on SQLite, the Temporal UI and an S3 gateway over a folder, all in this process and on
// this machine's loopback address only.
//
// The gateway changes the process's working directory and can run once in a process, so programs other than devstack itself
// start devstack as a child; internal/devstack does that.
package stack
