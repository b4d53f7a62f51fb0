package logfile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/internal/resource"
)

// Definition is one manifest of a folder of definitions: O is v3.GlobalReport or v3.GlobalReportType.
type Definition[O any] struct {
	Name  string
	Place string // where it was found: "reports.yaml, document 2"
	// Raw is the manifest in JSON with sorted names: the same bytes whichever form it was written in.
	Raw    json.RawMessage
	Object O
	// Err tells why the manifest cannot be used; Object is not to be looked at then.
	Err error
}

// Definitions are the report definitions of a folder, each kind sorted by name.
type Definitions struct {
	Reports []Definition[v3.GlobalReport]
	Types   []Definition[v3.GlobalReportType]
	// Faults tell, in the order of the files, which could not be read to their end: definitions may be missing then.
	Faults []error
	// Notes are sentences on what the folder holds besides and is not used. Sorted.
	Notes []string
}

// ReadDefinitions reads the GlobalReport and GlobalReportType manifests below dir: YAML or JSON, several documents or a List
// in a file, at any depth. An empty folder is no error: it defines nothing.
//
// The manifests are decoded strictly: an unknown field, a wrong API version, and a name that two manifests of one kind share are
// the Err of that definition, which names the field and the files. A file with bad syntax, a field given twice, or an object
// without kind or name ends there: it is a fault, and the other files are read. Whether the values make sense is for package
// report to say. It fails only where the folder cannot be listed, or when ctx ends.
func ReadDefinitions(ctx context.Context, dir string) (Definitions, error) {
	folder, err := openFolder(dir)
	if err != nil {
		return Definitions{}, err
	}
	var found Definitions
	other := map[string]int{}
	for _, name := range folder.files {
		err := folder.readDocuments(ctx, name, func(doc document) error {
			switch {
			case !isCalico(doc.apiVersion):
			case doc.kind == "GlobalReport":
				return take(&found.Reports, doc)
			case doc.kind == "GlobalReportType":
				return take(&found.Types, doc)
			}
			other[doc.apiVersion+" "+doc.kind]++
			return nil
		})
		if ctx.Err() != nil {
			return Definitions{}, ctx.Err()
		}
		if err != nil {
			found.Faults = append(found.Faults, err)
		}
	}
	for kind, count := range other {
		found.Notes = append(found.Notes, fmt.Sprintf("%d of kind %s: not a report definition, ignored", count, kind))
	}
	for _, name := range folder.other {
		found.Notes = append(found.Notes, fmt.Sprintf("file %s: not a manifest, ignored", name))
	}
	slices.Sort(found.Notes)
	return found, nil
}

func isCalico(apiVersion string) bool {
	group, _, _ := strings.Cut(apiVersion, "/")
	return group == resource.GroupCalico || group == resource.GroupCalicoCRD
}

// take decodes a manifest and puts it in its place in the order of names. It fails on one whose name is not known.
func take[O any](list *[]Definition[O], doc document) error {
	raw, err := doc.canonical()
	if err != nil {
		return err
	}
	var meta struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		return fmt.Errorf("decode metadata: %w", err)
	}
	def := Definition[O]{Name: meta.Metadata.Name, Place: doc.place.String(), Raw: raw}
	if def.Name == "" {
		return fmt.Errorf("%s: metadata.name is empty", doc.kind)
	}
	if err := decodeManifest(&doc, raw, &def.Object); err != nil {
		def.Err = fmt.Errorf("%s: %s: %w", def.Place, doc.kind, err)
	}
	at, exists := slices.BinarySearchFunc(*list, def.Name, func(d Definition[O], name string) int {
		return strings.Compare(d.Name, name)
	})
	if exists {
		first := &(*list)[at]
		first.Err = fmt.Errorf("%s: %s %q is defined by %s already: give one of them another name", def.Place, doc.kind, def.Name, first.Place)
		return nil
	}
	*list = slices.Insert(*list, at, def)
	return nil
}

func decodeManifest(doc *document, raw []byte, into any) error {
	if doc.apiVersion != "projectcalico.org/v3" && doc.apiVersion != "crd.projectcalico.org/v1" {
		return fmt.Errorf("apiVersion is %q: a %s is projectcalico.org/v3", doc.apiVersion, doc.kind)
	}
	return decodeStrictly(raw, into)
}

// decodeStrictly refuses unknown fields; the error says which.
func decodeStrictly(raw []byte, into any) error {
	if err := yaml.UnmarshalStrict(raw, into); err != nil {
		text := err.Error()
		for _, prefix := range []string{"error unmarshaling JSON: ", "while decoding JSON: ", "json: "} {
			text = strings.TrimPrefix(text, prefix)
		}
		return errors.New(text)
	}
	return nil
}
