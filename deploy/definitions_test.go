package deploy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestDefinitions(t *testing.T) {
	stream, err := Definitions()
	require.NoError(t, err)
	var names []string
	for document := range strings.SplitSeq(string(stream), "---\n") {
		var d struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name   string            `json:"name"`
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(document), &d))
		require.Equal(t, "CustomResourceDefinition", d.Kind)
		require.True(t, Own(d.Metadata.Labels), d.Metadata.Name)
		names = append(names, d.Metadata.Name)
	}
	require.Equal(t, []string{"globalreports.projectcalico.org", "globalreporttypes.projectcalico.org"}, names)
}

func TestOwn(t *testing.T) {
	require.False(t, Own(nil))
	require.False(t, Own(map[string]string{PartOfLabel: "calico"}))
}
