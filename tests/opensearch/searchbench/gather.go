package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/opensearch"
)

// gatherInChild gathers in a process of its own, so that its memory is its own.
func gatherInChild(ctx context.Context, address, index string) (measured, error) {
	program, err := os.Executable()
	if err != nil {
		return measured{}, err
	}
	cmd := exec.CommandContext(ctx, program, "-gather", address, "-index", index)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return measured{}, fmt.Errorf("gather: %w", err)
	}
	var found measured
	if err := json.Unmarshal(out, &found); err != nil {
		return found, err
	}
	found.PeakKiB = cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	return found, nil
}

// atServer knows for how long at least one request was at the server.
type atServer struct {
	mu    sync.Mutex
	count int
	since time.Time
	total time.Duration
}

func (a *atServer) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count++; a.count == 1 {
		a.since = time.Now()
	}
}

func (a *atServer) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count--; a.count == 0 {
		a.total += time.Since(a.since)
	}
}

// gatherAndPrint gathers as a worker's activities do: partitions side by side, merged in the end.
func gatherAndPrint(ctx context.Context, address, index string) error {
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	var waiting atServer
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		waiting.begin()
		defer waiting.end()
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	client, err := opensearch.New(ctx, opensearch.Options{Addresses: []string{front.URL}})
	if err != nil {
		return err
	}
	began := time.Now()
	var found measured
	if strings.Contains(index, "audit") {
		found, err = gatherEvents(ctx, client, index)
	} else {
		found, err = gatherFlows(ctx, client, index)
	}
	if err != nil {
		return err
	}
	found.Seconds, found.Waiting = time.Since(began).Seconds(), waiting.total.Seconds()
	return found.print()
}

// parallel is the number of activities at one time.
const parallel = 4

func gatherFlows(ctx context.Context, client *opensearch.Client, index string) (measured, error) {
	log := opensearch.NewFlowLog(client, opensearch.LogOptions{Indices: []string{index}})
	span := interval.Interval{Start: day, End: day.AddDate(0, 0, 1)}
	parts, err := log.Partitions(ctx, span)
	if err != nil {
		return measured{}, err
	}
	reducers := make([]*flow.Reducer, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i := range parts {
		group.Go(func() error {
			reducers[i] = flow.NewReducer(flow.Options{Interval: span})
			stats, err := log.Reduce(ctx, &parts[i], reducers[i], nil)
			if err == nil && len(stats.Faults) > 0 {
				err = fmt.Errorf("the server says: %s", strings.Join(stats.Faults, "; "))
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return measured{}, err
	}
	sum := flow.NewReducer(flow.Options{Interval: span})
	for _, reducer := range reducers {
		if err := sum.Merge(reducer); err != nil {
			return measured{}, err
		}
	}
	var found measured
	for group, err := range sum.Groups() {
		if err != nil {
			return found, err
		}
		found.Rows++
		found.Bytes += group.BytesIn
	}
	return found, nil
}

func gatherEvents(ctx context.Context, client *opensearch.Client, index string) (measured, error) {
	selected := []v3.AuditResource{{Resource: "globalnetworkpolicies"}, {Resource: "networkpolicies"}}
	log := opensearch.NewAuditLog(client, opensearch.LogOptions{Indices: []string{index}}).Wanting(audit.WantedFor(selected))
	span := interval.Interval{Start: day, End: day.AddDate(0, 0, 1)}
	parts, err := log.Partitions(ctx, span.Start, span.End)
	if err != nil {
		return measured{}, err
	}
	collectors := make([]*audit.Collector, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i := range parts {
		group.Go(func() error {
			collectors[i] = audit.NewCollector(audit.CollectorOptions{Interval: span, Selection: selected})
			_, out, err := log.Read(ctx, &parts[i], func(line []byte) error {
				collectors[i].AddLine(line)
				return collectors[i].Err()
			})
			if err == nil && out != nil {
				collectors[i].AddLeftOut(out)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return measured{}, err
	}
	var found measured
	for _, collector := range collectors {
		var discard strings.Builder
		facts, err := collector.Encode(&discard)
		if err != nil {
			return found, err
		}
		found.Rows += facts.Used
	}
	return found, nil
}
