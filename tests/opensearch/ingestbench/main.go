// Command ingestbench measures how many flow records a second get into a real OpenSearch on this machine: as `probity ingest` stores
// them, and by the bulk helper of the official client with as many requests at one time, the same documents, identities and mappings.
// Both begin at lines in memory. Build the server first (make build-opensearch).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/opensearch"
)

type bench struct {
	jars               string
	docs, heap, rounds int

	address string
	lines   [][]byte
}

func main() {
	var b bench
	flag.StringVar(&b.jars, "jars", "bin/opensearch/plain", "folder of the built server")
	flag.IntVar(&b.docs, "docs", 500_000, "flow records")
	flag.IntVar(&b.heap, "heap", 2048, "MiB of the server's heap")
	flag.IntVar(&b.rounds, "rounds", 3, "how often each way is measured, by turns; the best counts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "ingestbench:", err)
		stop()
		os.Exit(1)
	}
}

// way stores all lines under a name for the indices that nothing else has.
type way func(ctx context.Context, b *bench, name string) error

func (b *bench) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "ingestbench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	child, err := devstack.StartOpenSearch(ctx, devstack.OpenSearchOptions{Jars: b.jars, Folder: filepath.Join(folder, "server"), Heap: b.heap})
	if err != nil {
		return err
	}
	defer func() { _ = child.Stop() }()
	b.address = child.Address.Address
	b.lines = lines(b.docs)
	if err := warmUp(ctx, b); err != nil {
		return err
	}
	var best [2]measured
	ways := [2]way{ours, theirs}
	for round := range b.rounds {
		for turn := range ways {
			which := (turn + round) % 2
			m, err := b.measure(ctx, ways[which], fmt.Sprintf("bench%d-%d", which, round))
			if err != nil {
				return err
			}
			if best[which].wall == 0 || m.wall < best[which].wall {
				best[which] = m
			}
		}
	}
	fmt.Printf("%d flow records, %d bytes each, best of %d rounds\n", b.docs, len(b.lines[0]), b.rounds)
	for i, name := range []string{"probity ingest", "official bulk helper"} {
		fmt.Printf("%-20s %8.0f documents/s, %.1f s, of that %.1f CPU-seconds of the client\n", name, float64(b.docs)/best[i].wall.Seconds(), best[i].wall.Seconds(), best[i].cpu.Seconds())
	}
	fmt.Printf("ratio %.2f\n", best[1].wall.Seconds()/best[0].wall.Seconds())
	return nil
}

type measured struct{ wall, cpu time.Duration }

func (b *bench) measure(ctx context.Context, w way, name string) (measured, error) {
	client, err := b.client(ctx)
	if err != nil {
		return measured{}, err
	}
	store, err := opensearch.NewStore(client, opensearch.Flows, name+".*", "")
	if err != nil {
		return measured{}, err
	}
	if err := store.Prepare(ctx); err != nil {
		return measured{}, err
	}
	runtime.GC()
	began, used := time.Now(), cpu()
	if err := w(ctx, b, name); err != nil {
		return measured{}, err
	}
	took := measured{time.Since(began), cpu() - used}
	fmt.Printf("%s: %.0f documents/s, client %.1f CPU-seconds\n", name, float64(b.docs)/took.wall.Seconds(), took.cpu.Seconds())
	return took, b.check(ctx, name)
}

func (b *bench) client(ctx context.Context) (*opensearch.Client, error) {
	return opensearch.New(ctx, opensearch.Options{Addresses: []string{b.address}, MaxRequests: parallel})
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
