package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/probity/probity/internal/kube"
)

// kubectl reads the same pages as a snapshot, one call of kubectl for each.
func (b *bench) kubectl(ctx context.Context) (string, error) { return b.pages(ctx, b.raw) }

// onePlain reads them over one connection, without compression, as a snapshot does.
func (b *bench) onePlain(ctx context.Context) (string, error) { return b.connected(ctx, true) }

// oneGzip lets the server compress, as kubectl does.
func (b *bench) oneGzip(ctx context.Context) (string, error) { return b.connected(ctx, false) }

func (b *bench) connected(ctx context.Context, plain bool) (string, error) {
	config, err := clientcmd.BuildConfigFromFlags("", b.kube.Address.Kubeconfig)
	if err != nil {
		return "", err
	}
	config.DisableCompression = plain
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return "", err
	}
	return b.pages(ctx, func(ctx context.Context, uri string) ([]byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+uri, nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		page, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", response.Status, page)
		}
		return page, err
	})
}

// pages reads all pages with get, each after the one before it.
func (b *bench) pages(ctx context.Context, get func(ctx context.Context, uri string) ([]byte, error)) (string, error) {
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
			page, err := get(ctx, kube.ListPath(kind.Resources[0])+"?"+query.Encode())
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
