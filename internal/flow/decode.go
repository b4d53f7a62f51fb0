package flow

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxEncoded bounds a line of an encoded reducer: a dozen texts of maxText bytes, each of which JSON may write as six; and,
// in the header, an hour count for each hour of the interval (about 90 bytes each, so 20 years).
const maxEncoded = 16 << 20

// run reads an encoded reducer, line by line.
type run struct {
	head header
	in   *bufio.Scanner
	last string // canonical key of the group before
	n    int64
}

// openRun reads the header.
func openRun(rd io.Reader) (*run, error) {
	in := &run{in: bufio.NewScanner(rd)}
	in.in.Buffer(make([]byte, 0, 1<<16), maxEncoded)
	line, err := in.line()
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(line, &in.head); err != nil {
		return nil, fmt.Errorf("decode flow groups: header: %w", err)
	}
	if in.head.Schema != Schema {
		return nil, fmt.Errorf("decode flow groups: schema %q is not known, this version reads %q", in.head.Schema, Schema)
	}
	return in, nil
}

func (in *run) line() ([]byte, error) {
	if in.in.Scan() && in.in.Err() == nil { // before an error it gives what it has of the line
		return in.in.Bytes(), nil
	}
	if err := in.in.Err(); err != nil {
		return nil, fmt.Errorf("decode flow groups: %w", err)
	}
	return nil, fmt.Errorf("decode flow groups: the document ends early: %w", io.ErrUnexpectedEOF)
}

// next is the next group, nil after the last one.
func (in *run) next() (*entry, error) {
	line, err := in.line()
	if err != nil {
		return nil, err
	}
	var read struct {
		Group
		trailer
	}
	if err := json.Unmarshal(line, &read); err != nil {
		return nil, fmt.Errorf("decode flow groups: group %d: %w", in.n+1, err)
	}
	if read.Groups != nil {
		if *read.Groups != in.n {
			return nil, fmt.Errorf("decode flow groups: %d groups, but the trailer says %d", in.n, *read.Groups)
		}
		return nil, nil
	}
	e := &entry{sums: read.sums()}
	if e.key, err = read.canonical(); err == nil {
		err = e.check()
	}
	if err == nil && in.n > 0 && e.key <= in.last {
		err = errors.New("it is not after the one before")
	}
	if err != nil {
		return nil, fmt.Errorf("decode flow groups: group %d: %w", in.n+1, err)
	}
	in.n++
	in.last = e.key
	return e, nil
}

// check refuses what no reducer writes.
func (e *entry) check() error {
	if min(e.connections, e.bytesIn, e.bytesOut, e.packetsIn, e.packetsOut, e.first) < 0 || e.records < 1 || e.last < e.first {
		return errors.New("it has a negative sum, no record, or ends before it begins")
	}
	return nil
}

func (g *Group) sums() sums {
	return sums{
		first: nanosOf(g.First), last: nanosOf(g.Last), connections: g.Connections, bytesIn: g.BytesIn,
		bytesOut: g.BytesOut, packetsIn: g.PacketsIn, packetsOut: g.PacketsOut, records: g.Records,
	}
}

// nanosOf is the time in nanoseconds since 1970, or -1 for one that no record can have.
func nanosOf(t time.Time) int64 {
	if t.Unix() < 0 || t.Unix() >= maxSeconds {
		return -1
	}
	return t.UnixNano()
}
