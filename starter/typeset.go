package starter

import (
	"sync"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/report"
)

// typeSet keeps the report types compiled until one of them changes.
type typeSet struct {
	followed *kube.Followed

	mu   sync.Mutex
	have *definitions.Set
}

func (t *typeSet) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.have = nil
}

// types gives the set with the types alone.
func (t *typeSet) types(limits report.Limits) (*definitions.Set, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.have != nil {
		return t.have, nil
	}
	objects, err := t.followed.Types()
	if err != nil {
		return nil, err
	}
	stored := make([]definitions.Stored, len(objects))
	for i := range objects {
		stored[i] = definitions.Stored{Name: objects[i].Name, Raw: objects[i].Raw}
	}
	t.have, err = definitions.FromServer(stored, nil, limits)
	return t.have, err
}

// validate checks one report against the types; the result holds that report alone.
func (t *typeSet) validate(object *unstructured.Unstructured, limits report.Limits) (*definitions.Set, error) {
	types, err := t.types(limits)
	if err != nil {
		return nil, err
	}
	raw, err := object.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return types.With(definitions.Stored{Name: object.GetName(), Raw: raw}, limits), nil
}

// statusOf reads the status that a report has; a status that cannot be read counts as none, and is written anew.
func statusOf(object *unstructured.Unstructured) v3.ReportStatus {
	var known v3.GlobalReport
	_ = fromObject(object, &known)
	return known.Status
}
