package render

import (
	"bufio"
	"bytes"
	"strings"
)

// cellFilter reads what a template prints as CSV, cell by cell, and writes valid CSV (RFC 4180). The package's documentation says
// what it changes. A cell that needs no change is written byte for byte.
type cellFilter struct {
	w     *bufio.Writer
	kind  int
	state cellState

	cell     []byte // the cell so far, as the template printed it
	blanks   int    // bytes at the cell's start that are blanks of the template's own
	mixed    bool   // the cell needs quotes that it does not have
	result   bool   // the quotes were opened by what a function printed, such as a whole table
	valued   bool   // an action printed a plain field into the cell, if only an empty one
	returned bool   // the cell ends in a carriage return that is not part of a field

	cells  int    // that ended in this line
	first  bool   // no line has ended yet
	indent []byte // blanks before the first line
}

type cellState int

const (
	bareCell   cellState = iota // no quote has opened
	quotedCell                  // within quotes
	quoteSeen                   // a quote within quotes: the end of the cell, or half of a doubled one
)

func newCellFilter(w *bufio.Writer) *cellFilter { return &cellFilter{w: w, kind: ownText, first: true} }

func (f *cellFilter) next(kind int) {
	f.kind = kind
	f.valued = f.valued || kind == showData
}

func (f *cellFilter) write(p []byte) error {
	for _, c := range p {
		f.returned = f.returned && c == '\n'
		switch f.state {
		case bareCell:
			f.bare(c)
		case quotedCell:
			f.quoted(c)
		case quoteSeen:
			f.afterQuote(c)
		}
	}
	return nil // the buffered writer keeps its first error for Flush
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// bare takes a byte of a cell that the template does not quote.
func (f *cellFilter) bare(c byte) {
	if f.kind == showData {
		f.mixed = f.mixed || c == ',' || c == '"' || c == '\n' || c == '\r'
		f.cell = append(f.cell, c)
		return
	}
	switch {
	case c == ',':
		f.endCell()
		f.w.WriteByte(',')
	case c == '\n':
		f.endLine()
	case c == '"' && f.blanks == len(f.cell):
		f.dropBlanks()
		f.state, f.result = quotedCell, f.kind != ownText
		f.cell = append(f.cell, c)
	default:
		f.mixed = f.mixed || c == '"'
		f.returned = c == '\r'
		if f.blanks == len(f.cell) && isBlank(c) && f.kind == ownText {
			f.blanks++
		}
		f.cell = append(f.cell, c)
	}
}

// quoted takes a byte within the template's own quotes. The quotes of a value are doubled, those of the template are its
// syntax, and so are those that the template doubled itself.
func (f *cellFilter) quoted(c byte) {
	f.cell = append(f.cell, c)
	if c != '"' {
		return
	}
	if f.kind == ownText || f.kind == showEscaped || (f.kind == showResult && f.result) {
		f.state = quoteSeen
		return
	}
	f.cell = append(f.cell, '"')
}

func (f *cellFilter) afterQuote(c byte) {
	own := f.kind != showData
	switch {
	case own && c == '"':
		f.state = quotedCell
		f.cell = append(f.cell, c)
	case own && c == ',':
		f.endCell()
		f.w.WriteByte(',')
	case own && c == '\n':
		f.endLine()
	case f.kind == ownText && (isBlank(c) || c == '\r'):
		// Blanks between the closing quote and the comma are no part of the cell.
	default:
		// The quote did not end the cell, so the quotes are part of its text.
		f.state, f.mixed = bareCell, true
		f.bare(c)
	}
}

// dropBlanks removes the blanks before an opening quote. Those of the first line are the template's indentation.
func (f *cellFilter) dropBlanks() {
	if f.first && f.cells == 0 {
		f.indent = bytes.Clone(f.cell)
	}
	f.cell, f.blanks = f.cell[:0], 0
}

func (f *cellFilter) endCell() {
	cell := f.cell
	if f.returned {
		cell = cell[:len(cell)-1]
	}
	if f.cells == 0 && f.state == bareCell {
		cell = f.unindent(cell)
	}
	if f.mixed {
		writeQuoted(f.w, cell)
	} else {
		f.w.Write(cell)
	}
	f.cells++
	f.cell, f.state = f.cell[:0], bareCell
	f.blanks, f.mixed, f.valued, f.returned = 0, false, false, false
}

// unindent takes the indentation off the first cell of a line.
func (f *cellFilter) unindent(cell []byte) []byte {
	blanks := min(f.blanks, len(cell))
	if f.first {
		f.indent = bytes.Clone(cell[:blanks])
	}
	if bytes.HasPrefix(cell[:blanks], f.indent) {
		return cell[len(f.indent):]
	}
	return cell
}

func (f *cellFilter) endLine() {
	if f.cells == 0 && f.state == bareCell && len(bytes.TrimSpace(f.cell)) == 0 && !f.mixed {
		if !f.valued || f.first {
			f.cell, f.blanks, f.valued, f.returned = f.cell[:0], 0, false, false
			return
		}
		f.w.WriteString(`""`) // a row of one empty cell must not look like no row
		f.cell, f.blanks, f.valued = f.cell[:0], 0, false
	}
	f.endCell()
	f.w.WriteByte('\n')
	f.cells, f.first = 0, false
}

// finish ends the last line. A quote that the template never closes is closed.
func (f *cellFilter) finish() error {
	if f.state == quotedCell {
		f.cell = append(f.cell, '"')
		f.state = quoteSeen
	}
	if f.cells > 0 || len(f.cell) > 0 {
		f.endLine()
	}
	return nil
}

// writeQuoted writes a cell with quotes around it. Errors stay in the writer.
func writeQuoted(w *bufio.Writer, cell []byte) {
	w.WriteByte('"')
	for len(cell) > 0 {
		i := bytes.IndexByte(cell, '"')
		if i < 0 {
			w.Write(cell)
			break
		}
		w.Write(cell[:i])
		w.WriteString(`""`)
		cell = cell[i+1:]
	}
	w.WriteByte('"')
}

// quoteCell returns a value as a CSV cell: quoted where RFC 4180 or a strict reader asks for it. A value that is a well-formed
// quoted cell already stays as it is, since templates had to write their own quotes before.
func quoteCell(value string) string {
	switch {
	case value == "" || isQuotedCell(value):
		return value
	case !strings.ContainsAny(value, ",\"\r\n") && value[0] != ' ' && value[0] != '\t':
		return value
	}
	return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
}

// isQuotedCell tells whether the value begins and ends with a quote and has only doubled ones between.
func isQuotedCell(value string) bool {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return false
	}
	return !strings.Contains(strings.ReplaceAll(value[1:len(value)-1], `""`, ""), `"`)
}
