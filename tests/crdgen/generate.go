package main

import (
	"fmt"
	"maps"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"golang.org/x/tools/go/packages"
	extensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-tools/pkg/crd"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
	"sigs.k8s.io/controller-tools/pkg/loader"
	"sigs.k8s.io/controller-tools/pkg/markers"
)

const (
	published = "github.com/tigera/api/pkg/apis/projectcalico/v3"
	own       = "github.com/probity/probity/deploy"
)

// generated are the definitions of the published types, without any addition, and the schema of the status fields that are ours.
type generated struct {
	reports, types *extensions.CustomResourceDefinition
	status         extensions.JSONSchemaProps
}

// generate reads the Go types. Both packages are found through this module's go.mod, which pins their versions.
func generate() (*generated, error) {
	roots, err := loader.LoadRoots(published, own)
	if err != nil {
		return nil, fmt.Errorf("load types: %w", err)
	}
	registry := &markers.Registry{}
	if err := crdmarkers.Register(registry); err != nil {
		return nil, fmt.Errorf("register markers: %w", err)
	}
	parser := &crd.Parser{
		Collector: &markers.Collector{Registry: registry},
		Checker:   &loader.TypeChecker{NodeFilters: []loader.NodeFilter{crd.Generator{}.CheckFilter()}},
	}
	crd.AddKnownTypes(parser)
	for _, root := range roots {
		parser.NeedPackage(root)
	}
	g := &generated{}
	if g.reports, err = definition(parser, v3.KindGlobalReport); err != nil {
		return nil, err
	}
	if g.types, err = definition(parser, v3.KindGlobalReportType); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(roots, func(p *loader.Package) bool { return p.PkgPath == own })
	status := crd.TypeIdent{Package: roots[i], Name: "ReportStatus"}
	parser.NeedFlattenedSchemaFor(status)
	g.status = parser.FlattenedSchemata[status]
	if loader.PrintErrors(roots, packages.TypeError) {
		return nil, fmt.Errorf("read the types of %s and %s: the errors are printed above", published, own)
	}
	return g, nil
}

func definition(parser *crd.Parser, kind string) (*extensions.CustomResourceDefinition, error) {
	id := schema.GroupKind{Group: v3.GroupName, Kind: kind}
	parser.NeedCRDFor(id, new(int)) // without comments: those of the types speak of another product
	raw, ok := parser.CustomResourceDefinitions[id]
	if !ok {
		return nil, fmt.Errorf("find type %s in %s: there are %v", id, published, slices.Collect(maps.Keys(parser.CustomResourceDefinitions)))
	}
	crd.FixTopLevelMetadata(raw)
	return &raw, nil
}
