// Package devstack starts the program cmd/devstack as a child process and tells where its servers are. That program holds a real
// Temporal server with its UI and a real S3 server; it is a module of its own, since its dependencies are heavy.
package devstack
