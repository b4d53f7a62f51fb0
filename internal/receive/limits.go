package receive

import (
	"time"

	"github.com/probity/probity/internal/logfile"
)

const (
	// MaxLine is the longest line of a push, in bytes: longer ones no reader of log files would read.
	MaxLine = logfile.MaxLine
	// MaxBad is how many lines of a push may be bad. One with more is no NDJSON, and is refused.
	MaxBad = 1000

	// memoryBody is what is kept of a push in memory; the rest goes to a file.
	memoryBody = 1 << 20
	// reach is how far the flows of a push reach back from its arrival when its lines do not tell: five minutes of flows, up to
	// seven and a half until they are sent (PUSH_INDEX of Calico 3.30), and the emitter's repetitions.
	reach = 20 * time.Minute
	// patience is how long after its last refusal a push is given up: the emitter repeats one for less than that in all. Together
	// with reach and the age of files it is under the 30 minutes after which a report is made.
	patience = 6 * time.Minute
	// maxRefused bounds the refused pushes that are remembered.
	maxRefused = 1000
	// maxWindow bounds the stored pushes that are remembered.
	maxWindow = 1 << 16
)
