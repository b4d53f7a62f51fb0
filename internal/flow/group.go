package flow

import (
	"math"
	"time"
)

// Group is the sum of the flow records that share a Key.
type Group struct {
	Key
	First time.Time `json:"first"` // earliest start of a record, UTC, as logged: it may lie before the interval
	Last  time.Time `json:"last"`  // latest end of a record, UTC
	// Connections counts the connections that began: num_flows_started of Calico Enterprise, num_connections_started of
	// Goldmane. A connection that is still open in the next record is thus counted once.
	Connections int64 `json:"connections"`
	// Bytes and packets are as the reporting end counted them: in is what came to it, out is what it sent.
	BytesIn    int64 `json:"bytesIn"`
	BytesOut   int64 `json:"bytesOut"`
	PacketsIn  int64 `json:"packetsIn"`
	PacketsOut int64 `json:"packetsOut"`
	Records    int64 `json:"records"` // flow records in the group
}

// sums is what a record adds to its group. Times are nanoseconds since 1970, UTC.
type sums struct {
	first, last                                           int64
	connections, bytesIn, bytesOut, packetsIn, packetsOut int64
	records                                               int64
}

// emptySums are the sums of no record.
var emptySums = sums{first: math.MaxInt64}

// add is commutative and associative, so that no order of records shows in the result: sums stop at the largest int64.
func (s *sums) add(o *sums) {
	s.first, s.last = min(s.first, o.first), max(s.last, o.last)
	s.connections = plus(s.connections, o.connections)
	s.bytesIn, s.bytesOut = plus(s.bytesIn, o.bytesIn), plus(s.bytesOut, o.bytesOut)
	s.packetsIn, s.packetsOut = plus(s.packetsIn, o.packetsIn), plus(s.packetsOut, o.packetsOut)
	s.records = plus(s.records, o.records)
}

// plus adds two numbers that are not negative.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func (s *sums) group(key Key) Group {
	return Group{
		Key: key, First: time.Unix(0, s.first).UTC(), Last: time.Unix(0, s.last).UTC(), Connections: s.connections,
		BytesIn: s.bytesIn, BytesOut: s.bytesOut, PacketsIn: s.packetsIn, PacketsOut: s.packetsOut, Records: s.records,
	}
}
