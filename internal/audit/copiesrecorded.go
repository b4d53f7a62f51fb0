package audit

import "github.com/probity/probity/internal/resource"

// toldAlready finds changes that were told twice, by an audit event and by a recorder or by two recorders: the same object and
// resourceVersion, or the end of the same object. The audit event stays, as it knows who; of two recorders' the earlier one.
// The clocks of API server and recorder may be sameWithin apart. What a list showed is no change and always stays: what is not
// in a list ends.
func (c *copies) toldAlready(h *held) bool {
	if !c.recorded || h.ofList() || h.Refused || h.Inferred {
		return false
	}
	for i := range h.Changes {
		what := changeName(&h.Changes[i])
		if what == "" {
			continue
		}
		for _, other := range c.told[what] {
			if other.gone || !other.Recorded && !h.Recorded || other.Time.Add(sameWithin).Before(h.Time) || !sameLife(other, what, h.Changes[i].ID.UID) {
				continue
			}
			c.droppedRecorded++
			if h.Recorded {
				h.gone = true
				return true
			}
			other.gone = true
		}
		c.told[what] = append(c.told[what], h)
	}
	return false
}

// changeName names what a change made of an object; "" when nothing tells.
func changeName(change *resource.Change) string {
	switch {
	case change.Ends():
		return change.ID.Key.String() + "\x00end"
	case change.Object != nil && change.Version != "":
		return change.ID.Key.String() + "\x00" + change.Version
	}
	return ""
}

// sameLife tells whether an entry made that of the object with this uid; an unknown uid may be any.
func sameLife(h *held, what, uid string) bool {
	for i := range h.Changes {
		if other := h.Changes[i].ID.UID; changeName(&h.Changes[i]) == what {
			return other == "" || uid == "" || other == uid
		}
	}
	return false
}

func (c *copies) forgetTold(h *held) {
	if !c.recorded {
		return
	}
	for i := range h.Changes {
		what := changeName(&h.Changes[i])
		all := c.told[what]
		for i, member := range all {
			if member == h {
				all = append(all[:i:i], all[i+1:]...)
				break
			}
		}
		if len(all) == 0 {
			delete(c.told, what)
		} else {
			c.told[what] = all
		}
	}
}
