// Package workflows holds the deterministic code that Temporal replays: Tick, Report, Snapshot and Backfill.
//
// A Schedule starts a Tick at each due time of a report. The Tick waits until the interval's logs have settled and until one
// of the report's slots is free, starts a Report for each interval that is due, and hands its state to the next Tick as its
// result. Nothing here reads a clock, a file or the network; activities do, and return references.
package workflows
