package render

import (
	"context"
	"fmt"
)

// Limits bound what rendering one template may cost. They depend on counts, never on a clock, so that a report that renders
// once renders always.
type Limits struct {
	// Output is the most bytes that a template may print, and that a value may hold which it prints or turns into text.
	Output int64
	// Value is the most bytes of a text that a function makes out of smaller ones (repeat, replace, join and the like), and of one
	// cell of a csv.
	Value int64
	// Work is the most units of work. A turn of a loop and a call of a function are ten units, a list element looked at and 64
	// bytes handled are one. A unit takes one to two tenths of a microsecond on the machines of today.
	Work int64
}

// DefaultLimits fit reports on 100,000 endpoints: a row of endpoints.csv takes about 200 units.
func DefaultLimits() Limits { return Limits{Output: 512 << 20, Value: 64 << 20, Work: 500_000_000} }

func (l Limits) filled() Limits {
	d := DefaultLimits()
	if l.Output <= 0 {
		l.Output = d.Output
	}
	if l.Value <= 0 {
		l.Value = d.Value
	}
	if l.Work <= 0 {
		l.Work = d.Work
	}
	return l
}

// limitError tells that a template costs more than it may.
type limitError struct{ what string }

func (e *limitError) Error() string { return e.what }

func overLimit(format string, args ...any) error {
	return &limitError{fmt.Sprintf(format, args...)}
}

// bytesPerUnit is how many bytes count as one unit of work.
const bytesPerUnit = 64

// meter counts the work of one template. It is not safe for concurrent use.
type meter struct {
	ctx    context.Context
	limits Limits
	spent  int64
	looked int64 // spent when the context was last looked at
}

// contextEvery is how many units pass between two looks at the context: well under a millisecond.
const contextEvery = 4096

// spend counts units and fails when the budget is used up or the context has ended.
func (m *meter) spend(units int64) error {
	m.spent += units
	if m.spent > m.limits.Work || m.spent < 0 {
		return overLimit("it does more work than the limit of %d units allows: look for loops within loops", m.limits.Work)
	}
	if m.spent-m.looked >= contextEvery {
		m.looked = m.spent
		return m.ctx.Err()
	}
	return nil
}

// spendBytes counts bytes handled.
func (m *meter) spendBytes(n int64) error { return m.spend(n / bytesPerUnit) }
