package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenSearchSettings(t *testing.T) {
	c, _, err := load(t, []string{"--opensearch-user=reader"}, []string{"PROBITY_OPENSEARCH_PRESET=vector"},
		"opensearch: {addresses: [https://a:9200, https://b:9200], mapping: [audit.event=kube.audit], maxRequests: 2}")
	require.NoError(t, err)
	require.NoError(t, c.Validate())
	require.Equal(t, []string{"https://a:9200", "https://b:9200"}, c.OpenSearch.Addresses)
	require.Equal(t, []string{"audit.event=kube.audit"}, c.OpenSearch.Mapping)
	require.Equal(t, "vector", c.OpenSearch.Preset)
	require.Equal(t, 2, c.OpenSearch.MaxRequests)
	require.Equal(t, "tigera_secure_ee_flows.{cluster}.*", c.OpenSearch.Flows)
}

func TestOpenSearchPassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("s3cret \n"), 0o600))
	t.Setenv("PROBITY_OPENSEARCH_PASSWORD", "other")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no user":         {nil, ""},
		"from a file":     {[]string{"--opensearch-user=reader", "--opensearch-password-file=" + file}, "s3cret "},
		"the environment": {[]string{"--opensearch-user=reader"}, "other"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, err := load(t, test.args, nil, "")
			require.NoError(t, err)
			got, err := c.OpenSearch.Password()
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
	c, _, err := load(t, []string{"--opensearch-user=reader", "--opensearch-password-file=" + file + "x"}, nil, "")
	require.NoError(t, err)
	_, err = c.OpenSearch.Password()
	require.ErrorContains(t, err, "opensearch.passwordFile")
}
