package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/probity/probity/internal/kube"
)

// kubectl reads the same pages as a snapshot, one call of kubectl for each.
func (b *bench) kubectl(ctx context.Context) (string, error) {
	config, err := clientcmd.BuildConfigFromFlags("", b.kube.Address.Kubeconfig)
	if err != nil {
		return "", err
	}
	served, err := kube.Discover(ctx, config)
	if err != nil {
		return "", err
	}
	pages, size, version := 0, 0, ""
	for _, kind := range served {
		if kind.Absent() {
			continue
		}
		query := url.Values{"limit": {"500"}}
		if version != "" {
			query.Set("resourceVersion", version)
			query.Set("resourceVersionMatch", "Exact")
		}
		for more := true; more; {
			page, err := b.raw(ctx, kube.ListPath(kind.Resources[0])+"?"+query.Encode())
			if err != nil {
				return "", err
			}
			meta, err := metadata(page)
			if err != nil {
				return "", err
			}
			pages, size, version = pages+1, size+len(page), meta.ResourceVersion
			query, more = url.Values{"limit": {"500"}, "continue": {meta.Continue}}, meta.Continue != ""
		}
	}
	return fmt.Sprintf("%d pages, %d MB", pages, size/1e6), nil
}

func (b *bench) raw(ctx context.Context, uri string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "kubestack"), "kubectl", "get", "--raw", uri, "--kubeconfig", b.kube.Address.Kubeconfig)
	return cmd.Output()
}

type listMeta struct {
	ResourceVersion, Continue string
}

// metadata finds a list's metadata without decoding its items, which would cost kubectl time that is not its own.
func metadata(page []byte) (listMeta, error) {
	const name = `"metadata":`
	var meta listMeta
	at := bytes.Index(page, []byte(name))
	if at < 0 {
		return meta, fmt.Errorf("the page has no metadata")
	}
	return meta, json.NewDecoder(bytes.NewReader(page[at+len(name):])).Decode(&meta)
}
