package timeline

import (
	"fmt"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/selector"
)

// Scope is a report's selection of endpoints, compiled (calico-compliance.md section 1, "endpoints"). It never changes.
type Scope struct {
	endpoints  *selector.Selector
	namespaces *match
	accounts   *match
}

// match selects namespaces or service accounts: by name and by label.
type match struct {
	names  []string // empty = any
	labels *selector.Selector
}

// NewScope compiles a selection; nil selects every endpoint. Selectors see the endpoint's own and inherited labels, and those of
// the namespace and the service account their labels and projectcalico.org/name. A selector that does not parse is an error that
// names the field.
func NewScope(selection *v3.EndpointsSelection) (*Scope, error) {
	if selection == nil {
		return &Scope{endpoints: selector.All()}, nil
	}
	endpoints, err := selector.Parse(selection.Selector)
	if err != nil {
		return nil, fmt.Errorf("endpoints.selector: %w", err)
	}
	scope := &Scope{endpoints: endpoints}
	if scope.namespaces, err = newMatch(selection.Namespaces, policy.NamespacePrefix); err != nil {
		return nil, fmt.Errorf("endpoints.namespaces.selector: %w", err)
	}
	if scope.accounts, err = newMatch(selection.ServiceAccounts, policy.ServiceAccountPrefix); err != nil {
		return nil, fmt.Errorf("endpoints.serviceAccounts.selector: %w", err)
	}
	return scope, nil
}

func newMatch(from *v3.NamesAndLabelsMatch, prefix string) (*match, error) {
	if from == nil {
		return nil, nil
	}
	parsed, err := selector.Parse(from.Selector)
	if err != nil {
		return nil, err
	}
	return &match{slices.Clone(from.Names), parsed.Prefixed(prefix)}, nil
}

// contains tells whether an endpoint with these labels is in scope. A term about namespaces or service accounts, even an empty
// one, leaves out endpoints that have none.
func (s *Scope) contains(l *policy.Labels) bool {
	return s.namespaces.accepts(l.Namespace, l) && s.accounts.accepts(l.Account, l) && s.endpoints.Matches(l)
}

func (m *match) accepts(owner *policy.Profile, l *policy.Labels) bool {
	switch {
	case m == nil:
		return true
	case owner == nil:
		return false
	case len(m.names) > 0 && !slices.Contains(m.names, owner.Name):
		return false
	}
	return m.labels.Matches(l)
}
