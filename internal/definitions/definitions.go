// Package definitions gives the report definitions that a process works with: the GlobalReports and GlobalReportTypes of a
// folder or of an API server, and the built-in types, all validated.
package definitions

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/render"
	"github.com/probity/probity/internal/report"
)

// MaxManifest is the largest GlobalReport that can be scheduled, as JSON: it travels as a workflow's input, and payloads are
// kept below 64 KiB (temporal-practice.md section 4.2).
const MaxManifest = 48 << 10

// ErrUnknown tells that a report's name is not among the definitions.
var ErrUnknown = errors.New("unknown report")

// Set is what a source defines.
type Set struct {
	// Reports are the valid definitions, sorted by name.
	Reports []Entry
	// Invalid tells, by report name, what is wrong with the others.
	Invalid map[string]error
	// Types are the report types by name, built-in ones included; BrokenTypes tells what is wrong with those that cannot be used.
	Types       map[string]*v3.GlobalReportType
	BrokenTypes map[string]error
	// Faults tell what could not be read at all. Where there are any, a definition that is missing may be in it: that it is not
	// here does not mean that it is gone.
	Faults []error
	// Notes are sentences on what the source holds besides.
	Notes []string
}

// Entry is one valid report with its manifest as it was read.
type Entry struct {
	*report.Definition
	Raw json.RawMessage
}

// Found is one object as a source has it.
type Found[O any] struct {
	Name string
	// Place tells where it was found, for its errors.
	Place  string
	Raw    json.RawMessage
	Object O
	// Err tells why it could not be decoded, and where it is; Object is not set then.
	Err error
}

// Collect validates what a source has. A type or a report that cannot be used is kept apart with its reason, and so is a report
// that names such a type.
func Collect(types []Found[v3.GlobalReportType], reports []Found[v3.GlobalReport], limits report.Limits) (*Set, error) {
	set := &Set{Invalid: map[string]error{}, BrokenTypes: map[string]error{}}
	var err error
	if set.Types, err = BuiltIn(); err != nil {
		return nil, err
	}
	for i := range types {
		set.addType(&types[i])
	}
	for i := range reports {
		set.add(&reports[i], limits)
	}
	slices.SortFunc(set.Reports, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return set, nil
}

// addType takes one over. A broken one hides a built-in type of its name too: its reports must not be made from other templates
// than their owner wrote.
func (s *Set) addType(found *Found[v3.GlobalReportType]) {
	err := found.Err
	if err == nil {
		_, err = render.CompileType(&found.Object)
	}
	if err != nil {
		if found.Err == nil {
			err = fmt.Errorf("%s: %w", found.Place, err)
		}
		s.BrokenTypes[found.Name] = err
		delete(s.Types, found.Name)
		return
	}
	s.Types[found.Name] = &found.Object
}

func (s *Set) add(found *Found[v3.GlobalReport], limits report.Limits) {
	err := cmp.Or(found.Err, checkSize(found.Name, found.Raw))
	var def *report.Definition
	if err == nil {
		def, err = s.Validate(&found.Object, limits)
	}
	if err != nil {
		s.Invalid[found.Name] = err
		return
	}
	s.Reports = append(s.Reports, Entry{Definition: def, Raw: found.Raw})
}

// Validate checks a report against the set's types.
func (s *Set) Validate(manifest *v3.GlobalReport, limits report.Limits) (*report.Definition, error) {
	if err := s.BrokenTypes[manifest.Spec.ReportType]; err != nil {
		return nil, fmt.Errorf("GlobalReport %q: its report type cannot be used: %w", manifest.Name, err)
	}
	return report.Validate(manifest, s.Types, limits)
}

// typesFor gives the types, unless the wanted one is there and cannot be used, or is only in what could not be read.
func (s *Set) typesFor(wanted string) (map[string]*v3.GlobalReportType, error) {
	if err := s.BrokenTypes[wanted]; err != nil {
		return nil, fmt.Errorf("report type %s cannot be used: %w", wanted, err)
	}
	if s.Types[wanted] == nil && len(s.Faults) > 0 {
		return nil, fmt.Errorf("report type %s may be in what could not be read: %w", wanted, errors.Join(s.Faults...))
	}
	return s.Types, nil
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
	if len(s.Faults) > 0 {
		return nil, fmt.Errorf("%w %q: it may be in what could not be read: %s", ErrUnknown, name, errors.Join(s.Faults...).Error())
	}
	if len(s.Reports) == 0 {
		return nil, fmt.Errorf("%w %q: none is defined; name a folder of definitions with --inputs-reports, or an API server with --kube-access", ErrUnknown, name)
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
