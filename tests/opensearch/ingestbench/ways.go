package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	osclient "github.com/opensearch-project/opensearch-go/v2"
	"github.com/opensearch-project/opensearch-go/v2/opensearchutil"

	"github.com/probity/probity/internal/opensearch"
)

// parallel is how many requests are under way at one time.
const parallel = 4

// day is that of all records.
var day = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// lines are flow records as Calico Enterprise writes them, in the order of their time.
func lines(n int) [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([][]byte, n)
	for i := range out {
		at := day.Unix() + int64(i)*86_000/int64(n)
		pod, peer := random.IntN(2000), random.IntN(2000)
		out[i] = fmt.Appendf(nil, `{"start_time":%d,"end_time":%d,"source_ip":null,"source_name":"-","source_name_aggr":"app-%d-*","source_namespace":"shop-%d",`+
			`"nat_outgoing_ports":null,"source_port":null,"source_type":"wep","source_labels":{"labels":["app=app-%d","tier=backend","pod-template-hash=6b687c8dcb"]},`+
			`"dest_ip":null,"dest_name":"-","dest_name_aggr":"db-%d-*","dest_namespace":"data-%d","dest_port":5432,"dest_type":"wep",`+
			`"dest_labels":{"labels":["app=db-%d","tier=storage"]},"dest_service_namespace":"data-%d","dest_service_name":"db","dest_service_port":"sql",`+
			`"dest_service_port_num":5432,"dest_domains":null,"proto":"tcp","action":"allow","reporter":"src",`+
			`"policies":{"all_policies":["0|app|data-%d/app.db|allow|1"],"enforced_policies":["0|app|data-%d/app.db|allow|1"]},`+
			`"bytes_in":%d,"bytes_out":%d,"num_flows":1,"num_flows_started":%d,"num_flows_completed":0,"packets_in":%d,"packets_out":%d,`+
			`"http_requests_allowed_in":0,"http_requests_denied_in":0,"process_name":"-","num_process_names":0,"process_id":"-","num_process_ids":0,`+
			`"original_source_ips":null,"num_original_source_ips":0,"host":"node-%d"}`,
			at, at+300, pod, pod%40, pod, peer, peer%40, peer, peer%40, peer%40, peer%40,
			random.IntN(1e6), random.IntN(1e6), random.IntN(9), random.IntN(999), random.IntN(999), pod%50)
	}
	return out
}

// ours is what `probity ingest` does with lines.
func ours(ctx context.Context, b *bench, name string) error {
	client, err := b.client(ctx)
	if err != nil {
		return err
	}
	store, err := opensearch.NewStore(client, opensearch.Flows, name+".*", "")
	if err != nil {
		return err
	}
	feed := opensearch.NewFeed(ctx, store, nil)
	for _, line := range b.lines {
		if err := feed.Add(line); err != nil {
			break // End tells it
		}
	}
	done, err := feed.End()
	if err == nil && done.Stored != int64(len(b.lines)) {
		return fmt.Errorf("stored %d of %d records", done.Stored, len(b.lines))
	}
	return err
}

// theirs is the client's own helper, as its documentation uses it.
func theirs(ctx context.Context, b *bench, name string) error {
	client, err := osclient.NewClient(osclient.Config{Addresses: []string{b.address}})
	if err != nil {
		return err
	}
	helper, err := opensearchutil.NewBulkIndexer(opensearchutil.BulkIndexerConfig{Client: client, NumWorkers: parallel})
	if err != nil {
		return err
	}
	index := name + "." + day.Format("20060102")
	for _, line := range b.lines {
		sum := sha256.Sum256(line)
		err := helper.Add(ctx, opensearchutil.BulkIndexerItem{
			Index: index, Action: "create", DocumentID: base64.RawURLEncoding.EncodeToString(sum[:]), Body: bytes.NewReader(line),
		})
		if err != nil {
			return err
		}
	}
	if err := helper.Close(ctx); err != nil {
		return err
	}
	if stats := helper.Stats(); stats.NumFailed > 0 {
		return fmt.Errorf("%d records were not stored", stats.NumFailed)
	}
	return nil
}

// warmUp lets the server compile what it needs.
func warmUp(ctx context.Context, b *bench) error {
	all := b.lines
	defer func() { b.lines = all }()
	b.lines = all[:len(all)/5]
	for i, w := range [2]way{ours, theirs} {
		if err := w(ctx, b, fmt.Sprintf("warm%d", i)); err != nil {
			return err
		}
	}
	return nil
}

// check counts what is stored, and removes it.
func (b *bench) check(ctx context.Context, name string) error {
	var counted struct{ Count int }
	for _, one := range []struct {
		method, path string
		to           any
	}{{http.MethodPost, "/_refresh", nil}, {http.MethodGet, "/_count", &counted}, {http.MethodDelete, "", nil}} {
		request, err := http.NewRequestWithContext(ctx, one.method, b.address+"/"+name+"."+day.Format("20060102")+one.path, http.NoBody)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		if one.to != nil {
			err = json.NewDecoder(answer.Body).Decode(one.to)
		}
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
	}
	if counted.Count != len(b.lines) {
		return fmt.Errorf("%s holds %d of %d records", name, counted.Count, len(b.lines))
	}
	return nil
}
