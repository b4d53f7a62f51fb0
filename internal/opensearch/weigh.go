package opensearch

import (
	"encoding/json"
	"maps"
	"slices"
)

// maxHolders bounds the indices in an answer; a request names far fewer.
const maxHolders = 1000

// maxWeights bounds how finely documents are weighed over a span.
const maxWeights = 2000

const minute = int64(60_000)

// weighing counts documents by short spans of time.
type weighing struct {
	at       field
	from, to int64

	weights []weight
	sum     int64
}

// buckets is the answer of an aggregation.
type buckets struct {
	Buckets []bucket `json:"buckets"`
}

type bucket struct {
	Key  json.RawMessage `json:"key"`
	Docs int64           `json:"doc_count"`
}

func (b *bucket) name() string {
	var text string
	_ = json.Unmarshal(b.Key, &text) // a number has no name
	return text
}

func (b *bucket) number() float64 {
	var n float64
	_ = json.Unmarshal(b.Key, &n) // a text has no number
	return n
}

// step is the width of the spans: whole minutes.
func (w *weighing) step() int64 {
	return max(minute, (w.to-w.from+maxWeights*minute-1)/(maxWeights*minute)*minute)
}

// aggs asks for histograms of what is kept in milliseconds and in seconds.
func (w *weighing) aggs() m { return w.at.histograms("at", steps{w.from, w.to, w.step(), w.from}) }

func (w *weighing) reading() *reading {
	read := map[string]func(*json.Decoder) error{}
	readHistograms(read, "at", func() { w.weights, w.sum = nil, 0 }, func(at, docs int64) {
		w.weights = append(w.weights, weight{at, docs})
		w.sum += docs
	})
	return &reading{aggs: read}
}

// steps are spans of time, of step milliseconds, in [from, to). One begins at align, and the others step by step from there.
type steps struct{ from, to, step, align int64 }

// histograms count documents by spans of time.
func (f field) histograms(name string, s steps) m {
	one := func(query m, step, align int64) m {
		return m{"filter": query, "aggs": m{"at": m{"histogram": m{
			"field": f.Path, "interval": step, "offset": floorMod(align, step), "min_doc_count": 1,
		}}}}
	}
	millis, seconds := f.spans(&s.from, &s.to, false)
	aggs := m{name + ".millis": one(millis, s.step, s.align)}
	if seconds != nil {
		aggs[name+".seconds"] = one(seconds, max(s.step/1000, 1), up(s.align, 1000))
	}
	return aggs
}

func floorMod(a, b int64) int64 { return a - floor(a, b)*b }

// readHistograms reads what histograms asked for; begin is called before the first number of an answer, which may not be the
// first answer.
func readHistograms(into map[string]func(*json.Decoder) error, name string, begin func(), add func(at, docs int64)) {
	parts := map[string][]weight{}
	for _, part := range []string{name + ".millis", name + ".seconds"} {
		into[part] = func(d *json.Decoder) error {
			var found struct {
				At buckets `json:"at"`
			}
			if err := transferred(d.Decode(&found)); err != nil {
				return err
			}
			parts[part] = nil
			for i := range found.At.Buckets {
				parts[part] = append(parts[part], weight{when(found.At.Buckets[i].number()), found.At.Buckets[i].Docs})
			}
			begin()
			for _, list := range parts {
				for _, w := range list {
					add(w.at, w.docs)
				}
			}
			return nil
		}
	}
}

func sortedKeys[V any](all map[string]V) []string { return slices.Sorted(maps.Keys(all)) }

func sortedValues(all map[string]string) []string { return slices.Sorted(maps.Values(all)) }
