package logfile

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
)

// readDocuments gives every object of one file of the folder, in the order of the file. Errors name the file, the document
// and the line; so do the errors of give.
func (f *folder) readDocuments(ctx context.Context, name string, give func(document) error) error {
	file, err := os.Open(f.path(name))
	if err != nil {
		return fmt.Errorf("open manifest: %w", err)
	}
	defer file.Close()
	in, done, err := Decompress(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer done()
	reader := bufio.NewReaderSize(in, 64<<10)
	start, _ := reader.Peek(4096)
	if bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}) {
		return fmt.Errorf("read %s: the text is UTF-16: save it as UTF-8", name)
	}
	if bytes.HasPrefix(start, bom) {
		_, _ = reader.Discard(len(bom)) // just peeked
		start = start[len(bom):]
	}
	checked := func(doc document) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return give(doc)
	}
	at := place{file: name}
	if first := bytes.TrimLeft(start, " \t\r\n"); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
		r := newJSONReader(reader, at, checked)
		err := r.readAll()
		return explain(ctx, err, func() *documentError { return &documentError{r.at, f.lineAt(name, r.offset), err} })
	}
	r := newYAMLReader(reader, at, checked)
	err = r.readAll()
	return explain(ctx, err, func() *documentError { return &documentError{r.at, r.line, err} })
}

// explain says where an error is, unless it is the end of the context.
func explain(ctx context.Context, err error, at func() *documentError) error {
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return at()
}

// lineAt finds the line of the first thing after an offset that is no blank and no comma. It reads the file again, which is
// done only to tell of an error.
func (f *folder) lineAt(name string, offset int64) int {
	line := 1
	file, err := os.Open(f.path(name))
	if err != nil {
		return line
	}
	defer file.Close()
	in, done, err := Decompress(file)
	if err != nil {
		return line
	}
	defer done()
	reader := bufio.NewReader(in)
	if start, _ := reader.Peek(len(bom)); bytes.Equal(start, bom) {
		_, _ = reader.Discard(len(bom))
	}
	for n := int64(0); ; n++ {
		b, err := reader.ReadByte()
		if err != nil || n >= offset && !bytes.ContainsRune([]byte(" \t\r\n,:"), rune(b)) {
			return line
		}
		if b == '\n' {
			line++
		}
	}
}
