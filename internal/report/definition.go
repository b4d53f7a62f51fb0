package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/probity/probity/internal/cron"
)

// Definition is a GlobalReport that passed validation, together with its type as both were at that time. It is never changed.
type Definition struct {
	Name string
	Spec v3.ReportSpec
	// Type is the report type; its Name equals Spec.ReportType.
	TypeName string
	TypeSpec v3.ReportTypeSpec
	// Schedule is nil when the report runs on demand only.
	Schedule *cron.Schedule
}

// Limits are the bounds that configuration sets for definitions.
type Limits struct {
	// MaxPerHour is the most due times that a schedule may have in any clock hour. The published limit is two; released
	// clusters ran up to twelve (calico-compliance.md section 1).
	MaxPerHour int
}

// Validate checks gr against the known types, by name, and the limits. All problems are reported together in an
// *InvalidError; a nil error means that the Definition can be scheduled and run. gr and types are copied, not kept.
func Validate(gr *v3.GlobalReport, types map[string]*v3.GlobalReportType, limits Limits) (*Definition, error) {
	var found problems
	checkName(&found, gr.Name)
	reportType := checkType(&found, gr.Spec.ReportType, types)
	schedule := checkSchedule(&found, gr.Spec.Schedule, limits.MaxPerHour)
	checkEndpoints(&found, gr.Spec.Endpoints)
	checkNodeSelector(&found, gr.Spec.JobNodeSelector)
	checkCIS(&found, gr.Spec.CIS)
	if len(found) > 0 {
		return nil, &InvalidError{Name: gr.Name, Problems: found}
	}
	return &Definition{
		Name:     gr.Name,
		Spec:     *gr.Spec.DeepCopy(),
		TypeName: gr.Spec.ReportType,
		TypeSpec: *reportType.Spec.DeepCopy(),
		Schedule: schedule,
	}, nil
}

// Suspended tells whether spec.suspend asks for no further scheduled runs; manual runs are not affected.
func (d *Definition) Suspended() bool { return d.Spec.Suspend != nil && *d.Spec.Suspend }

// SelectsEndpoints tells whether the report is about a part of the endpoints only. An empty selection is none; an empty
// namespaces or serviceAccounts term is one, because it leaves out host endpoints (decisions.md, "Host endpoints").
func (d *Definition) SelectsEndpoints() bool {
	s := d.Spec.Endpoints
	return s != nil && (strings.TrimSpace(s.Selector) != "" || s.Namespaces != nil || s.ServiceAccounts != nil)
}

// Hash is the SHA-256, in hexadecimal, of the report's spec as canonical JSON. It changes exactly when the spec does, so that
// a Schedule can tell whether it is up to date.
func (d *Definition) Hash() string { return HashSpec(d.Spec) }

// HashSpec is Definition.Hash for a spec that was not validated.
func HashSpec(spec v3.ReportSpec) string {
	// A ReportSpec has no field that JSON cannot hold, and encoding/json sorts the keys of maps.
	raw, _ := json.Marshal(spec)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

func checkName(found *problems, name string) {
	for _, reason := range validation.IsDNS1123Subdomain(name) {
		found.add("metadata.name", name, reason)
	}
}

func checkType(found *problems, name string, types map[string]*v3.GlobalReportType) *v3.GlobalReportType {
	known := "none is known"
	if len(types) > 0 {
		known = "known are " + strings.Join(slices.Sorted(maps.Keys(types)), ", ")
	}
	if name == "" {
		found.add("spec.reportType", name, "name a GlobalReportType; "+known)
		return nil
	}
	if types[name] == nil {
		found.add("spec.reportType", name, "no such GlobalReportType; "+known)
	}
	return types[name]
}

// checkSchedule returns nil for a schedule that is empty or wrong.
func checkSchedule(found *problems, text string, maxPerHour int) *cron.Schedule {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	schedule, err := cron.Validate(text, maxPerHour)
	if err != nil {
		found.add("spec.schedule", text, err.Error())
		return nil
	}
	return &schedule
}

func checkNodeSelector(found *problems, labels map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		field := fmt.Sprintf("spec.jobNodeSelector[%s]", name)
		for _, reason := range validation.IsQualifiedName(name) {
			found.add(field, name, reason)
		}
		for _, reason := range validation.IsValidLabelValue(labels[name]) {
			found.add(field, labels[name], reason)
		}
	}
}
