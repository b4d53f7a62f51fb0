package sample

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Check says where a report must say something, and what. Either Where picks rows of a CSV file, or Line picks lines of any
// file; at least one must be found, or none with Absent.
type Check struct {
	Report string `json:"report"` // the GlobalReport's name
	File   string `json:"file"`   // the download's name
	// Where is the value that each column must have for a row to be meant.
	Where map[string]string `json:"where,omitempty"`
	// Expect is the value that each column must have in every row that is meant.
	Expect map[string]string `json:"expect,omitempty"`
	// Lists are items that a column's list, joined by ";", must hold in every row that is meant.
	Lists map[string][]string `json:"lists,omitempty"`
	// Line are texts that one line must all hold.
	Line []string `json:"line,omitempty"`
	// Absent turns the check round: no such row or line may be there.
	Absent bool `json:"absent,omitempty"`
}

// Verify looks at the content of the file. It returns nil when the report says what it must, else an error that says what
// was found instead.
func (c Check) Verify(content []byte) error {
	found, err := c.find(content)
	if err != nil {
		return fmt.Errorf("read %s: %w", c.File, err)
	}
	switch {
	case c.Absent && found > 0:
		return fmt.Errorf("%s has %d for %s: there must be none", c.File, found, c.subject())
	case !c.Absent && found == 0:
		return fmt.Errorf("%s has nothing for %s", c.File, c.subject())
	}
	return nil
}

func (c Check) subject() string {
	if len(c.Line) > 0 {
		return strings.Join(c.Line, ", ")
	}
	var terms []string
	for _, column := range slices.Sorted(maps.Keys(c.Where)) {
		terms = append(terms, column+" "+c.Where[column])
	}
	return strings.Join(terms, ", ")
}

func (c Check) find(content []byte) (int, error) {
	if len(c.Where) == 0 {
		found := 0
		for line := range bytes.Lines(content) {
			if !slices.ContainsFunc(c.Line, func(text string) bool { return !bytes.Contains(line, []byte(text)) }) {
				found++
			}
		}
		return found, nil
	}
	reader := csv.NewReader(bytes.NewReader(content))
	header, err := reader.Read()
	if err != nil {
		return 0, err
	}
	for found := 0; ; {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return 0, err
		}
		row := map[string]string{}
		for i, name := range header {
			row[name] = cells[i]
		}
		if !has(row, c.Where) {
			continue
		}
		found++
		if err := c.examine(row); err != nil {
			return 0, err
		}
	}
}

// examine looks at a row that is meant.
func (c Check) examine(row map[string]string) error {
	for _, column := range slices.Sorted(maps.Keys(c.Expect)) {
		if got := row[column]; got != c.Expect[column] {
			return fmt.Errorf("%s: %s is %q, not %q", c.subject(), column, got, c.Expect[column])
		}
	}
	for _, column := range slices.Sorted(maps.Keys(c.Lists)) {
		items := strings.Split(row[column], ";")
		for _, item := range c.Lists[column] {
			if !slices.Contains(items, item) {
				return fmt.Errorf("%s: %s lacks %s, it is %q", c.subject(), column, item, row[column])
			}
		}
	}
	return nil
}
