package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	extensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	objects "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	kubejson "k8s.io/apimachinery/pkg/util/json"
	mistakes "k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

const definitionsFolder = "../../deploy/crds"

// gate admits custom resources as an API server does: by the libraries that it uses for it.
type gate struct {
	schema *structural.Structural
	shape  objects.SchemaValidator
	rules  *cel.Validator
}

func readDefinition(t *testing.T, plural string) *extensions.CustomResourceDefinition {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(definitionsFolder, plural+".yaml"))
	require.NoError(t, err)
	d := &extensions.CustomResourceDefinition{}
	require.NoError(t, yaml.UnmarshalStrict(raw, d))
	return d
}

// internalDefinition is a definition as the API server validates it, with its defaults.
func internalDefinition(t *testing.T, plural string) *apiextensions.CustomResourceDefinition {
	t.Helper()
	d := readDefinition(t, plural)
	extensions.SetDefaults_CustomResourceDefinition(d)
	extensions.SetDefaults_CustomResourceDefinitionSpec(&d.Spec)
	d.Status.StoredVersions = []string{"v3"}
	internal := &apiextensions.CustomResourceDefinition{}
	require.NoError(t, extensions.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(d, internal, nil))
	return internal
}

func openGate(t *testing.T, plural string) *gate {
	t.Helper()
	d := internalDefinition(t, plural)
	props := d.Spec.Versions[0].Schema
	if props == nil {
		props = d.Spec.Validation
	}
	g := &gate{}
	var err error
	g.schema, err = structural.NewStructural(props.OpenAPIV3Schema)
	require.NoError(t, err)
	g.shape, _, err = objects.NewSchemaValidator(props.OpenAPIV3Schema)
	require.NoError(t, err)
	g.rules = cel.NewValidator(g.schema, true, math.MaxInt64)
	require.NotNil(t, g.rules)
	return g
}

// admit returns what is wrong with an object: what strict decoding, the schema and the rules say.
func (g *gate) admit(t *testing.T, object any) []string {
	t.Helper()
	raw, err := json.Marshal(object)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, kubejson.Unmarshal(raw, &fields))
	wrong := []string{}
	unknown := pruning.PruneWithOptions(fields, g.schema, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		wrong = append(wrong, fmt.Sprintf("unknown field %q", path))
	}
	found := objects.ValidateCustomResource(nil, fields, g.shape)
	if !slices.ContainsFunc(found, blocks) {
		said, left := g.rules.Validate(t.Context(), nil, g.schema, fields, nil, celBudget)
		require.GreaterOrEqual(t, left, int64(0), "the rules cost more than an API server spends")
		found = append(found, said...)
	}
	for _, e := range found {
		wrong = append(wrong, e.Error())
	}
	return wrong
}

// blocks tells whether an API server leaves the rules alone after a mistake.
func blocks(e *mistakes.Error) bool {
	return slices.Contains([]mistakes.ErrorType{mistakes.ErrorTypeNotSupported, mistakes.ErrorTypeRequired, mistakes.ErrorTypeTooLong,
		mistakes.ErrorTypeTooMany, mistakes.ErrorTypeTypeInvalid}, e.Type)
}

// celBudget is what an API server spends on all the rules of one object.
const celBudget = 100_000_000

func TestDefinitionsAreValid(t *testing.T) {
	for _, plural := range []string{"globalreports", "globalreporttypes"} {
		t.Run(plural, func(t *testing.T) {
			require.Empty(t, validation.ValidateCustomResourceDefinition(t.Context(), internalDefinition(t, plural)))
		})
	}
}

// oldest is a version of Kubernetes that must know every function in the rules. Those of older ones are not told apart here.
var oldest = version.MajorMinor(1, 28)

// TestRulesCompileOnOldServers: the rules need no newer functions than an old cluster has, and cost no more than it allows.
func TestRulesCompileOnOldServers(t *testing.T) {
	for _, plural := range []string{"globalreports", "globalreporttypes"} {
		t.Run(plural, func(t *testing.T) {
			s := openGate(t, plural).schema
			require.Positive(t, compile(t, s, model.SchemaDeclType(s, true)))
		})
	}
}

// compile compiles the rules of a schema and all below it, and returns how many there are.
func compile(t *testing.T, s *structural.Structural, declared *apiservercel.DeclType) int {
	t.Helper()
	results, err := cel.Compile(s, declared, celconfig.PerCallLimit, environment.MustBaseEnvSet(oldest), cel.NewExpressionsEnvLoader())
	require.NoError(t, err)
	for i, result := range results {
		require.Nil(t, result.Error, s.XValidations[i].Rule)
		require.Nil(t, result.MessageExpressionError, s.XValidations[i].MessageExpression)
	}
	count := len(results)
	for name, kid := range s.Properties {
		if field, ok := declared.Fields[name]; ok {
			count += compile(t, &kid, field.Type)
		}
	}
	if s.Items != nil {
		count += compile(t, s.Items, declared.ElemType)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		count += compile(t, s.AdditionalProperties.Structural, declared.ElemType)
	}
	return count
}
