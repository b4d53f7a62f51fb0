package policy

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/selector"
)

const (
	hasNamespace = "has(" + LabelNamespace + ")"
	hasAccount   = "has(" + LabelServiceAccount + ")"
)

// scopeOf builds the selector of the endpoints that a policy applies to, the restriction to a namespaced policy's own
// namespace left out (calico-compliance.md section 9, "Scoping").
func scopeOf(kind resource.Kind, spec *resource.PolicySpec) (*selector.Selector, error) {
	if spec.Kubernetes != nil {
		return labelSelector("podSelector", &spec.Kubernetes.PodSelector)
	}
	scope, err := parse("selector", spec.Selector)
	if err != nil {
		return nil, err
	}
	// A namespaced policy has no namespaceSelector.
	if !kind.Namespaced() && !isBlank(spec.NamespaceSelector) {
		if scope, err = narrow(scope, spec.NamespaceSelector, namespaces); err != nil {
			return nil, err
		}
	}
	if !isBlank(spec.ServiceAccountSelector) {
		if scope, err = narrow(scope, spec.ServiceAccountSelector, accounts); err != nil {
			return nil, err
		}
	}
	if scope == nil {
		return selector.All(), nil
	}
	return scope, nil
}

// owner is something whose labels endpoints inherit: how its selectors are written and read.
type owner struct {
	field  string // the selector's field in a policy
	prefix string
	all    string // what all() means beside such a selector
}

var (
	namespaces = owner{"namespaceSelector", NamespacePrefix, hasNamespace}
	accounts   = owner{"serviceAccountSelector", ServiceAccountPrefix, hasAccount}
)

// narrow limits a scope (nil is no limit) to the owners that the text selects. all() then means "has a namespace", or "has a
// service account", on both sides: Calico replaces it in the finished expression (decisions.md, "all() inside a …").
func narrow(scope *selector.Selector, text string, by owner) (*selector.Selector, error) {
	selected, err := parse(by.field, text)
	if err != nil {
		return nil, err
	}
	selected, err = redefine(selected.Prefixed(by.prefix), "all()", by.all)
	if err != nil || scope == nil {
		return selected, err
	}
	if scope, err = redefine(scope, "all()", by.all); err != nil {
		return nil, err
	}
	return selector.And(scope, selected), nil
}

// parse reads the selector in a policy's field; nil when it is blank.
func parse(field, text string) (*selector.Selector, error) {
	if isBlank(text) {
		return nil, nil
	}
	parsed, err := selector.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", field, text, err)
	}
	return parsed, nil
}

func isBlank(text string) bool { return strings.Trim(text, " \t") == "" }

// redefine replaces a word of the language, such as all(), wherever it stands as an operation.
func redefine(s *selector.Selector, word, meaning string) (*selector.Selector, error) {
	text := s.String()
	if !strings.Contains(text, word) {
		return s, nil
	}
	var out strings.Builder
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == 0 && strings.HasPrefix(text[i:], word):
			out.WriteString(meaning)
			i += len(word) - 1
			continue
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
		out.WriteByte(c)
	}
	replaced, err := selector.Parse(out.String())
	if err != nil {
		return nil, fmt.Errorf("read %s as %s: %w", word, meaning, err)
	}
	return replaced, nil
}

// labelSelector turns a Kubernetes label selector into one of Calico's; nil and empty ones select everything.
func labelSelector(field string, from *metav1.LabelSelector) (*selector.Selector, error) {
	text, err := labelSelectorText(from)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	parsed, err := selector.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return parsed, nil
}

func labelSelectorText(from *metav1.LabelSelector) (string, error) {
	if from == nil {
		return "", nil
	}
	terms := make([]string, 0, len(from.MatchLabels)+len(from.MatchExpressions))
	for name, value := range from.MatchLabels {
		term, err := labelTerm(metav1.LabelSelectorRequirement{Key: name, Operator: metav1.LabelSelectorOpIn, Values: []string{value}})
		if err != nil {
			return "", err
		}
		terms = append(terms, term)
	}
	slices.Sort(terms)
	for _, expr := range from.MatchExpressions {
		term, err := labelTerm(expr)
		if err != nil {
			return "", err
		}
		terms = append(terms, term)
	}
	return strings.Join(terms, " && "), nil
}

// labelTerm writes one requirement in Calico's language. Keys and values come from files too, where no API server has checked
// them, so whatever could be read as more than a name or a value is refused.
func labelTerm(expr metav1.LabelSelectorRequirement) (string, error) {
	if strings.Trim(expr.Key, labelCharacters) != "" || expr.Key == "" {
		return "", fmt.Errorf("label name %q: use letters, digits, '_', '.', '/' and '-'", expr.Key)
	}
	values := make([]string, len(expr.Values))
	for i, value := range expr.Values {
		if strings.ContainsAny(value, "\"'") {
			return "", fmt.Errorf("value %q of label %q has a quote, which no label value can have", value, expr.Key)
		}
		values[i] = quoted(value)
	}
	set := "{" + strings.Join(values, ", ") + "}"
	switch expr.Operator {
	case metav1.LabelSelectorOpIn:
		return expr.Key + " in " + set, nil
	case metav1.LabelSelectorOpNotIn:
		return expr.Key + " not in " + set, nil
	case metav1.LabelSelectorOpExists:
		return "has(" + expr.Key + ")", nil
	case metav1.LabelSelectorOpDoesNotExist:
		return "!has(" + expr.Key + ")", nil
	}
	return "", fmt.Errorf("operator %q of label %q is none of In, NotIn, Exists, DoesNotExist", expr.Operator, expr.Key)
}

const labelCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"

func quoted(value string) string { return `"` + value + `"` }
