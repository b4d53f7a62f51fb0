// Package harness gives each integration test an archive, a task queue and workers of its own on one real Temporal server and
// one real S3 server. Every history that a test leaves is checked when the test ends: it must replay, each step and timer must
// have a summary, and no payload may be large.
package harness
