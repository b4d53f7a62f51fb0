// Command searchbench measures the gathering of flow logs and audit events from a real OpenSearch on this machine: against the same
// aggregation run bare by one client, and against reading every document. Caches are off. Build the server first
// (make build-opensearch).
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/probity/probity/internal/devstack"
)

func main() {
	var b bench
	flag.StringVar(&b.jars, "jars", "bin/opensearch/plain", "folder of the built server")
	flag.IntVar(&b.docs, "docs", 5_000_000, "flow documents of each case")
	flag.IntVar(&b.endpoints, "endpoints", 2000, "endpoints that talk to each other")
	flag.IntVar(&b.events, "events", 1_000_000, "audit events, of which one in 500 matches; 0 leaves them out")
	groups := flag.String("groups", "10000,250000", "how many groups the flow documents fall into, in each case")
	flag.IntVar(&b.heap, "heap", 2048, "MiB of the server's heap")
	flag.IntVar(&b.rounds, "rounds", 3, "how often each way but scrolling is measured; the best counts")
	gather := flag.String("gather", "", "internal: gather from this server and print what that took")
	index := flag.String("index", "", "internal: the index to gather from")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := json.Unmarshal([]byte("["+*groups+"]"), &b.groups)
	if err != nil {
		fmt.Fprintf(os.Stderr, "searchbench: -groups %s: use numbers with commas between them\n", *groups)
		stop()
		os.Exit(2)
	}
	if *gather != "" {
		err = gatherAndPrint(ctx, *gather, *index)
	} else {
		err = b.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "searchbench:", err)
		stop()
		os.Exit(1)
	}
}

type bench struct {
	jars                                  string
	docs, endpoints, events, heap, rounds int
	groups                                []int

	server *server
}

func (b *bench) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "searchbench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	child, err := devstack.StartOpenSearch(ctx, devstack.OpenSearchOptions{Jars: b.jars, Folder: filepath.Join(folder, "server"), Heap: b.heap})
	if err != nil {
		return err
	}
	defer func() { _ = child.Stop() }()
	b.server = &server{address: child.Address.Address}
	for _, groups := range b.groups {
		if err := b.flows(ctx, groups); err != nil {
			return fmt.Errorf("flows in %d groups: %w", groups, err)
		}
	}
	if b.events == 0 {
		return nil
	}
	return b.audit(ctx)
}

// flows fills an index and compares the ways to read it.
func (b *bench) flows(ctx context.Context, groups int) error {
	index := fmt.Sprintf("tigera_secure_ee_flows.bench.%d", groups)
	if err := b.server.fill(ctx, index, flowMapping, b.docs, func(n int) []byte { return flowDocument(n, b.docs, b.endpoints, groups) }); err != nil {
		return err
	}
	var ours, bare measured
	for range b.rounds {
		if err := bare.best(func() (measured, error) { return b.server.composite(ctx, index) }); err != nil {
			return err
		}
		if err := ours.best(func() (measured, error) { return gatherInChild(ctx, b.server.address, index) }); err != nil {
			return err
		}
	}
	scroll, err := b.server.scroll(ctx, index, flowFields)
	if err != nil {
		return err
	}
	if ours.Rows != bare.Rows || ours.Bytes != bare.Bytes || scroll.Bytes != bare.Bytes {
		return fmt.Errorf("the ways disagree: %d groups and %d bytes, bare %d and %d, scrolled %d bytes", ours.Rows, ours.Bytes, bare.Rows, bare.Bytes, scroll.Bytes)
	}
	fmt.Printf("%d documents, %d groups:\n", b.docs, bare.Rows)
	fmt.Printf("  (a) composite aggregation, pages of 10,000, one client  %8.2f s\n", bare.Seconds)
	fmt.Printf("  (b) scrolling through every document                    %8.2f s\n", scroll.Seconds)
	fmt.Printf("  gathering                                               %8.2f s, %.2f times (a), %.0f times as fast as (b)\n",
		ours.Seconds, ours.Seconds/bare.Seconds, scroll.Seconds/ours.Seconds)
	fmt.Printf("    of it with a request at the server %.0f %%, peak memory %d MiB\n", 100*ours.Waiting/ours.Seconds, ours.PeakKiB>>10)
	return b.server.drop(ctx, index)
}

// audit compares the reading of policy-audit's events with a bare query for them.
func (b *bench) audit(ctx context.Context) error {
	const index = "tigera_secure_ee_audit_kube.bench.1"
	if err := b.server.fill(ctx, index, auditMapping, b.events, func(n int) []byte { return auditDocument(n, b.events) }); err != nil {
		return err
	}
	var ours, bare measured
	for range b.rounds {
		if err := bare.best(func() (measured, error) { return b.server.events(ctx, index) }); err != nil {
			return err
		}
		if err := ours.best(func() (measured, error) { return gatherInChild(ctx, b.server.address, index) }); err != nil {
			return err
		}
	}
	if ours.Rows != bare.Rows {
		return fmt.Errorf("the ways disagree: %d events, bare %d", ours.Rows, bare.Rows)
	}
	fmt.Printf("%d audit events, %d of them wanted:\n", b.events, bare.Rows)
	fmt.Printf("  bare query  %8.3f s\n  gathering   %8.3f s, %.2f times, peak memory %d MiB\n", bare.Seconds, ours.Seconds, ours.Seconds/bare.Seconds, ours.PeakKiB>>10)
	return nil
}

// measured is what one way took and found.
type measured struct {
	Seconds float64 `json:"seconds"`
	Rows    int64   `json:"rows"`  // groups, or events
	Bytes   int64   `json:"bytes"` // the sum of bytes_in
	// Waiting is the time in which at least one request was at the server, seconds.
	Waiting float64 `json:"waiting,omitempty"`
	PeakKiB int64   `json:"peakKiB,omitempty"` // of the process
}

// best runs a way once more and keeps the faster result.
func (m *measured) best(run func() (measured, error)) error {
	found, err := run()
	if err == nil && (m.Seconds == 0 || found.Seconds < m.Seconds) {
		*m = found
	}
	return err
}

func (m *measured) print() error { return json.NewEncoder(os.Stdout).Encode(m) }
