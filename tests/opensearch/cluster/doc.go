// Package cluster gives tests a real OpenSearch server: one that all tests of a package share, one of their own, or one with TLS and
// users. `make build-opensearch` builds it. PROBITY_TEST_OPENSEARCH names a server without sign-in to share instead; tests that stop,
// limit or secure a server still start their own.
package cluster
