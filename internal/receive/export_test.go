package receive

import (
	"bytes"
	"time"
)

// Text is what the push would write.
func (p *Push) Text() string {
	var out bytes.Buffer
	if err := p.spool.copyTo(&out); err != nil {
		return err.Error()
	}
	dropped, err := p.droppedLines()
	if err != nil {
		return err.Error()
	}
	return out.String() + string(dropped)
}

// Spoil makes the storing of the push fail after all of it was written.
func (p *Push) Spoil() { p.spool.size++ }

// StoreTogether stores the pushes with one sync, in a folder that nobody has open. It gives each one's error.
func StoreTogether(o FolderOptions, pushes ...*Push) ([]error, error) {
	w := &writer{FolderOptions: o}
	if err := w.begin(time.Now()); err != nil {
		return nil, err
	}
	var group []*request
	for _, p := range pushes {
		group = append(group, &request{push: p, answer: make(chan error, 1)})
	}
	w.commit(group)
	var errs []error
	for _, r := range group {
		errs = append(errs, <-r.answer)
	}
	return errs, w.end()
}
