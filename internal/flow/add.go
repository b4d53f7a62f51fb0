package flow

// batchSize is how many lines are looked up at a time. The groups are spread over more memory than a core's cache holds;
// looking several up one right after the other lets the processor wait for all of them at once.
const batchSize = 16

// pending is a record of the interval whose group is yet to be found.
type pending struct {
	record record
	spans  keySpans
	fast   bool // whether the spans are known
	print  fingerprint
	add    sums
	group  *sums
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
		next.print = r.known.print(line, &next.spans)
	}
	r.batch = r.batch[:n+1]
}

// settle adds the records of the batch to their groups.
func (r *Reducer) settle() {
	for i := range r.batch {
		p := &r.batch[i]
		if p.group = nil; p.fast {
			p.group = r.known.find(p.print)
		}
	}
	age := r.age
	for i := range r.batch {
		p := &r.batch[i]
		if p.group == nil || r.age != age { // in the second case the groups were spilled in the meantime
			p.group = r.find(p)
		}
		if p.group != nil {
			p.group.add(&p.add)
			r.coverage.use(&p.add)
		}
	}
	r.batch = r.batch[:0]
}

// find is the group of the record. It is nil when the record's key cannot be read, which is counted.
func (r *Reducer) find(p *pending) *sums {
	if p.fast { // a record of the same batch may have made it known
		if group := r.known.find(p.print); group != nil {
			return group
		}
	}
	why := r.keys.key(&p.record, &r.draft)
	canonical, ok := r.draft.appendCanonical(r.scratch[:0])
	r.scratch = canonical
	if why == "" && !ok {
		why = BadKey
	}
	if why != "" {
		r.coverage.reject(why)
		return nil
	}
	group := r.groups[string(canonical)]
	if group == nil {
		group = r.insert(string(canonical))
	}
	if p.fast {
		r.known.add(p.print, group)
	}
	return group
}
