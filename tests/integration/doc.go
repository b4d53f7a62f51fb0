// Package integration tests whole reports on a real Temporal server and a real S3 server: what only these can show, such as
// killed workers, schedules and what the archive holds afterwards. `make test-integration` builds what it needs.
package integration
