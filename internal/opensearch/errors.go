package opensearch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
)

// ErrChanged tells that an index that was there when the work was planned is gone: plan it anew.
var ErrChanged = errors.New("the indices have changed")

// Error is an answer by which the server refuses a request.
type Error struct {
	Status int
	Type   string // "index_not_found_exception"
	Reason string
	Causes []string // types of what is below, sorted
}

// Error says what the server said.
func (e *Error) Error() string {
	text := fmt.Sprintf("server answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Type != "" {
		text += ": " + e.Type
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Is tells which general error it is: fs.ErrPermission for a refused access.
func (e *Error) Is(target error) bool {
	return target == fs.ErrPermission && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// has tells whether the error is of the type, or caused by one.
func (e *Error) has(kind string) bool { return e.Type == kind || slices.Contains(e.Causes, kind) }

// tooMany tells that groups were more than the server gives at a time.
func tooMany(err error) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.has(tooManyBuckets)
}

// maxError bounds what is read of an error's text, and maxReason what is shown of it.
const (
	maxError  = 64 << 10
	maxReason = 500
)

// errorBody is the usual form of an error; its members may also be plain text.
type errorBody struct {
	Type      string      `json:"type"`
	Reason    string      `json:"reason"`
	CausedBy  *errorBody  `json:"caused_by"`
	RootCause []errorBody `json:"root_cause"`
	Failed    []struct {
		Reason errorBody `json:"reason"`
	} `json:"failed_shards"`
}

func (b *errorBody) collect(into map[string]string, depth int) {
	if depth > 8 {
		return
	}
	if b.Type != "" {
		into[b.Type] = b.Reason
	}
	for i := range b.RootCause {
		b.RootCause[i].collect(into, depth+1)
	}
	for i := range b.Failed {
		b.Failed[i].Reason.collect(into, depth+1)
	}
	if b.CausedBy != nil {
		b.CausedBy.collect(into, depth+1)
	}
}

// readError reads an answer that is an error, whatever its form.
func readError(status int, body io.Reader) *Error {
	raw, _ := io.ReadAll(io.LimitReader(body, maxError)) // what there is of it is shown
	e := &Error{Status: status}
	var outer struct {
		Error json.RawMessage `json:"error"`
	}
	var inner errorBody
	if json.Unmarshal(raw, &outer) != nil || json.Unmarshal(outer.Error, &inner) != nil {
		e.Reason = short(strings.Trim(string(raw), " \r\n"))
		return e
	}
	e.Type, e.Reason = inner.Type, inner.Reason
	causes := map[string]string{}
	inner.collect(causes, 0)
	for kind := range causes {
		if kind != e.Type {
			e.Causes = append(e.Causes, kind)
		}
	}
	slices.Sort(e.Causes)
	if deepest := inner.deepest(); deepest != nil && deepest.Reason != "" && deepest.Type != e.Type {
		e.Reason = strings.TrimPrefix(e.Reason+": "+deepest.Type+": "+deepest.Reason, ": ")
	}
	e.Reason = short(e.Reason)
	return e
}

// deepest is the cause that says most: the last of the chain, or the first root.
func (b *errorBody) deepest() *errorBody {
	at := b
	for depth := 0; at.CausedBy != nil && depth < 8; depth++ {
		at = at.CausedBy
	}
	if at == b && len(b.RootCause) > 0 {
		at = &b.RootCause[0]
	}
	if at == b && len(b.Failed) > 0 {
		at = &b.Failed[0].Reason
	}
	return at
}

func short(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason], "") + "…"
}
