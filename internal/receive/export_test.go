package receive

import "bytes"

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
