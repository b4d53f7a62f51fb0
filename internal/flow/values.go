package flow

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"time"
)

const maxPort = 65535

func (t EndType) known() bool { return t == Workload || t == Host || t == NetworkSet || t == Network }

// absent tells whether a raw value says "nothing": missing, null, "-" and "" are the same in flow logs.
func absent(value []byte) bool {
	switch len(value) {
	case 0:
		return true
	case 2:
		return string(value) == `""`
	case 3:
		return string(value) == `"-"`
	case 4:
		return string(value) == "null"
	}
	return false
}

// text is the text of a string value, nil when absent. It is false for a value that is no string.
func text(value []byte) ([]byte, bool) {
	if absent(value) {
		return nil, true
	}
	if value[0] != '"' {
		return nil, false
	}
	out := unquote(value)
	if len(out) == 0 || string(out) == "-" {
		return nil, true
	}
	return out, true
}

// textOrNumber is text, and the digits of an integer.
func textOrNumber(value []byte) ([]byte, bool) {
	if out, ok := text(value); ok {
		return out, true
	}
	_, ok := integer(value)
	return value, ok
}

// integer reads decimal digits with an optional minus; it is false for anything else and for what does not fit.
func integer(b []byte) (int64, bool) {
	n := len(b)
	if n > 16 || cap(b) < n+8 {
		return integerSlow(b)
	}
	if n <= 8 {
		if v, ok := eightDigits(b, n); ok && n > 0 {
			return int64(v), true
		}
		return integerSlow(b)
	}
	high, ok := eightDigits(b, n-8)
	low, lowOK := eightDigits(b[n-8:], 8)
	if !ok || !lowOK {
		return integerSlow(b)
	}
	return int64(high*1e8 + low), true
}

// eightDigits reads the first n bytes of b, at most eight, as digits; b must have a capacity of eight. It works on all at
// once: first on pairs of digits, then on pairs of those, and again.
func eightDigits(b []byte, n int) (uint64, bool) {
	gap := uint(64 - 8*n) // what is not there counts as leading zeros
	w := binary.LittleEndian.Uint64(b[:8])<<gap ^ ones*'0'<<gap
	if notDigits(w) != 0 {
		return 0, false
	}
	w = w * (1 + 10<<8) >> 8 & 0x00ff00ff00ff00ff
	w = w * (1 + 100<<16) >> 16 & 0x0000ffff0000ffff
	return w * (1 + 10_000<<32) >> 32, true
}

// integerSlow reads a number of any length.
func integerSlow(b []byte) (int64, bool) {
	if len(b) > 0 && b[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	return n, err == nil
}

// bare reads an integer that is written in digits only, as almost all are.
func bare(value []byte) (int64, bool) {
	if len(value) == 0 || value[0] < '0' || value[0] > '9' {
		return 0, false
	}
	return integer(value)
}

// number is an integer, bare or as a string; 0 when absent.
func number(value []byte) (int64, bool) {
	if absent(value) {
		return 0, true
	}
	if value[0] == '"' {
		value = unquote(value)
	}
	return integer(value)
}

// counter reads a counter.
func counter(value []byte) (int64, Reason) {
	if n, ok := bare(value); ok {
		return n, ""
	}
	n, ok := number(value)
	switch {
	case !ok && len(value) > 0 && value[0] == '-' && tooBig(value[1:]):
		return 0, Negative
	case !ok:
		return 0, BadCount
	case n < 0:
		return 0, Negative
	}
	return n, ""
}

func tooBig(digits []byte) bool {
	return len(digits) > 18 && len(bytes.Trim(digits, "0123456789")) == 0
}

// Times in milliseconds and in seconds are told apart by size: 1e11 seconds are the year 5138, 1e11 milliseconds are 1973.
const (
	millisFrom = 1e11
	maxSeconds = math.MaxInt64 / int64(time.Second) // the year 2262
)

// instant reads a time: seconds or milliseconds since 1970, as number or string, or RFC 3339. It is nanoseconds since 1970.
func instant(value []byte) (int64, Reason) {
	if n, ok := bare(value); ok {
		return epoch(n)
	}
	if absent(value) {
		return 0, NoTimes
	}
	digits := value
	if value[0] == '"' {
		digits = unquote(value)
	}
	if n, ok := integer(digits); ok {
		return epoch(n)
	}
	if value[0] != '"' {
		return 0, BadTime
	}
	t, err := time.Parse(time.RFC3339Nano, string(digits))
	if err != nil || t.Unix() < 0 || t.Unix() >= maxSeconds {
		return 0, BadTime
	}
	return t.UnixNano(), ""
}

func epoch(n int64) (int64, Reason) {
	scale := int64(time.Second)
	if n >= millisFrom {
		scale = int64(time.Millisecond)
	}
	if n < 0 || n >= math.MaxInt64/scale {
		return 0, BadTime
	}
	return n * scale, ""
}

// sums reads what the record adds to its group.
func (r *record) sums(out *sums) Reason {
	var start, end Reason
	out.first, start = instant(r.value(fieldStart))
	out.last, end = instant(r.value(fieldEnd))
	switch {
	case start == NoTimes || end == NoTimes:
		return NoTimes
	case start != "" || end != "":
		return BadTime
	case out.last < out.first:
		return EndFirst
	}
	started := fieldFlowsStarted
	if r.goldmane() {
		started = fieldConnectionsStarted
	}
	worst := Reason("")
	read := func(f field) int64 {
		n, reason := counter(r.value(f))
		if worst == "" || reason == BadCount {
			worst = reason
		}
		return n
	}
	out.connections = read(started)
	out.bytesIn, out.bytesOut = read(fieldBytesIn), read(fieldBytesOut)
	out.packetsIn, out.packetsOut = read(fieldPacketsIn), read(fieldPacketsOut)
	out.records = 1
	return worst
}

// goldmane tells the form of the line: Goldmane puts everything that identifies a flow into "Key".
func (r *record) goldmane() bool { return !absent(r.value(fieldKey)) }
