package flow

// batchSize is how many records are looked up at a time. The groups are spread over more memory than a core's cache holds.
// Each of the loops below therefore reaches for one thing, for all records: the processor then waits for all of them at once.
const batchSize = 16

// maxLines bounds what is remembered of lines: 64 MiB. It holds more than groups when a log names one group in several ways.
const maxLines = 2 << 20

// settle adds the records of the batch to their groups.
func (r *Reducer) settle() {
	for i := range r.batch {
		p := &r.batch[i]
		if p.group = none; p.fast {
			p.group = r.lines.find(p.line)
		}
	}
	r.settleKnown()
	r.settleOthers()
	r.batch = r.batch[:0]
}

// settleKnown adds the records whose lines are known.
func (r *Reducer) settleKnown() {
	for i := range r.batch {
		if p := &r.batch[i]; p.group != none {
			r.reached += r.groups.at(p.group).records
		}
	}
	for i := range r.batch {
		if p := &r.batch[i]; p.group != none {
			r.use(p)
		}
	}
}

// settleOthers adds the others. It may spill, after which the numbers of groups from before are void.
func (r *Reducer) settleOthers() {
	r.scratch = r.scratch[:0]
	for i := range r.batch {
		if p := &r.batch[i]; p.group == none {
			p.text = r.readKey(&p.record)
			p.key = printOf(r.scratch[p.text.from:p.text.to])
		}
	}
	for i := range r.batch {
		if p := &r.batch[i]; p.group == none {
			r.reached += int64(r.groups.known.find(p.key))
		}
	}
	for i := range r.batch {
		if p := &r.batch[i]; p.group == none && p.text.to > p.text.from {
			p.group = r.groupOf(p.key, r.scratch[p.text.from:p.text.to])
			if p.fast {
				r.remember(p.line, p.group)
			}
			r.use(p)
		}
	}
}

// readKey appends the record's canonical key to scratch and says where it is. The span is empty when the key cannot be read,
// which is counted.
func (r *Reducer) readKey(record *record) span {
	from := uint32(len(r.scratch))
	why := r.keys.key(record, &r.draft)
	canonical, ok := r.draft.appendCanonical(r.scratch)
	if why == "" && !ok {
		why = BadKey
	}
	if why != "" {
		r.coverage.reject(why)
		return span{from, from}
	}
	r.scratch = canonical
	return span{from, uint32(len(canonical))}
}

// groupOf is the number of the group with the canonical key, which is made when it is not there.
func (r *Reducer) groupOf(print fingerprint, canonical []byte) (number int) {
	if number = r.groups.known.find(print); number != none {
		return number
	}
	if r.groups.n >= min(r.options.MaxGroups, maxNumber) {
		r.spill()
	}
	return r.groups.insert(print, canonical)
}

// remember saves the next line like this one the reading of its key. A record of the same batch may have done it.
func (r *Reducer) remember(line fingerprint, number int) {
	if r.lines.n >= maxLines {
		r.lines.reset()
	}
	if r.lines.find(line) == none {
		r.lines.add(line, number)
	}
}

func (r *Reducer) use(p *pending) {
	r.groups.at(p.group).add(&p.add)
	r.coverage.use(&p.add)
}
