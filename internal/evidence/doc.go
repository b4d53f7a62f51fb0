// Package evidence says how Probity's archive is laid out, what its documents contain, and how a reader checks them.
//
// Below "<prefix>/<cluster>/" in the bucket there are four folders: snapshots, reports, outcomes and staging; [Layout] makes
// and reads their keys. A run seals one bundle: its data, its downloads and, last, its [Manifest], which is what makes the
// bundle exist. [Provenance] tells where the data came from and gives the verdict; [Outcome] tells what became of a due
// interval, failures included. [Verify] and [VerifyChain] check sealed bundles offline.
//
// Every document names its schema, is encoded to the same bytes from the same content, and holds nothing that changes when
// the same inputs are computed again: who ran a report, and when, is in its outcome record, never in its bundle.
// All times are UTC. The package is pure: no clock, no network, no files; readers are passed in.
package evidence
