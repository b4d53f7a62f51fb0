package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/config"
)

func TestFile(t *testing.T) {
	cfg, _, err := load(t, nil, nil, `
cluster: 20261124
inputs:
  audit: /logs
  flows:
  auditQuiet: 2h
bucket:
  lockDays: 3650
snapshot:
`)
	require.NoError(t, err)
	require.Equal(t, "20261124", cfg.Cluster, "a number keeps its digits")
	require.Equal(t, "/logs", cfg.Inputs.Audit)
	require.Empty(t, cfg.Inputs.Flows, "a name without a value is not set")
	require.Equal(t, 2*time.Hour, cfg.Inputs.AuditQuiet)
	require.Equal(t, 3650, cfg.Bucket.LockDays)
	require.Equal(t, "0 */6 * * *", cfg.Snapshot.Schedule, "an empty section leaves the defaults")
}

func TestListOfAVariableTakesThePlaceOfTheFiles(t *testing.T) {
	cfg, _, err := load(t, nil, []string{"PROBITY_INPUTS_PRIVATE_NETS=10.0.0.0/8,fd00::/8"}, "inputs: {privateNets: [172.16.0.0/12]}\n")
	require.NoError(t, err)
	require.Equal(t, []string{"10.0.0.0/8", "fd00::/8"}, cfg.Inputs.PrivateNets)
}

func TestMistakesInAFile(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"an unknown empty section": {"buckets:\n", `unknown setting "buckets"`},
		"an unknown empty setting": {"bucket:\n  nmae:\n", `unknown setting "bucket.nmae"`},
		"a section with a value":   {"bucket: x\n", `unknown setting "bucket"`},
		"a setting with settings":  {"bucket: {name: {first: x}}\n", "bucket.name has settings of its own: give one value"},
		"a time without a unit":    {"schedule: {startDelay: 30}\n", `cannot use "30" for schedule-start-delay`},
		"half a number":            {"worker: {parallel: 1.5}\n", `cannot use "1.5" for worker-parallel`},
		"no YAML":                  {"{", "read configuration"},
		"a list":                   {"- a\n", "read configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := load(t, nil, nil, c.file)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "probity.yaml")
		})
	}
}

func TestValuesThatNoReportCouldUse(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Config)
		want   string // "" is none
	}{
		"networks":               {func(c *config.Config) { c.Inputs.PrivateNets = []string{"10.0.0.0/8", "fd00::/8"} }, ""},
		"an address, no network": {func(c *config.Config) { c.Inputs.PrivateNets = []string{"10.1.2.3"} }, `inputs.privateNets has "10.1.2.3": give networks like 10.0.0.0/8`},
		"a time of the cluster":  {func(c *config.Config) { c.Inputs.ClusterAt = "2026-11-24T00:00:00+01:00" }, ""},
		"no time of the cluster": {func(c *config.Config) { c.Inputs.ClusterAt = "today" }, `inputs.clusterAt is "today": give a time like 2026-11-21T00:00:00Z`},
		"a negative quiet":       {func(c *config.Config) { c.Inputs.AuditQuiet = -time.Second }, "inputs.auditQuiet is -1s: use 0s or more"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _, err := load(t, nil, nil, "")
			require.NoError(t, err)
			c.change(cfg)
			if err = cfg.Validate(); c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}
