package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/render"
	"github.com/probity/probity/internal/report"
)

// RenderName is the activity type of Render.
const RenderName = "Render"

// RenderParams names what is to be rendered.
type RenderParams struct {
	Plan     Ref           `json:"plan"`
	Computed ComputeResult `json:"computed"`
}

// RenderedFile is one file of the bundle, still in the staging area.
type RenderedFile struct {
	Name string `json:"name"` // within the bundle
	Ref
}

// RenderResult lists everything that belongs into the bundle, sorted by name.
type RenderResult struct {
	Files []RenderedFile `json:"files"`
}

// Render makes the files that people read: the type's downloads, Probity's own, and the page.
type Render struct {
	Store *Store
}

// rendering is one report being rendered.
type rendering struct {
	store      *Store
	plan       *planned
	computed   ComputeResult
	reportType *render.Type
	document   *report.Document
	provenance evidence.Provenance
	files      []RenderedFile
}

// Execute renders one report. A template at fault is the definition's fault: it is not tried again.
func (a *Render) Execute(ctx context.Context, params RenderParams) (RenderResult, error) {
	r, err := a.begin(ctx, params)
	if err != nil {
		return RenderResult{}, err
	}
	r.add(evidence.ProvenanceName, params.Computed.Provenance)
	if !params.Computed.Document.IsZero() {
		r.add(evidence.DataName, params.Computed.Document)
		for _, step := range []func(context.Context) error{r.downloads, r.ownFiles} {
			if err := step(ctx); err != nil {
				return RenderResult{}, err
			}
		}
	}
	if err := r.page(ctx); err != nil {
		return RenderResult{}, err
	}
	r.sort()
	return RenderResult{Files: r.files}, nil
}

func (a *Render) begin(ctx context.Context, params RenderParams) (*rendering, error) {
	plan, err := a.Store.readPlan(ctx, params.Plan)
	if err != nil {
		return nil, err
	}
	r := &rendering{store: a.Store, plan: plan, computed: params.Computed}
	var manifest v3.GlobalReportType
	if err := json.Unmarshal(plan.TypeAsWas, &manifest); err != nil {
		return nil, fmt.Errorf("decode report type: %w", invalid(err))
	}
	if r.reportType, err = render.CompileType(&manifest); err != nil {
		return nil, invalid(err)
	}
	encoded, err := a.Store.readAll(ctx, params.Computed.Provenance.Key)
	if err != nil {
		return nil, err
	}
	if r.provenance, err = evidence.ReadProvenance(encoded); err != nil {
		return nil, err
	}
	r.document, err = r.readDocument(ctx)
	return r, err
}

// readDocument reads the computed document; for a report that could not be evaluated it is the head alone.
func (r *rendering) readDocument(ctx context.Context) (*report.Document, error) {
	if r.computed.Document.IsZero() {
		def, err := r.plan.definition()
		if err != nil {
			return nil, err
		}
		return &report.Document{Schema: report.Schema, Data: v3.ReportData{
			ReportName: def.Name, ReportTypeName: def.TypeName, ReportSpec: def.Spec, ReportTypeSpec: def.TypeSpec,
			StartTime: metav1.NewTime(r.plan.Interval.Start), EndTime: metav1.NewTime(r.plan.Interval.End),
		}}, nil
	}
	body, err := r.store.open(ctx, r.computed.Document, true)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.computed.Document.Key, err)
	}
	return report.Decode(data)
}

func (r *rendering) add(name string, ref Ref) {
	r.files = append(r.files, RenderedFile{Name: name, Ref: ref})
}

func (r *rendering) sort() {
	slices.SortFunc(r.files, func(a, b RenderedFile) int { return strings.Compare(a.Name, b.Name) })
}

func (r *rendering) write(ctx context.Context, name string, fill func(io.Writer) (int64, error)) error {
	ref, err := r.store.write(ctx, r.store.staging(ctx)+"files/"+name, false, fill)
	if err != nil {
		return err
	}
	r.add(name, ref)
	return nil
}

// downloads renders the type's own templates.
func (r *rendering) downloads(ctx context.Context) error {
	rendered, err := r.reportType.Render(ctx, &r.document.Data)
	var fault *render.TemplateError
	if errors.As(err, &fault) {
		return invalid(err)
	}
	if err != nil {
		return fmt.Errorf("render: %w", err)
	}
	r.document.Warnings = append(r.document.Warnings, rendered.Notes...)
	err = r.write(ctx, render.SummaryName, func(w io.Writer) (int64, error) {
		_, err := w.Write(rendered.UISummary)
		return 0, err
	})
	for _, file := range rendered.Downloads {
		if err != nil {
			return err
		}
		err = r.write(ctx, evidence.DownloadsName+file.Name, func(w io.Writer) (int64, error) {
			_, err := w.Write(file.Content)
			return 0, err
		})
	}
	return err
}

// ownFiles writes what the old product did not have.
func (r *rendering) ownFiles(ctx context.Context) error {
	want := gathersOf(&r.document.Data.ReportTypeSpec)
	type own struct {
		name   string
		wanted bool
		fill   func(io.Writer) (int64, error)
	}
	for _, file := range []own{
		{render.LivesName, want.endpoints, func(w io.Writer) (int64, error) { return render.LivesCSV(w, r.document.Lives) }},
		{render.FlowsName, want.flows, func(w io.Writer) (int64, error) { return render.FlowsCSV(w, r.flowRows(ctx)) }},
		{render.ChangesName, want.audit, func(w io.Writer) (int64, error) { return render.ChangesCSV(w, r.document.Changes) }},
		{render.RefusedName, want.audit, func(w io.Writer) (int64, error) { return render.RefusedCSV(w, r.document.Refused) }},
	} {
		if !file.wanted || slices.Contains(r.reportType.Downloads(), file.name) {
			continue // a type that brings a file of that name keeps its own
		}
		if err := r.write(ctx, evidence.DownloadsName+file.name, file.fill); err != nil {
			return err
		}
	}
	return nil
}

// flowRows reads the groups in scope, one at a time.
func (r *rendering) flowRows(ctx context.Context) iter.Seq2[flow.Row, error] {
	return func(yield func(flow.Row, error) bool) {
		if r.computed.Flows.IsZero() {
			return
		}
		body, err := r.store.open(ctx, r.computed.Flows, true)
		if err != nil {
			yield(flow.Row{}, err)
			return
		}
		defer body.Close()
		decoder := json.NewDecoder(body)
		for {
			var group flow.Group
			err := decoder.Decode(&group)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(group.Row(), err) || err != nil {
				return
			}
		}
	}
}

// page writes report.html, which lists the digests of all the other files.
func (r *rendering) page(ctx context.Context) error {
	r.sort()
	page := render.Page{
		Cluster: r.store.Cluster, Document: r.document, Provenance: r.provenance,
		Tool: r.store.Tool.Name + " " + r.store.Tool.Version,
	}
	for _, file := range r.files {
		page.Digests = append(page.Digests, evidence.Object{
			Key: file.Name, SHA256: file.SHA256, Bytes: file.Bytes, MediaType: evidence.MediaType(file.Name),
		})
	}
	var err error
	if page.Flows, err = render.TopFlows(r.flowRows(ctx), render.DefaultPageRows); err != nil {
		return err
	}
	return r.write(ctx, render.PageName, func(w io.Writer) (int64, error) { return 0, render.HTML(w, page) })
}
