package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/devstack"
)

// opensearchOptions say how the local OpenSearch server is started.
type opensearchOptions struct {
	on   bool
	jars string
	port int
	heap int
}

func (o *opensearchOptions) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.on, "opensearch", false, "run a real OpenSearch server too, for flow logs and audit logs")
	cmd.Flags().StringVar(&o.jars, "opensearch-jars", "", "folder of the built OpenSearch server (default: opensearch/plain beside probity)")
	cmd.Flags().IntVar(&o.port, "opensearch-port", 9200, "port of OpenSearch; 0 picks a free one")
	cmd.Flags().IntVar(&o.heap, "opensearch-heap", 1024, "memory of OpenSearch, in MiB of Java's heap")
}

// startOpenSearch starts the server, points the configuration at it, and tells where it is. A folder of logs goes before it.
func (a *app) startOpenSearch(ctx context.Context, o *stackOptions) (*devstack.OpenSearchChild, error) {
	jars, err := findOpenSearch(o.opensearch.jars)
	if err != nil {
		return nil, err
	}
	if o.opensearch.heap < 128 {
		return nil, usage("--opensearch-heap is %d: OpenSearch needs 128 MiB or more", o.opensearch.heap)
	}
	server, err := devstack.StartOpenSearch(ctx, devstack.OpenSearchOptions{
		Jars: jars, Folder: filepath.Join(o.dir, "opensearch"), Port: o.opensearch.port, Heap: o.opensearch.heap,
	})
	if err != nil {
		return nil, err
	}
	a.cfg.OpenSearch.Addresses = []string{server.Address.Address}
	fmt.Fprintf(a.out, "OpenSearch  %s (version %s)\n", server.Address.Address, server.Address.Version)
	return server, nil
}

// findOpenSearch finds the folder of the server's jars: as given, else beside this program.
func findOpenSearch(given string) (string, error) {
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			return "", usage("--opensearch-jars is %q: no such folder; `make build-opensearch` makes bin/opensearch/plain", given)
		}
		return given, nil
	}
	own, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the folder of this program: %w", err)
	}
	beside := filepath.Join(filepath.Dir(own), "opensearch", "plain")
	if _, err := os.Stat(beside); err != nil {
		return "", usage("OpenSearch is not beside probity: build it with `make build-opensearch`, or name its folder with --opensearch-jars")
	}
	return beside, nil
}
