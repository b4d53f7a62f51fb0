package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// server is asked without any client library: nothing is added to what a request takes.
type server struct{ address string }

func (s *server) call(ctx context.Context, method, path string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	if into == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// bulkDocs is how many documents one request stores, by two clients at a time.
const bulkDocs = 4000

// fill makes an index of some documents, merged into one segment so that every way finds the same.
func (s *server) fill(ctx context.Context, index, mapping string, docs int, document func(int) []byte) error {
	if err := s.call(ctx, http.MethodPut, "/"+index, []byte(mapping), nil); err != nil {
		return err
	}
	began := time.Now()
	group, ctx2 := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for from := 0; from < docs; from += bulkDocs {
		group.Go(func() error {
			var body bytes.Buffer
			for n := from; n < min(from+bulkDocs, docs); n++ {
				body.WriteString("{\"index\":{}}\n")
				body.Write(document(n))
				body.WriteByte('\n')
			}
			var answer struct{ Errors bool }
			if err := s.call(ctx2, http.MethodPost, "/"+index+"/_bulk?filter_path=errors", body.Bytes(), &answer); err != nil {
				return err
			}
			if answer.Errors {
				return fmt.Errorf("documents from %d on were refused", from)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	took := time.Since(began)
	for _, path := range []string{"/_refresh", "/_forcemerge?max_num_segments=1", "/_refresh"} {
		if err := s.call(ctx, http.MethodPost, "/"+index+path, nil, nil); err != nil {
			return err
		}
	}
	fmt.Printf("%d documents of about %d bytes stored in %s, %.0f a second\n", docs, len(document(0)), took.Round(time.Second), float64(docs)/took.Seconds())
	return nil
}

func (s *server) drop(ctx context.Context, index string) error {
	return s.call(ctx, http.MethodDelete, "/"+index, nil, nil)
}

// compositeKeys are those of internal/opensearch, in its order.
var compositeKeys = []string{"source_namespace", "source_name_aggr", "source_name", "source_type", "dest_namespace", "dest_name_aggr", "dest_name",
	"dest_type", "dest_port", "proto", "action", "reporter", "dest_service_namespace", "dest_service_name", "dest_service_port", "dest_service_port_num"}

type object = map[string]any

// composite reads all groups with the same aggregation as internal/opensearch, page by page.
func (s *server) composite(ctx context.Context, index string) (measured, error) {
	const page = 10_000
	var sources []object
	for _, name := range compositeKeys {
		sources = append(sources, object{name: object{"terms": object{"field": name, "missing_bucket": true}}})
	}
	composite := object{"size": page, "sources": sources}
	aggs := object{
		"first": object{"min": object{"field": "start_time"}}, "last": object{"max": object{"field": "end_time"}},
		"policies": object{"terms": object{"field": "policies.enforced_policies", "size": 50}},
	}
	for _, name := range []string{"num_flows_started", "bytes_in", "bytes_out", "packets_in", "packets_out"} {
		aggs[name] = object{"sum": object{"field": name}}
	}
	began := time.Now()
	var found measured
	for {
		body, err := json.Marshal(object{"size": 0, "track_total_hits": true, "query": daysRange("start_time"),
			"aggs": object{"groups": object{"composite": composite, "aggs": aggs}}})
		if err != nil {
			return found, err
		}
		var answer struct {
			Aggregations struct {
				Groups struct {
					After   object `json:"after_key"`
					Buckets []struct {
						In struct{ Value float64 } `json:"bytes_in"`
					}
				}
			}
		}
		if err := s.call(ctx, http.MethodPost, "/"+index+"/_search?request_cache=false", body, &answer); err != nil {
			return found, err
		}
		groups := &answer.Aggregations.Groups
		for i := range groups.Buckets {
			found.Bytes += int64(groups.Buckets[i].In.Value)
		}
		found.Rows += int64(len(groups.Buckets))
		if len(groups.Buckets) < page {
			found.Seconds = time.Since(began).Seconds()
			return found, nil
		}
		composite["after"] = groups.After
	}
}

// daysRange is the day, in the unit of a field.
func daysRange(field string) object {
	from, to := any(day.Unix()), any(day.AddDate(0, 0, 1).Unix())
	if field != "start_time" {
		from, to = day.Format(time.RFC3339), day.AddDate(0, 0, 1).Format(time.RFC3339)
	}
	return object{"bool": object{"filter": []object{{"range": object{field: object{"gte": from, "lt": to}}}}}}
}

// scroll reads every document.
func (s *server) scroll(ctx context.Context, index string, fields []string) (measured, error) {
	body, err := json.Marshal(object{"size": 10_000, "query": daysRange("start_time"), "_source": fields, "sort": []string{"_doc"}})
	if err != nil {
		return measured{}, err
	}
	type page struct {
		ID   string `json:"_scroll_id"`
		Hits struct {
			Hits []struct {
				Source struct {
					In int64 `json:"bytes_in"`
				} `json:"_source"`
			}
		}
	}
	began := time.Now()
	var found measured
	path := "/" + index + "/_search?scroll=2m"
	for {
		var answer page
		if err := s.call(ctx, http.MethodPost, path, body, &answer); err != nil {
			return found, err
		}
		if len(answer.Hits.Hits) == 0 {
			found.Seconds = time.Since(began).Seconds()
			return found, nil
		}
		for i := range answer.Hits.Hits {
			found.Bytes += answer.Hits.Hits[i].Source.In
		}
		found.Rows += int64(len(answer.Hits.Hits))
		path = "/_search/scroll"
		if body, err = json.Marshal(object{"scroll": "2m", "scroll_id": answer.ID}); err != nil {
			return found, err
		}
	}
}

// events reads the events that policy-audit wants.
func (s *server) events(ctx context.Context, index string) (measured, error) {
	query := daysRange("stageTimestamp")
	filter := query["bool"].(object)["filter"].([]object)
	filter = append(filter, object{"terms": object{"verb": []string{"create", "update", "patch", "delete", "deletecollection"}}},
		object{"terms": object{"stage": []string{"ResponseComplete", "ResponseStarted"}}},
		object{"term": object{"objectRef.resource": "globalnetworkpolicies"}})
	body, err := json.Marshal(object{"size": 10_000, "query": object{"bool": object{"filter": filter}}, "sort": []any{"stageTimestamp", "_id"}, "track_total_hits": true})
	if err != nil {
		return measured{}, err
	}
	began := time.Now()
	var answer struct {
		Hits struct {
			Hits []struct {
				Source json.RawMessage `json:"_source"`
			}
		}
	}
	err = s.call(ctx, http.MethodPost, "/"+index+"/_search?request_cache=false", body, &answer)
	return measured{Seconds: time.Since(began).Seconds(), Rows: int64(len(answer.Hits.Hits))}, err
}
