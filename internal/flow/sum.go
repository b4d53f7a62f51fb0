package flow

import "time"

// Sum is what records add up to whose keys are spelled alike, as a server adds them up.
type Sum struct {
	First, Last time.Time // earliest start and latest end
	// The counters, of which none was negative; see Group.
	Connections, BytesIn, BytesOut, PacketsIn, PacketsOut int64
	Records                                               int64
}

// AddSum adds records that were added up elsewhere. line has the members of their key, as a record has them. When the key cannot be
// read nothing is added, and the reason is returned. What Stats tells of the records is told by AddStats.
func (r *Reducer) AddSum(line []byte, s *Sum) Reason {
	var record record
	if why := record.splitGeneral(line); why != "" {
		return why
	}
	var draft draft
	why := r.keys.key(&record, &draft)
	canonical, ok := draft.appendCanonical(nil)
	if why == "" && !ok {
		why = BadKey
	}
	if why != "" {
		return why
	}
	r.addSums(printOf(canonical), string(canonical), &sums{
		first: nanos(s.First), last: nanos(s.Last), connections: s.Connections, bytesIn: s.BytesIn, bytesOut: s.BytesOut,
		packetsIn: s.PacketsIn, packetsOut: s.PacketsOut, records: s.Records,
	})
	return ""
}

// AddStats counts what AddSum adds no count of. The hours must be those that Stats lists.
func (r *Reducer) AddStats(s Stats) { r.coverage.add(s) }
