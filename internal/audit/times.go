package audit

import (
	"encoding/json"
	"time"
)

// TimeOf is the time of the event in a line: its stageTimestamp, in UTC. why is "" when the line is one JSON object that has one, else
// one of the reasons in Facts.Bad.
func TimeOf(line []byte) (at time.Time, why string) {
	if !json.Valid(line) {
		return time.Time{}, BadJSON
	}
	e, err := parseEvent(line)
	if err != nil {
		return time.Time{}, BadJSON
	}
	at, ok := e.time()
	if !ok {
		return time.Time{}, BadTime
	}
	return at, ""
}
