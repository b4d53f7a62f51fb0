// Package opensearch tests Probity against a real OpenSearch server.
package opensearch
