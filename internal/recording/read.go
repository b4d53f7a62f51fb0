package recording

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MaxLine bounds one line of a segment: an object is at most 16 MiB.
const MaxLine = 32 << 20

// ErrIncomplete says that a segment does not end with a footer: it was cut off.
var ErrIncomplete = errors.New("the segment is cut off: it has no footer")

// Read gives each line of an unpacked segment, valid during the call, and returns its footer. A line that cannot be understood is given
// too: what to make of it is for the caller to decide. Read fails with ErrIncomplete, with the reader's and with the caller's error.
func Read(r io.Reader, line func([]byte) error) (Footer, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), MaxLine)
	var last []byte
	for lines.Scan() {
		if err := line(lines.Bytes()); err != nil {
			return Footer{}, err
		}
		last = append(last[:0], lines.Bytes()...)
	}
	if err := lines.Err(); err != nil {
		return Footer{}, fmt.Errorf("read segment: %w", err)
	}
	parsed, err := Parse(last)
	if err != nil || parsed.Footer == nil {
		return Footer{}, ErrIncomplete
	}
	return *parsed.Footer, nil
}
