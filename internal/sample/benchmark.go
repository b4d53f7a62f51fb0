package sample

import (
	"strings"
)

// The node whose benchmark fails where the others pass, and on what.
const (
	weakNode = "worker-3"
	weakTest = "4.2.1"
)

// benchTest is a test of the invented benchmark: our own words, in kube-bench's numbering.
type benchTest struct {
	number string
	desc   string
	fix    string
	status string // on a node without a weakness
	scored bool
}

type benchSection struct {
	number, desc string
	tests        []benchTest
}

// controlPlaneTests are run on nodes with an API server.
var controlPlaneTests = []benchSection{
	{"1.1", "Files of the control plane", []benchTest{
		{"1.1.1", "The API server's manifest can be changed by root alone", "Set the file's mode to 600.", "PASS", true},
		{"1.1.2", "The API server's manifest belongs to root", "Change the file's owner to root:root.", "PASS", true},
		{"1.1.4", "The controller manager's manifest belongs to root", "Change the file's owner to root:root.", "PASS", true},
		{"1.1.12", "The etcd data directory belongs to etcd", `Run "chown etcd:etcd /var/lib/etcd".`, "FAIL", true},
	}},
	{"1.2", "API server", []benchTest{
		{"1.2.1", "Requests without credentials are refused", "Set anonymous-auth to false.", "WARN", false},
		{"1.2.5", "The API server checks the kubelets' certificates", "Set kubelet-certificate-authority.", "FAIL", true},
		{"1.2.15", "Profiling is off", "Set profiling to false.", "FAIL", true},
		{"1.2.16", "Requests are logged for audit", "Set audit-log-path and an audit policy.", "PASS", true},
		{"1.2.17", "Audit logs are kept for thirty days", "Set audit-log-maxage to 30, or ship the logs elsewhere.", "FAIL", true},
	}},
	{"1.9", "Local additions", []benchTest{
		{"1.9.1", "The control plane's clock follows two time sources", "Configure a second time source.", "WARN", false},
	}},
}

// nodeTests are run on every node.
var nodeTests = []benchSection{
	{"4.1", "Files of a node", []benchTest{
		{"4.1.1", "The kubelet's unit file can be changed by root alone", "Set the file's mode to 600.", "PASS", true},
		{"4.1.5", "The kubelet's configuration can be changed by root alone", "Set the file's mode to 600.", "PASS", true},
		{"4.1.9", "The kubelet's certificate authority file has an owner", "Change the file's owner to root:root.", "PASS", true},
	}},
	{"4.2", "Kubelet", []benchTest{
		{"4.2.1", "Requests without credentials are refused by the kubelet", "Set authentication.anonymous.enabled to false.", "PASS", true},
		{"4.2.2", "The kubelet asks the API server what a caller may do", `Set "authorization.mode" to Webhook.`, "PASS", true},
		{"4.2.6", "Kernel settings are protected", "Set protectKernelDefaults to true.", "FAIL", true},
		{"4.2.9", "Events are limited so that none is lost", "Set eventRecordQPS to a value above 0.", "WARN", false},
		{"4.2.11", "Client certificates are renewed", "Leave rotateCertificates on.", "PASS", true},
	}},
}

type benchResult struct {
	Number      string   `json:"test_number"`
	Desc        string   `json:"test_desc"`
	Audit       string   `json:"audit"`
	Type        string   `json:"type"`
	Remediation string   `json:"remediation"`
	Info        []string `json:"test_info"`
	Status      string   `json:"status"`
	Actual      string   `json:"actual_value"`
	Scored      bool     `json:"scored"`
	Expected    string   `json:"expected_result"`
	Reason      string   `json:"reason,omitempty"`
}

// counts are the figures that kube-bench prints at every level; the control's own have a prefix.
type counts struct {
	Pass int `json:"pass"`
	Fail int `json:"fail"`
	Warn int `json:"warn"`
	Info int `json:"info"`
}

type benchGroup struct {
	Section string `json:"section"`
	Type    string `json:"type"`
	counts
	Desc    string        `json:"desc"`
	Results []benchResult `json:"results"`
}

type totals struct {
	Pass int `json:"total_pass"`
	Fail int `json:"total_fail"`
	Warn int `json:"total_warn"`
	Info int `json:"total_info"`
}

type benchControl struct {
	ID       string       `json:"id"`
	Version  string       `json:"version"`
	Detected string       `json:"detected_version"`
	Text     string       `json:"text"`
	NodeType string       `json:"node_type"`
	Tests    []benchGroup `json:"tests"`
	totals
}

type benchFile struct {
	Controls []benchControl
	Totals   totals
}

// writeBenchmarks writes what kube-bench found on each node in the nights before and within the day.
func writeBenchmarks(w *world) {
	for i, node := range w.nodes {
		for _, night := range []int{-1, 0} {
			at := w.clock(2, 10, i%60).AddDate(0, 0, night)
			w.files.json("benchmarks/"+node+"/"+at.UTC().Format("20060102T150405Z")+".json", benchmarkOf(node, at.Before(w.opts.Day)))
		}
	}
}

// benchmarkOf is one result. The weakness came up after the earlier night.
func benchmarkOf(node string, earlier bool) benchFile {
	var file benchFile
	if strings.HasPrefix(node, "cp-") {
		file.add(benchControl{ID: "1", Text: "Control plane", NodeType: "master"}, controlPlaneTests, nil)
	}
	weak := map[string]bool{}
	if node == weakNode && !earlier {
		weak[weakTest], weak["4.1.5"] = true, true
	}
	file.add(benchControl{ID: "4", Text: "Worker node", NodeType: "node"}, nodeTests, weak)
	return file
}

// add runs the sections of one target; weak are the tests that fail on this node alone.
func (f *benchFile) add(control benchControl, sections []benchSection, weak map[string]bool) {
	control.Version, control.Detected = "cis-1.12", "1.36"
	for _, section := range sections {
		group := benchGroup{Section: section.number, Desc: section.desc}
		for _, test := range section.tests {
			status := test.status
			if weak[test.number] {
				status = "FAIL"
			}
			group.Results = append(group.Results, benchResult{
				Number: test.number, Desc: test.desc, Remediation: test.fix, Info: []string{test.fix}, Status: status, Scored: test.scored,
				Type: map[bool]string{false: "manual"}[test.scored],
			})
			group.count(status)
		}
		control.Pass += group.Pass
		control.Fail += group.Fail
		control.Warn += group.Warn
		control.Tests = append(control.Tests, group)
	}
	f.Controls = append(f.Controls, control)
	f.Totals.Pass += control.Pass
	f.Totals.Fail += control.Fail
	f.Totals.Warn += control.Warn
}

func (c *counts) count(status string) {
	switch status {
	case "PASS":
		c.Pass++
	case "FAIL":
		c.Fail++
	case "WARN":
		c.Warn++
	}
}
