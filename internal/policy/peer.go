package policy

import (
	"fmt"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/selector"
)

// Peer is a rule's selection of peers by labels: endpoints, and network sets.
type Peer struct {
	// Selector is everything that the rule asks of a peer's labels, the restriction to namespaces and accounts included.
	Selector *selector.Selector
	// Not excludes what it matches; nil excludes nothing.
	Not  *selector.Selector
	text string
}

func newPeer(is, not *selector.Selector) *Peer {
	peer := &Peer{Selector: is, Not: not, text: is.String()}
	if not != nil {
		peer.text += " except " + not.String()
	}
	return peer
}

// Text is the same for peers that select the same, by their text.
func (p *Peer) Text() string { return p.text }

// Matches tells whether something with these labels is a peer.
func (p *Peer) Matches(l *Labels) bool {
	return p.Selector.Matches(l) && (p.Not == nil || !p.Not.Matches(l))
}

// isEmpty tells whether an entity says nothing at all, and so matches everything.
func isEmpty(entity *v3.EntityRule) bool {
	return len(entity.Nets) == 0 && len(entity.NotNets) == 0 && !bySelector(entity) && isBlank(entity.NotSelector) &&
		len(entity.Ports) == 0 && len(entity.NotPorts) == 0 && len(entity.Domains) == 0 && entity.Services == nil
}

// bySelector tells whether an entity selects peers by labels.
func bySelector(entity *v3.EntityRule) bool {
	return !isBlank(entity.Selector) || !isBlank(entity.NamespaceSelector) || byAccount(entity)
}

// byAccount leaves out an empty serviceAccounts match, which selects nothing in particular.
func byAccount(entity *v3.EntityRule) bool {
	match := entity.ServiceAccounts
	return match != nil && (len(match.Names) > 0 || !isBlank(match.Selector))
}

// selection is what the labels of an entity's peers must be like.
type selection struct {
	is, not *selector.Selector // is is nil when the entity does not select peers by labels
	reach   reach
}

// selectionOf builds the selection of an entity in a policy of a namespace ("" for a global one).
func selectionOf(entity *v3.EntityRule, namespace string) (selection, error) {
	not, err := parse("notSelector", entity.NotSelector)
	if err != nil {
		return selection{}, err
	}
	if !bySelector(entity) && (not == nil || namespace == "") {
		return selection{not: not}, nil
	}
	labels, err := parse("selector", entity.Selector)
	if err != nil {
		return selection{}, err
	}
	namespaces, err := peerNamespace(entity.NamespaceSelector, namespace)
	if err != nil {
		return selection{}, err
	}
	accounts, err := peerAccounts(entity.ServiceAccounts)
	if err != nil {
		return selection{}, err
	}
	is := selector.All()
	for _, part := range []*selector.Selector{labels, namespaces, accounts} {
		if part != nil {
			is = selector.And(is, part)
		}
	}
	return selection{is, not, reachOf(is, namespaces)}, nil
}

// peerNamespace limits a peer to the namespaces selected, else to the policy's own. In a rule's namespaceSelector all() means
// anything namespaced and global() anything that is not.
func peerNamespace(text, own string) (*selector.Selector, error) {
	if isBlank(text) {
		if own == "" {
			return nil, nil
		}
		return selector.Parse(LabelNamespace + " == " + quoted(own))
	}
	selected, err := parse("namespaceSelector", text)
	if err != nil {
		return nil, err
	}
	if selected, err = redefine(selected.Prefixed(NamespacePrefix), "all()", hasNamespace); err != nil {
		return nil, err
	}
	return redefine(selected, "global()", "!"+hasNamespace)
}

func peerAccounts(match *v3.ServiceAccountMatch) (*selector.Selector, error) {
	if match == nil {
		return nil, nil
	}
	var selected *selector.Selector
	if !isBlank(match.Selector) {
		parsed, err := parse("serviceAccounts.selector", match.Selector)
		if err != nil {
			return nil, err
		}
		if selected, err = redefine(parsed.Prefixed(ServiceAccountPrefix), "all()", hasAccount); err != nil {
			return nil, err
		}
	}
	if len(match.Names) == 0 {
		return selected, nil
	}
	names := make([]string, len(match.Names))
	for i, name := range match.Names {
		names[i] = quoted(name)
	}
	named, err := selector.Parse(ServiceAccountPrefix + LabelName + " in {" + strings.Join(names, ", ") + "}")
	if err != nil {
		return nil, fmt.Errorf("serviceAccounts.names %q: %w", match.Names, err)
	}
	if selected == nil {
		return named, nil
	}
	return selector.And(named, selected), nil
}

// metadataName is a label that the API server gives every namespace, with its name.
const metadataName = "kubernetes.io/metadata.name"

// reach is which pods a peer may be.
type reach struct {
	// namespaces are the only ones in which it may be; nil means any.
	namespaces []string
	// everyPod: every pod is a peer, whatever its labels.
	everyPod bool
}

// reachOf tells which pods a selector may match, from what it requires and from how it is written; namespaces is the part of it that
// is about namespaces, or nil.
func reachOf(is, namespaces *selector.Selector) reach {
	if namespaces != nil && namespaces.String() == "!"+hasNamespace {
		return reach{namespaces: []string{}}
	}
	if text := is.String(); text == "all()" || text == hasNamespace {
		return reach{everyPod: true}
	}
	var found reach
	for _, need := range is.Requirements() {
		switch need.Label {
		case LabelNamespace, NamespacePrefix + LabelName, NamespacePrefix + metadataName, "":
			found.limit(need.Values)
		}
	}
	return found
}

func (r *reach) limit(names []string) {
	switch {
	case names == nil:
	case r.namespaces == nil:
		r.namespaces = names
	default:
		r.namespaces = slices.DeleteFunc(slices.Clone(r.namespaces), func(name string) bool { return !slices.Contains(names, name) })
	}
}

// othersThan tells whether the peer may be a pod of another namespace.
func (r *reach) othersThan(namespace string) bool {
	return r.namespaces == nil || slices.ContainsFunc(r.namespaces, func(name string) bool { return name != namespace })
}
