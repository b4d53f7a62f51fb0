package flow

// pending is a record of the interval whose group is yet to be found.
type pending struct {
	record record
	spans  keySpans
	fast   bool        // whether the spans are known
	line   fingerprint // of the spans
	add    sums
	group  int         // or none
	key    fingerprint // of the canonical key
	text   span        // the canonical key, in the reducer's scratch; empty when it was not read, or could not be
}

// AddLine adds one line of a flow log, in either form. A line that is no flow record is counted with its reason in Stats.
// The line is not kept.
func (r *Reducer) AddLine(line []byte) {
	r.stage(line)
	r.settle()
}

// AddLines is AddLine for several lines, and faster.
func (r *Reducer) AddLines(lines [][]byte) {
	for _, line := range lines {
		r.stage(line)
		if len(r.batch) == batchSize {
			r.settle()
		}
	}
	r.settle()
}

// stage reads a line, up to which group it belongs to.
func (r *Reducer) stage(line []byte) {
	if r.err != nil {
		return
	}
	r.coverage.lines++
	n := len(r.batch)
	next := &r.batch[:n+1][n]
	next.fast = r.layout.split(line, &next.record, &next.spans)
	if !next.fast {
		if why := next.record.splitGeneral(line); why != "" {
			r.coverage.reject(why)
			return
		}
	}
	if why := next.record.sums(&next.add); why != "" {
		r.coverage.reject(why)
		return
	}
	if !r.coverage.overlaps(&next.add) {
		r.coverage.outside++
		return
	}
	if next.fast {
		next.line = next.spans.print(line)
	}
	r.batch = r.batch[:n+1]
}
