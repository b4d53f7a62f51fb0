// Package timeline replays a snapshot of a cluster and the changes after it, and keeps each endpoint's worst case over an
// interval: protected only where it was protected at every instant, exposed where it was exposed at any.
//
// A pod or host endpoint belongs to a class: all endpoints of one namespace, service account and set of labels, which policies
// cannot tell apart. Policies are matched against classes and outcomes are computed once for each combination of policies, so a
// change costs what it can touch and not what the cluster holds. A class remembers the outcomes that its members have not taken
// over yet, at most about as many as it has members: memory follows the endpoints, not the changes.
//
// The package is pure: no clock, no network. The same snapshot and changes give the same Result, in whatever order the snapshot
// and the changes of one instant are given.
package timeline
