package definitions

import (
	"context"
	"encoding/json"
	"fmt"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/report"
)

// Stored is an object of an API server.
type Stored struct {
	Name string
	Raw  json.RawMessage
}

// Lister lists the definitions of an API server.
type Lister interface {
	ListReports(ctx context.Context) ([]Stored, error)
	ListTypes(ctx context.Context) ([]Stored, error)
}

// Server reads definitions from an API server.
type Server struct {
	Lister Lister
	Limits report.Limits
}

// Load lists and validates everything. It fails only where the API server cannot be asked.
func (s *Server) Load(ctx context.Context) (*Set, error) {
	types, err := s.Lister.ListTypes(ctx)
	if err != nil {
		return nil, err
	}
	reports, err := s.Lister.ListReports(ctx)
	if err != nil {
		return nil, err
	}
	return FromServer(types, reports, s.Limits)
}

// Types lists the report types alone.
func (s *Server) Types(ctx context.Context, wanted string) (map[string]*v3.GlobalReportType, error) {
	types, err := s.Lister.ListTypes(ctx)
	if err != nil {
		return nil, err
	}
	set, err := FromServer(types, nil, s.Limits)
	if err != nil {
		return nil, err
	}
	return set.typesFor(wanted)
}

// FromServer validates objects as an API server stores them. Unknown fields are the server's business: it refused them, or has a
// newer definition.
func FromServer(types, reports []Stored, limits report.Limits) (*Set, error) {
	return Collect(decode[v3.GlobalReportType]("GlobalReportType", types), decode[v3.GlobalReport]("GlobalReport", reports), limits)
}

func decode[O any](kind string, stored []Stored) []Found[O] {
	out := make([]Found[O], len(stored))
	for i := range stored {
		out[i] = Found[O]{Name: stored[i].Name, Place: fmt.Sprintf("%s %q", kind, stored[i].Name)}
		if out[i].Raw, out[i].Err = definitionOnly(stored[i].Raw); out[i].Err == nil {
			out[i].Err = json.Unmarshal(out[i].Raw, &out[i].Object)
		}
		if out[i].Err != nil {
			out[i].Err = fmt.Errorf("decode %s %q: %w", kind, stored[i].Name, out[i].Err)
		}
	}
	return out
}

// definitionOnly leaves out what is no part of a definition and changes by itself: status, and all metadata but the name, labels and
// annotations, without kubectl's copy of the manifest. The rest is passed to workflows, whose schedule changes when it does.
func definitionOnly(raw json.RawMessage) (json.RawMessage, error) {
	var object struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name        string            `json:"name"`
			Labels      map[string]string `json:"labels,omitempty"`
			Annotations map[string]string `json:"annotations,omitempty"`
		} `json:"metadata"`
		Spec json.RawMessage `json:"spec,omitempty"`
	}
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, err
	}
	delete(object.Metadata.Annotations, "kubectl.kubernetes.io/last-applied-configuration")
	return json.Marshal(object)
}

// With validates one report against the types of the set. The result holds that report and the types alone.
func (s *Set) With(stored Stored, limits report.Limits) *Set {
	one := &Set{Invalid: map[string]error{}, Types: s.Types, BrokenTypes: s.BrokenTypes}
	one.add(&decode[v3.GlobalReport]("GlobalReport", []Stored{stored})[0], limits)
	return one
}
