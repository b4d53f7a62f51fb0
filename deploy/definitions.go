package deploy

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed crds/globalreports.yaml crds/globalreporttypes.yaml
var definitions embed.FS

// PartOfLabel with the value PartOf marks Probity's own definitions of GlobalReport and GlobalReportType. Those of Calico bear
// the same names: they are used as they are, and then what Probity's schema refuses is said by conditions and events.
const (
	PartOfLabel = "app.kubernetes.io/part-of"
	PartOf      = "probity"
)

// Own tells by the labels of a CustomResourceDefinition whether it is Probity's own, so that its status has the fields of
// ReportStatus.
func Own(labels map[string]string) bool { return labels[PartOfLabel] == PartOf }

// Definitions are the CustomResourceDefinitions of GlobalReport and GlobalReportType as one YAML stream.
func Definitions() ([]byte, error) {
	var all [][]byte
	for _, name := range []string{"globalreports", "globalreporttypes"} {
		raw, err := fs.ReadFile(definitions, "crds/"+name+".yaml")
		if err != nil {
			return nil, fmt.Errorf("read built-in definition: %w", err)
		}
		all = append(all, raw)
	}
	return bytes.Join(all, []byte("---\n")), nil
}
