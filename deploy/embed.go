// Package deploy holds the manifests that Probity is installed with. The report types are part of the binary, so that a run
// needs no cluster to know them.
package deploy

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"sigs.k8s.io/yaml"
)

//go:embed reporttypes/cis-benchmark.yaml reporttypes/inventory.yaml reporttypes/network-access.yaml reporttypes/policy-audit.yaml
var reportTypes embed.FS

const reportTypesFolder = "reporttypes"

//go:embed audit-policy.yaml
var auditPolicy []byte

// AuditPolicy is the audit policy of an API server whose log the reports are made from, as a file for --audit-policy-file.
func AuditPolicy() []byte { return bytes.Clone(auditPolicy) }

// ReportTypes returns the built-in report types, sorted by name: cis-benchmark, inventory, network-access, policy-audit. The
// caller may change them. An error means that the binary was built from a broken manifest.
func ReportTypes() ([]*v3.GlobalReportType, error) {
	entries, err := fs.ReadDir(reportTypes, reportTypesFolder)
	if err != nil {
		return nil, fmt.Errorf("list built-in report types: %w", err)
	}
	var types []*v3.GlobalReportType
	for _, entry := range entries {
		gt, err := readType(entry.Name())
		if err != nil {
			return nil, err
		}
		types = append(types, gt)
	}
	return types, nil
}

// ReportTypeManifests are the built-in report types as one YAML stream, as they are applied to an API server.
func ReportTypeManifests() ([]byte, error) {
	entries, err := fs.ReadDir(reportTypes, reportTypesFolder)
	if err != nil {
		return nil, fmt.Errorf("list built-in report types: %w", err)
	}
	var all [][]byte
	for _, entry := range entries {
		raw, err := reportTypes.ReadFile(reportTypesFolder + "/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read built-in report type: %w", err)
		}
		all = append(all, raw)
	}
	return bytes.Join(all, []byte("\n---\n")), nil
}

func readType(name string) (*v3.GlobalReportType, error) {
	raw, err := reportTypes.ReadFile(reportTypesFolder + "/" + name)
	if err != nil {
		return nil, fmt.Errorf("read built-in report type: %w", err)
	}
	gt := v3.NewGlobalReportType()
	if err := yaml.UnmarshalStrict(bytes.TrimSpace(raw), gt); err != nil {
		return nil, fmt.Errorf("read built-in report type %s: %w", name, err)
	}
	return gt, nil
}
