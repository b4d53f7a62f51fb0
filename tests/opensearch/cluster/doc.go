// Package cluster gives tests a real OpenSearch server: one that all tests of a package share, one of their own, or one with TLS and
// users. `make build-opensearch` builds it.
//
// PROBITY_TEST_OPENSEARCH is the address of a server without sign-in to share instead; tests that stop, limit or secure a server
// still start their own. PROBITY_OPENSEARCH is the folder of the built servers (default: bin/opensearch), PROBITY_OPENSEARCH_VARIANT
// which of them runs where a test does not ask for one with users: "plain" (the default), or "v3".
package cluster
