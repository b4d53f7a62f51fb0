package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// ParseNodeSelector reads labels as "nodetype=infrastructure,zone=a"; "" is none. It fails on what cannot be labels of a node.
func ParseNodeSelector(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	selector := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		problems := append(validation.IsQualifiedName(name), validation.IsValidLabelValue(value)...)
		switch _, twice := selector[name]; {
		case !ok:
			return nil, fmt.Errorf("node selector %q: %q has no value: write labels as nodetype=infrastructure,zone=a", text, part)
		case len(problems) > 0:
			return nil, fmt.Errorf("node selector %q: %q cannot be a label of a node: %s", text, part, problems[0])
		case twice:
			return nil, fmt.Errorf("node selector %q: label %s is given twice", text, name)
		}
		selector[name] = value
	}
	return selector, nil
}

// NodeSelectorText is the inverse of ParseNodeSelector: the labels in order of their names.
func NodeSelectorText(selector map[string]string) string {
	parts := make([]string, 0, len(selector))
	for _, name := range slices.Sorted(maps.Keys(selector)) {
		parts = append(parts, name+"="+selector[name])
	}
	return strings.Join(parts, ",")
}

// longestKey bounds a key: it is part of a task queue's name, which people read in the Temporal UI.
const longestKey = 200

// NodeSelectorKey is NodeSelectorText, or a digest of it where it is long; "" is no selector. No two selectors have one key: no
// label has the colon of a digest.
func NodeSelectorKey(selector map[string]string) string {
	text := NodeSelectorText(selector)
	if len(text) <= longestKey {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:16])
}

// NodeSelectorOf reads the jobNodeSelector of a GlobalReport, JSON; nil when it has none.
func NodeSelectorOf(definition []byte) (map[string]string, error) {
	var manifest struct {
		Spec struct {
			JobNodeSelector map[string]string `json:"jobNodeSelector"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(definition, &manifest); err != nil {
		return nil, fmt.Errorf("decode GlobalReport: %w", err)
	}
	return manifest.Spec.JobNodeSelector, nil
}
