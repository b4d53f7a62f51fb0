package render

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/template"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// SummaryName is the name of the summary template of every built-in type, and of one that has none.
const SummaryName = "ui-summary.json"

// Bounds on what a report type may bring. The API server stores objects of 1.5 MiB at most.
const (
	maxTemplates    = 64
	maxTemplateText = 1 << 20
	maxNameLength   = 100
)

// templateName is what can stand at the end of a file name on every system.
var templateName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Type is a report type whose templates were parsed and tried. It is never changed; several goroutines may render with it.
type Type struct {
	// Name is the report type's name.
	Name string

	limits    Limits
	summary   *file
	downloads []*file
}

// file is one template of a type.
type file struct {
	name, description string
	form              form
	tmpl              *template.Template
}

// CompileType parses every template of the type and tries it against sample data and against data without the optional parts,
// as the removed product did when a type was created. The error joins one *TemplateError for each template at fault and
// says what is wrong with names and bounds; such a type cannot be used until it is edited. Templates are plain text, whatever
// the type's comment says about base64 (calico-compliance.md section 2).
func CompileType(gt *v3.GlobalReportType) (*Type, error) {
	t := &Type{Name: gt.Name, limits: DefaultLimits()}
	if err := t.compile(&gt.Spec); err != nil {
		return nil, fmt.Errorf("compile report type %q: %w", gt.Name, err)
	}
	if err := t.try(); err != nil {
		return nil, fmt.Errorf("try report type %q: %w", gt.Name, err)
	}
	return t, nil
}

// WithLimits returns a copy of the type that renders within other bounds; zero fields mean the default.
func (t *Type) WithLimits(l Limits) *Type {
	c := *t
	c.limits = l.filled()
	return &c
}

// Downloads returns the names of the downloads in the order of the type.
func (t *Type) Downloads() []string {
	names := make([]string, len(t.downloads))
	for i, f := range t.downloads {
		names[i] = f.name
	}
	return names
}

func (t *Type) compile(spec *v3.ReportTypeSpec) error {
	if len(spec.DownloadTemplates) > maxTemplates {
		return fmt.Errorf("spec.downloadTemplates has %d templates: at most %d are allowed", len(spec.DownloadTemplates), maxTemplates)
	}
	var errs []error
	seen := map[string]bool{}
	add := func(field string, rt v3.ReportTemplate, summary bool) *file {
		f, err := t.compileFile(field, rt, summary)
		switch {
		case err != nil:
			errs = append(errs, err)
		case seen[f.name]:
			errs = append(errs, fmt.Errorf("%s.name %q is used twice: names must differ within a type", field, f.name))
		default:
			seen[f.name] = true
		}
		return f
	}
	ui := spec.UISummaryTemplate
	ui.Name = cmp.Or(ui.Name, SummaryName)
	t.summary = add("spec.uiSummaryTemplate", ui, true)
	for i, rt := range spec.DownloadTemplates {
		t.downloads = append(t.downloads, add(fmt.Sprintf("spec.downloadTemplates[%d]", i), rt, false))
	}
	return errors.Join(errs...)
}

func (t *Type) compileFile(field string, rt v3.ReportTemplate, summary bool) (*file, error) {
	switch {
	case len(rt.Name) > maxNameLength || !templateName.MatchString(rt.Name):
		return nil, fmt.Errorf("%s.name %.120q is not usable: use 1 to %d letters, digits, '.', '_' and '-', with a letter or digit first, "+
			"since it becomes the end of a file name", field, rt.Name, maxNameLength)
	case strings.TrimSpace(rt.Template) == "":
		return nil, fmt.Errorf("%s (%q) has no template: give the text that renders it", field, rt.Name)
	case len(rt.Template) > maxTemplateText:
		return nil, fmt.Errorf("%s (%q) has a template of %d bytes: at most %d are allowed", field, rt.Name, len(rt.Template), maxTemplateText)
	}
	f := &file{name: rt.Name, description: rt.Description, form: formOf(rt.Name, summary)}
	tmpl, err := parseTemplate(rt.Name, rt.Template, placeholders(), watched)
	if err != nil {
		return nil, t.locate(f, err)
	}
	f.tmpl = tmpl
	return f, nil
}

// locate says which type a template at fault belongs to.
func (t *Type) locate(f *file, err error) error {
	if te, ok := errors.AsType[*TemplateError](err); ok {
		te.Type, te.Template = t.Name, f.name
	}
	return err
}

// Download is one rendered file.
type Download struct {
	Name        string // the template's name
	Description string // for a person, as the type has it
	Content     []byte
}

// Rendered is everything that a type's templates gave for one report.
type Rendered struct {
	UISummary []byte
	Downloads []Download // in the order of the type
	Notes     []string   // what a reader should know, such as a summary that is not JSON; empty when all is well
}

// Render renders every template against the data, which is not changed and may be in any order. A *TemplateError means that the
// template is at fault and that trying again cannot help; another error is the context's.
func (t *Type) Render(ctx context.Context, data *v3.ReportData) (Rendered, error) {
	return t.render(ctx, newSource(data))
}

// WriteDownload renders one download straight into w. On an error w may hold a part of it.
func (t *Type) WriteDownload(ctx context.Context, w io.Writer, data *v3.ReportData, name string) error {
	for _, f := range t.downloads {
		if f.name == name {
			return t.write(ctx, w, newSource(data), f)
		}
	}
	return fmt.Errorf("report type %q has no download %q: it has %s", t.Name, name, strings.Join(t.Downloads(), ", "))
}
