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
	group  int // or none
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
		next.print = next.spans.print(line)
	}
	r.batch = r.batch[:n+1]
}

// settle adds the records of the batch to their groups.
func (r *Reducer) settle() {
	for i := range r.batch {
		p := &r.batch[i]
		if p.group = none; p.fast {
			p.group = r.lines.find(p.print)
		}
	}
	for i := range r.batch {
		if p := &r.batch[i]; p.group != none {
			r.use(p)
		}
	}
	for i := range r.batch {
		p := &r.batch[i]
		if p.group != none {
			continue
		}
		if p.group = r.find(p); p.group != none {
			r.use(p)
		}
	}
	r.batch = r.batch[:0]
}

func (r *Reducer) use(p *pending) {
	r.groups.at(p.group).add(&p.add)
	r.coverage.use(&p.add)
}

// find is the group of the record. It is none when the record's key cannot be read, which is counted.
func (r *Reducer) find(p *pending) int {
	if p.fast { // a record of the same batch may have made it known
		if number := r.lines.find(p.print); number != none {
			return number
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
		return none
	}
	print := printOf(canonical)
	number := r.groups.known.find(print)
	if number == none {
		number = r.insert(print, canonical)
	}
	if p.fast {
		r.remember(p.print, number)
	}
	return number
}

// maxLines bounds what is remembered of lines: 64 MiB. It holds more than groups when a log names one group in several ways.
const maxLines = 2 << 20

// remember saves the next line like this one the reading of its key.
func (r *Reducer) remember(line fingerprint, number int) {
	if r.lines.n >= maxLines {
		r.lines.reset()
	}
	r.lines.add(line, number)
}
