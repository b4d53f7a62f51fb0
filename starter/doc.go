// Package starter is the client side: it keeps one Temporal Schedule for each GlobalReport, starts manual runs and
// backfills, and reads what became of them.
package starter
