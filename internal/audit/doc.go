// Package audit turns Kubernetes audit logs into the changes of the followed resources, and into the rows that say who
// changed which policy.
//
// A log is read in partitions, each by a Collector of its own, in any order and on any machine. A Collector reduces its lines
// to a sorted run of entries and to Facts about what it read. Merge joins the runs into one stream in which each request
// appears once, in an order that does not depend on how the lines were spread. A Differ follows that stream and tells what
// each change of a selected resource changed.
//
// What real logs do, and what follows for a reader, is measured in audit-log.md; numbers such as "AL 9" in comments name its
// items. How contradictions are settled is in decisions.md. The package is pure: no clock, no network, no files.
package audit
