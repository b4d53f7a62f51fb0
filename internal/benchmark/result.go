package benchmark

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// MaxResult is the largest result that is read, in bytes. A control-plane node's 115 tests take less than 300 kB.
const MaxResult = 16 << 20

// Result is what kube-bench found on one node. It does not say on which, or when.
type Result struct {
	Controls []Control `json:"Controls"`
}

// Control is the result of one target, such as the etcd or the kubelet of the node.
type Control struct {
	ID              string    `json:"id"`
	Version         string    `json:"version"`          // of the benchmark: "cis-1.9"
	DetectedVersion string    `json:"detected_version"` // of Kubernetes: "1.28"; may be empty
	Text            string    `json:"text"`
	NodeType        string    `json:"node_type"`
	Sections        []Section `json:"tests"`
}

// Section is a group of tests.
type Section struct {
	Section string `json:"section"` // its number: "1.1"
	Desc    string `json:"desc"`
	Tests   []Test `json:"results"`
}

// Test is one check.
type Test struct {
	Number      string   `json:"test_number"` // "1.1.12"
	Desc        string   `json:"test_desc"`
	Info        []string `json:"test_info"` // as a rule the remediation
	Remediation string   `json:"remediation"`
	Status      string   `json:"status"`
	Scored      bool     `json:"scored"`
}

var errNoControls = errors.New(`it has no "Controls": give what "kube-bench run --json" prints`)

// ReadResult reads kube-bench's JSON: an object with Controls, as current versions print it, or the bare list of controls or
// the single control of older ones. Unknown fields are tolerated; a result without any test is one.
func ReadResult(raw []byte) (Result, error) {
	result, err := readResult(raw)
	if err != nil {
		return Result{}, fmt.Errorf("read kube-bench result: %w", err)
	}
	return result, nil
}

func readResult(raw []byte) (Result, error) {
	if len(raw) > MaxResult {
		return Result{}, fmt.Errorf("it is larger than the %d bytes that are read", MaxResult)
	}
	raw = bytes.TrimSpace(raw)
	var result Result
	if bytes.HasPrefix(raw, []byte("[")) {
		err := json.Unmarshal(raw, &result.Controls)
		return result, err
	}
	var shape struct {
		Controls *json.RawMessage `json:"Controls"`
		Tests    *json.RawMessage `json:"tests"`
	}
	if err := json.Unmarshal(raw, &shape); err != nil {
		return Result{}, err
	}
	switch {
	case shape.Controls != nil:
		err := json.Unmarshal(raw, &result)
		return result, err
	case shape.Tests != nil:
		result.Controls = make([]Control, 1)
		err := json.Unmarshal(raw, &result.Controls[0])
		return result, err
	}
	return Result{}, errNoControls
}

// kubernetesVersion is the first version that a control recorded, or empty.
func (r *Result) kubernetesVersion() string {
	for _, control := range r.Controls {
		if control.DetectedVersion != "" {
			return control.DetectedVersion
		}
	}
	return ""
}
