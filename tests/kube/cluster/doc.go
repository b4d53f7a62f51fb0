// Package cluster gives tests a real API server: one that all tests of a package share, or one of their own. Its program is built
// by `make build-kube`.
package cluster
