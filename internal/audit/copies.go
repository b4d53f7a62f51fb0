package audit

// copies lets each request through once. It is fed in order and holds entries for sameWithin, as a copy of an event need not
// be its neighbour. Two entries are the same request when audit ID, verb and URI agree and their answers do not contradict
// each other; of copies, the one with the object wins, else the earlier one (decisions.md, "The same event twice").
type copies struct {
	queue   []*held
	groups  map[string][]*held
	newest  int64
	dropped int64

	recorded        bool               // there are recorded entries
	told            map[string][]*held // entries by what they changed, while recorded ones may be copies
	droppedRecorded int64
}

type held struct {
	Entry
	group string
	gone  bool
}

func newCopies() copies { return copies{groups: map[string][]*held{}, told: map[string][]*held{}} }

// push adds the next entry; line is its encoded form.
func (c *copies) push(entry Entry, line []byte) {
	h := &held{Entry: entry, group: group(&entry, line)}
	c.newest = entry.Time.UnixMicro()
	c.queue = append(c.queue, h)
	if c.toldAlready(h) {
		return
	}
	for _, earlier := range c.groups[h.group] {
		if earlier.gone || contradict(&earlier.Entry, &h.Entry) || earlier.Time.Add(sameWithin).Before(h.Time) {
			continue
		}
		if told(&h.Entry) > told(&earlier.Entry) {
			c.drop(earlier, h)
			continue
		}
		c.drop(h, earlier)
		return
	}
	c.groups[h.group] = append(c.groups[h.group], h)
}

// pop gives the oldest entry for which no copy can come any more.
func (c *copies) pop(all bool) (Entry, bool) {
	for len(c.queue) > 0 {
		h := c.queue[0]
		if !all && h.Time.Add(sameWithin).UnixMicro() >= c.newest {
			return Entry{}, false
		}
		c.queue[0] = nil
		c.queue = c.queue[1:]
		c.forget(h)
		if !h.gone {
			return h.Entry, true
		}
	}
	return Entry{}, false
}

func (c *copies) forget(h *held) {
	c.forgetTold(h)
	group := c.groups[h.group]
	for i, member := range group {
		if member == h {
			group = append(group[:i:i], group[i+1:]...)
			break
		}
	}
	if len(group) == 0 {
		delete(c.groups, h.group)
	} else {
		c.groups[h.group] = group
	}
}

// drop leaves a copy out. What only the copy knows stays: behind an aggregating API server the aggregated one sees the
// impersonated user as the user, and who was behind it is in the front server's event alone.
func (c *copies) drop(loser, winner *held) {
	loser.gone = true
	c.dropped++
	if loser.Who != nil && winner.Who != nil && loser.Who.As != "" && winner.Who.As == "" && loser.Who.As == winner.Who.User {
		winner.Who = loser.Who
	}
}

func group(e *Entry, line []byte) string {
	switch {
	case e.Inferred || e.AuditID == "": // only the same bytes are the same
		return string(line)
	}
	return e.AuditID + "\x00" + e.Verb + "\x00" + e.URI
}

// contradict tells whether two entries of one group cannot be the same request.
func contradict(a, b *Entry) bool {
	return a.Code != b.Code && a.Code != 0 && b.Code != 0 ||
		a.Answer != "" && b.Answer != "" && a.Answer != b.Answer ||
		a.Version != "" && b.Version != "" && a.Version != b.Version
}

// told ranks copies by how much their bodies tell.
func told(e *Entry) int {
	switch {
	case e.Version != "":
		return 2
	case e.Answer != "":
		return 1
	}
	return 0
}
