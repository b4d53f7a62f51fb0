package receive

import (
	"context"
	"encoding/json"

	"github.com/probity/probity/internal/flow"
)

// Sink keeps pushes. It is safe for concurrent use.
type Sink interface {
	// Store keeps the push's lines and what tells of those that were dropped. Without an error all of it is on stable storage,
	// or was already: duplicate tells. A [SinkError] says that the push may be sent again later.
	Store(ctx context.Context, p *Push) (duplicate bool, err error)
	// Check tells whether the sink could keep a push now. It may repair what was broken.
	Check(ctx context.Context) error
	// Spool is the folder for parts of pushes that do not fit memory.
	Spool() string
}

// SinkError says that a push could not be kept, for a reason that is not in the push.
type SinkError struct{ Err error }

// Error is the reason.
func (e *SinkError) Error() string { return e.Err.Error() }

// Unwrap is the reason.
func (e *SinkError) Unwrap() error { return e.Err }

// droppedLine is the line of the log that stands for one that was dropped. A reader of flows takes the first three members;
// the rest is for people.
type droppedLine struct {
	Start   int64         `json:"start_time"` // seconds since 1970
	End     int64         `json:"end_time"`
	Action  string        `json:"action"`
	Probity droppedDetail `json:"probity"`
}

type droppedDetail struct {
	Reason string `json:"reason"`
	Line   int64  `json:"line,omitempty"` // of the push; a whole push has none
	Bytes  int64  `json:"bytes,omitempty"`
	Push   string `json:"push"` // its SHA-256, so that the line is the same when the push comes again
}

// droppedLines are the lines of the log for what was dropped of the push, each with its line feed.
func (p *Push) droppedLines() ([]byte, error) {
	var out []byte
	for _, d := range p.Dropped {
		end := p.Span.End.Unix()
		if p.Span.End.Nanosecond() > 0 {
			end++
		}
		line, err := json.Marshal(droppedLine{
			Start: p.Span.Start.Unix(), End: end, Action: flow.DroppedAction,
			Probity: droppedDetail{Reason: d.Reason, Line: d.Line, Bytes: d.Bytes, Push: keyOf(p.Digest)},
		})
		if err != nil {
			return nil, err
		}
		out = append(append(out, line...), '\n')
	}
	return out, nil
}
