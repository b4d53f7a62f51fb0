package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/config"
)

// load reads a configuration from arguments, environment and the text of a file ("" for none).
func load(t *testing.T, args, environ []string, file string) (*config.Config, []string, error) {
	t.Helper()
	path := ""
	if file != "" {
		path = filepath.Join(t.TempDir(), "probity.yaml")
		require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
	}
	c := &config.Config{}
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	c.Register(flags)
	require.NoError(t, flags.Parse(args))
	notices, err := config.Load(flags, path, environ)
	return c, notices, err
}

func TestPrecedence(t *testing.T) {
	const file = "schedule: {startDelay: 3m}\nbucket: {pathStyle: true}\ninputs: {privateNets: [10.0.0.0/8, fd00::/8]}\n"
	for _, test := range []struct {
		name          string
		args, environ []string
		file          string
		want          time.Duration
	}{
		{name: "the default", want: 30 * time.Minute},
		{name: "a file wins over the default", file: file, want: 3 * time.Minute},
		{name: "the old name wins over the file", file: file, environ: []string{"TIGERA_COMPLIANCE_JOB_START_DELAY=4m"}, want: 4 * time.Minute},
		{name: "the environment wins over the old name", file: file,
			environ: []string{"TIGERA_COMPLIANCE_JOB_START_DELAY=4m", "PROBITY_SCHEDULE_START_DELAY=5m"}, want: 5 * time.Minute},
		{name: "a flag wins over all", file: file, args: []string{"--schedule-start-delay=6m"},
			environ: []string{"PROBITY_SCHEDULE_START_DELAY=5m"}, want: 6 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, _, err := load(t, test.args, test.environ, test.file)
			require.NoError(t, err)
			require.NoError(t, c.Validate())
			require.Equal(t, test.want, c.Schedule.StartDelay)
			if test.file != "" {
				require.True(t, c.Bucket.PathStyle)
				require.Equal(t, []string{"10.0.0.0/8", "fd00::/8"}, c.Inputs.PrivateNets)
			}
		})
	}
}

func TestLargeNumbers(t *testing.T) {
	c, _, err := load(t, nil, nil, "worker: {memoryMib: 2000000}")
	require.NoError(t, err)
	require.Equal(t, 2000000, c.Worker.MemoryMiB)
}

func TestOldNames(t *testing.T) {
	c, notices, err := load(t, nil, []string{
		"TIGERA_COMPLIANCE_JOB_START_DELAY=10m", "TIGERA_COMPLIANCE_SNAPSHOT_HOUR=3", "TIGERA_COMPLIANCE_MAX_FAILED_JOBS_HISTORY=3",
	}, "")
	require.NoError(t, err)
	require.Equal(t, 10*time.Minute, c.Schedule.StartDelay)
	require.Equal(t, "0 3 * * *", c.Snapshot.Schedule)
	require.Equal(t, []string{
		"TIGERA_COMPLIANCE_JOB_START_DELAY is accepted; its name here is --schedule-start-delay",
		"TIGERA_COMPLIANCE_SNAPSHOT_HOUR is accepted; its name here is --snapshot-schedule",
		"TIGERA_COMPLIANCE_MAX_FAILED_JOBS_HISTORY has no effect: every outcome is kept in the bucket; the status shows three",
	}, notices)
}

func TestMistakesAreNamed(t *testing.T) {
	for _, test := range []struct {
		name, file, says string
		environ          []string
	}{
		{name: "an unknown setting", file: "bucket: {nmae: x}", says: `unknown setting "bucket.nmae"`},
		{name: "an unknown section", file: "buckt: {name: x}", says: `unknown setting "buckt.name"`},
		{name: "a value of the wrong type", file: "schedule: {maxActive: some}", says: `cannot use "some" for schedule-max-active`},
		{name: "a setting given twice", file: "cluster: a\ncluster: b", says: "cluster"},
		{name: "an environment variable", environ: []string{"PROBITY_WORKER_PARALLEL=all"}, says: "environment variable PROBITY_WORKER_PARALLEL"},
		{name: "an old name", environ: []string{"TIGERA_COMPLIANCE_JOB_START_DELAY=x"}, says: "environment variable TIGERA_COMPLIANCE_JOB_START_DELAY"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := load(t, nil, test.environ, test.file)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestValidate(t *testing.T) {
	for _, test := range []struct{ flag, says string }{
		{"--schedule-max-per-hour=0", "schedule.maxPerHour is 0: use 1 to 60"},
		{"--schedule-max-active=0", "schedule.maxActive is 0"},
		{"--schedule-start-delay=-1s", "schedule.startDelay is -1s"},
		{"--schedule-sync-interval=0s", "schedule.syncInterval is 0s"},
		{"--retry-interval=0s", "retry.interval is 0s"},
		{"--worker-parallel=0", "worker.parallel is 0"},
		{"--worker-memory-mib=1", "worker.memoryMib is 1"},
		{"--bucket-name=", "bucket.name is empty"},
		{"--bucket-lock-mode=FOREVER", `bucket.lockMode is "FOREVER"`},
		{"--bucket-lock-days=3", "give both or none"},
		{"--opensearch-service=ec2", `opensearch.service is "ec2": use es or aoss`},
		{"--opensearch-max-requests=0", "opensearch.maxRequests is 0"},
		{"--opensearch-patience=-1s", "opensearch.patience is -1s"},
		{"--opensearch-timeout=1ms", "opensearch.timeout is 1ms"},
		{"--kube-access=token", `kube.access is "token": use in-cluster or kubeconfig`},
		{"--kube-context=east", `kube.context "east" with kube.access ""`},
	} {
		t.Run(test.flag, func(t *testing.T) {
			c, _, err := load(t, []string{test.flag}, nil, "")
			require.NoError(t, err)
			require.ErrorContains(t, c.Validate(), test.says)
		})
	}
}

func TestLogger(t *testing.T) {
	for _, test := range []struct {
		log  config.Log
		says string
	}{
		{log: config.Log{Level: "warn", Format: "json"}},
		{log: config.Log{Level: "loud", Format: "json"}, says: `log.level is "loud"`},
		{log: config.Log{Level: "info", Format: "xml"}, says: `log.format is "xml"`},
	} {
		t.Run(test.log.Level+test.log.Format, func(t *testing.T) {
			_, err := test.log.Logger(os.Stderr)
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
		})
	}
}
