package flow

import "io"

// Spill keeps sorted runs of groups that do not fit into memory. It is given by the caller, since this package touches no
// files. A Spill may be shared by reducers that work at the same time.
type Spill interface {
	// Create begins a run.
	Create() (SpillRun, error)
}

// SpillRun is one run: written once, closed, then read any number of times and removed.
type SpillRun interface {
	io.WriteCloser
	// Open reads the run from its start. It is called after Close only.
	Open() (io.ReadCloser, error)
	// Remove frees the run.
	Remove() error
}
