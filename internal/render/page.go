package render

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/report"
)

// Page is everything that report.html tells. Nothing in it needs to be trusted: all of it is escaped.
type Page struct {
	Cluster    string
	Document   *report.Document    // must not be nil
	Provenance evidence.Provenance // with its verdict
	Flows      FlowTables          // what TopFlows found; zero where the type gathers no flows
	Digests    []evidence.Object   // the bundle's other files, in the order given; may be empty
	Revision   int                 // of the bundle; 0 where it is not known
	Started    string              // what started the run, as text: "schedule 0 0 * * *", "by jane"
	Tool       string              // "probity 1.2.3"
	Rows       int                 // most rows of each table; 0 means DefaultPageRows
}

// DefaultPageRows is how many rows of a table the page shows: the page is for reading, the files have everything.
const DefaultPageRows = 100

//go:embed page.html.tmpl
var pageText string

//go:embed page.css
var pageCSS string

var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New(PageName).Funcs(template.FuncMap{
		"css":       func() template.CSS { return template.CSS(pageCSS) },
		"cssString": cssString,
	}).Parse(pageText))
})

// HTML writes report.html: one page without scripts or anything from elsewhere, for reading and for printing on A4. Tables show
// their first rows and say how many there are and which file has the rest. The same page gives the same bytes.
func HTML(w io.Writer, p Page) error {
	if p.Document == nil {
		return errors.New("write report.html: the page has no document: pass what report.Build returned")
	}
	if p.Rows <= 0 {
		p.Rows = DefaultPageRows
	}
	buffer := bufio.NewWriterSize(w, outputBuffer)
	if err := pageTemplate().Execute(buffer, newPageView(&p)); err != nil {
		return fmt.Errorf("write %s: %w", PageName, err)
	}
	if err := buffer.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", PageName, err)
	}
	return nil
}

// maxPageHeader is how many characters of a text stand at the head of a printed page.
const maxPageHeader = 80

// cssString writes a text as a string of CSS. html/template takes such a string for an address and refuses most texts. All but
// letters, digits and blanks is written by its number, so that nothing can end the string or the style sheet.
func cssString(text string) template.CSS {
	var b strings.Builder
	b.WriteByte('"')
	for i, c := range []rune(text) {
		switch {
		case i == maxPageHeader:
			b.WriteString(`\2026 "`)
			return template.CSS(b.String())
		case c == ' ', '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, `\%x `, c)
		}
	}
	b.WriteByte('"')
	return template.CSS(b.String())
}
