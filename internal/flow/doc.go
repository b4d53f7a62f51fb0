// Package flow reduces flow logs to groups: who spoke to whom, through which service and port, allowed or denied by which
// policy, how often, how much, and from when to when.
//
// Two line forms are read, told apart line by line: the Calico Enterprise flow log and what the emitter of the open-source
// Goldmane writes (calico-compliance.md section 8). The result is a Reducer: records may be spread over any number of
// reducers in any order, and merging those always gives the same groups and the same bytes.
//
// Each line goes through two stages. The first splits the line into the values of the fields that matter; it has a fast
// form, which has learned the names that occur in this log and their usual order, and a general one, which is
// encoding/json. The second reads the values and is the same for both. A line that the fast form does not fully understand
// is left to the general one, so both always agree.
//
// The package is pure: no clock, no files, no network. What does not fit into memory goes to a Spill that the caller gives.
package flow
