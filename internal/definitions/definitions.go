// Package definitions gives the report definitions that a process works with: the GlobalReports and GlobalReportTypes of a
// folder, and the built-in types, all validated.
package definitions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/render"
	"github.com/probity/probity/internal/report"
)

// MaxManifest is the largest GlobalReport that can be scheduled, as JSON: it travels as a workflow's input, and payloads are
// kept below 64 KiB (temporal-practice.md section 4.2).
const MaxManifest = 48 << 10

// ErrUnknown tells that a report's name is not among the definitions.
var ErrUnknown = errors.New("unknown report")

// Set is what a folder defines.
type Set struct {
	// Reports are the valid definitions, sorted by name.
	Reports []Entry
	// Invalid tells, by report name, what is wrong with the others.
	Invalid map[string]error
	// Types are the report types by name, built-in ones included.
	Types map[string]*v3.GlobalReportType
	// Notes are sentences on what the folder holds besides.
	Notes []string
}

// Entry is one valid report with its manifest as it was read.
type Entry struct {
	*report.Definition
	Raw json.RawMessage
}

// Folder reads definitions from a folder on disk; an empty Dir defines no reports.
type Folder struct {
	Dir    string
	Limits report.Limits
}

// Load reads and validates everything. It fails only where the folder cannot be read or a manifest cannot be decoded: a
// definition that does not validate is in Invalid.
func (f *Folder) Load(ctx context.Context) (*Set, error) {
	set := &Set{Invalid: map[string]error{}}
	var err error
	if set.Types, err = BuiltIn(); err != nil {
		return nil, err
	}
	if f.Dir == "" {
		return set, nil
	}
	found, err := logfile.ReadDefinitions(ctx, f.Dir)
	if err != nil {
		return nil, err
	}
	set.Notes = found.Notes
	for i := range found.Types {
		own := &found.Types[i].Object
		if _, err := render.CompileType(own); err != nil {
			return nil, fmt.Errorf("%s: %w", found.Types[i].Place, err)
		}
		set.Types[own.Name] = own
	}
	for i := range found.Reports {
		set.add(&found.Reports[i].Object, found.Reports[i].Raw, f.Limits)
	}
	return set, nil
}

// Types gives the report types alone.
func (f *Folder) Types(ctx context.Context) (map[string]*v3.GlobalReportType, error) {
	set, err := f.Load(ctx)
	if err != nil {
		return nil, err
	}
	return set.Types, nil
}

func (s *Set) add(manifest *v3.GlobalReport, raw json.RawMessage, limits report.Limits) {
	if err := checkSize(manifest.Name, raw); err != nil {
		s.Invalid[manifest.Name] = err
		return
	}
	def, err := report.Validate(manifest, s.Types, limits)
	if err != nil {
		s.Invalid[manifest.Name] = err
		return
	}
	s.Reports = append(s.Reports, Entry{Definition: def, Raw: raw})
}

func checkSize(name string, raw json.RawMessage) error {
	if len(raw) > MaxManifest {
		return fmt.Errorf("GlobalReport %q has %d bytes: at most %d can be passed to a workflow", name, len(raw), MaxManifest)
	}
	return nil
}

// Find returns the definition of that name, or what is wrong with it.
func (s *Set) Find(name string) (*Entry, error) {
	for i := range s.Reports {
		if s.Reports[i].Name == name {
			return &s.Reports[i], nil
		}
	}
	if err := s.Invalid[name]; err != nil {
		return nil, err
	}
	if len(s.Reports) == 0 {
		return nil, fmt.Errorf("%w %q: none is defined; name a folder of definitions with --inputs-reports", ErrUnknown, name)
	}
	known := make([]string, 0, len(s.Reports))
	for i := range s.Reports {
		known = append(known, s.Reports[i].Name)
	}
	return nil, fmt.Errorf("%w %q: known are %s", ErrUnknown, name, strings.Join(known, ", "))
}

// BuiltIn gives the four report types that come with Probity.
func BuiltIn() (map[string]*v3.GlobalReportType, error) {
	list, err := deploy.ReportTypes()
	if err != nil {
		return nil, fmt.Errorf("read built-in report types: %w", err)
	}
	types := map[string]*v3.GlobalReportType{}
	for _, builtIn := range list {
		types[builtIn.Name] = builtIn
	}
	return types, nil
}

// File reads the one GlobalReport of a manifest file that is in no folder of definitions.
func File(data []byte, types map[string]*v3.GlobalReportType, limits report.Limits) (*Entry, error) {
	raw, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, fmt.Errorf("decode manifest: %w", err)
	}
	manifest := &v3.GlobalReport{}
	if err := yaml.UnmarshalStrict(data, manifest); err != nil {
		return nil, fmt.Errorf("decode manifest: %w", err)
	}
	if manifest.Kind != "GlobalReport" || !slices.Contains([]string{"projectcalico.org/v3", "crd.projectcalico.org/v1"}, manifest.APIVersion) {
		return nil, fmt.Errorf("manifest is a %q of %q: give a GlobalReport of projectcalico.org/v3", manifest.Kind, manifest.APIVersion)
	}
	if err := checkSize(manifest.Name, raw); err != nil {
		return nil, err
	}
	def, err := report.Validate(manifest, types, limits)
	if err != nil {
		return nil, err
	}
	return &Entry{Definition: def, Raw: raw}, nil
}
