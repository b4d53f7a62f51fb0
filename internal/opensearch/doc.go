// Package opensearch reads flow logs and audit logs from OpenSearch, through the official client.
//
// What is read is the same as from files: documents are given to the same reducers, and what the server can sum up itself is
// only taken from it where the result is the same to the byte. What the server did not tell is stated: a shard that failed, a
// search that ran out of time and an index that is closed are faults of the read, never a smaller number.
//
// Nothing is loaded whole. Answers are read as they arrive, pages are made as large as a bound in bytes allows, and requests
// wait for one of a fixed number of slots. A request that ends early, by its time-out or with its context, ends on the server
// too.
package opensearch
