package timeline

// Work is how many endpoints, classes, policies and network sets the evaluation has looked at so far.
func (t *Timeline) Work() int64 { return t.work }
