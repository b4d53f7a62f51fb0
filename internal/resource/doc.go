// Package resource names the Kubernetes and Calico resources that Probity follows, and reads them.
//
// A resource is read from the JSON form that the API server stores, lists or logs, and is reduced to what the timeline and
// the policy engine look at; everything else stays in the archived original. The package is pure: no clock, no network.
package resource
