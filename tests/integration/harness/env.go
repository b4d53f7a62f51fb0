package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/workflows"
)

// Cluster is the name of the cluster in every test's archive: digests of different tests can be compared.
const Cluster = "test"

// identity stands in histories in place of this machine's name.
const identity = "probity"

// Env is one test's own archive, task queue and definitions.
type Env struct {
	*Stack
	Config    config.Config
	Bucket    *blob.S3
	Layout    evidence.Layout
	Catalogue *catalogue.Catalogue

	gates []*Gate
	now   *atomic.Pointer[time.Time]
}

// SetNow sets the clock by which resumed reports catch up; it stands at the beginning of the sample's day.
func (e *Env) SetNow(now time.Time) { e.now.Store(&now) }

// Env makes an empty archive below a prefix of its own, with the sample as input and with short pauses.
func (s *Stack) Env(t *testing.T) *Env {
	t.Helper()
	e := &Env{Stack: s, now: new(atomic.Pointer[time.Time])}
	e.SetNow(Day.Start)
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	e.Config.Register(flags)
	name := filepath.Base(t.TempDir()) + "-" + fmt.Sprint(time.Now().UnixNano())
	c, at := &e.Config, &s.Address
	c.Cluster = Cluster
	c.Temporal = config.Temporal{Address: at.Temporal, Namespace: at.Namespace, TaskQueue: "queue-" + name}
	c.Bucket.Endpoint, c.Bucket.Region, c.Bucket.Name, c.Bucket.PathStyle = at.S3.Endpoint, at.S3.Region, at.S3.Bucket, true
	c.Bucket.CredentialsFile, c.Bucket.Prefix = at.S3.CredentialsFile, "prefix-"+name
	c.Inputs.Cluster, c.Inputs.ClusterAt = filepath.Join(s.Sample, "cluster"), Day.Start.Format(time.RFC3339)
	c.Inputs.Audit, c.Inputs.Flows = filepath.Join(s.Sample, "audit"), filepath.Join(s.Sample, "flows")
	c.Inputs.Benchmarks, c.Inputs.Reports = filepath.Join(s.Sample, "benchmarks"), t.TempDir()
	c.Retry = config.Retry{Interval: 20 * time.Millisecond, Heartbeat: 15 * time.Second}
	c.Schedule.StartDelay, c.Schedule.SlotPoll = 0, 100*time.Millisecond
	c.Worker.Parallel, c.Worker.Scratch = 16, t.TempDir()
	var err error
	e.Bucket, err = e.bucket(t.Context(), at.S3.Endpoint)
	require.NoError(t, err)
	e.Layout, err = evidence.NewLayout(c.Bucket.Prefix, c.Cluster)
	require.NoError(t, err)
	e.Catalogue = catalogue.New(e.Bucket, e.Layout)
	t.Cleanup(func() { e.checkHistories(t) })
	return e
}

func (e *Env) bucket(ctx context.Context, endpoint string) (*blob.S3, error) {
	at := &e.Address.S3
	return blob.NewS3(ctx, blob.Options{
		Bucket: at.Bucket, Endpoint: endpoint, Region: at.Region, PathStyle: true, AccessKey: at.AccessKey, SecretKey: at.SecretKey,
	})
}

// Settings are the starter's.
func (e *Env) Settings() starter.Settings {
	c := &e.Config
	return starter.Settings{
		Namespace: e.Address.Namespace, Now: func() time.Time { return *e.now.Load() },
		Cluster: c.Cluster, TaskQueue: e.Queue(), StartDelay: c.Schedule.StartDelay, MaxActive: c.Schedule.MaxActive,
		Retry: workflows.Retry{Interval: c.Retry.Interval, Heartbeat: c.Retry.Heartbeat},
	}
}

// Queue is the task queue of the env's cluster.
func (e *Env) Queue() string {
	return workflows.TaskQueue(e.Config.Temporal.TaskQueue, e.Config.Cluster)
}

// Runs starts reports by hand.
func (e *Env) Runs() *starter.Runs { return starter.NewRuns(e.Client, e.Settings()) }

// Schedules keeps the schedules.
func (e *Env) Schedules() *starter.Schedules {
	return starter.NewSchedules(e.Client, e.Settings(), slog.New(slog.DiscardHandler))
}

// Folder is the env's folder of definitions.
func (e *Env) Folder() *definitions.Folder {
	return &definitions.Folder{Dir: e.Config.Inputs.Reports, Limits: report.Limits{MaxPerHour: e.Config.Schedule.MaxPerHour}}
}

// Spec is the spec of a GlobalReport.
type Spec map[string]any

// Define writes a definition into the env's folder, replacing one of that name, and returns what is read back.
func (e *Env) Define(t *testing.T, name string, spec Spec) *definitions.Entry {
	t.Helper()
	manifest, err := json.Marshal(map[string]any{
		"apiVersion": "projectcalico.org/v3", "kind": "GlobalReport", "metadata": map[string]any{"name": name}, "spec": spec,
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(e.Config.Inputs.Reports, name+".json"), manifest, 0o600))
	set, err := e.Folder().Load(t.Context())
	require.NoError(t, err)
	entry, err := set.Find(name)
	require.NoError(t, err)
	return entry
}

// WriteConfig writes the configuration file that the command line needs to work with the env, and returns its path. The
// endpoint of the bucket may be another one; "" is the server's own.
func (e *Env) WriteConfig(t *testing.T, endpoint string) string {
	t.Helper()
	c := e.Config
	if endpoint != "" {
		c.Bucket.Endpoint = endpoint
	}
	data, err := yaml.Marshal(map[string]any{
		"cluster":  c.Cluster,
		"temporal": map[string]any{"address": c.Temporal.Address, "namespace": c.Temporal.Namespace, "taskQueue": c.Temporal.TaskQueue},
		"bucket": map[string]any{
			"endpoint": c.Bucket.Endpoint, "region": c.Bucket.Region, "name": c.Bucket.Name, "prefix": c.Bucket.Prefix,
			"pathStyle": true, "credentialsFile": c.Bucket.CredentialsFile,
		},
		"inputs": map[string]any{
			"cluster": c.Inputs.Cluster, "clusterAt": c.Inputs.ClusterAt, "audit": c.Inputs.Audit, "flows": c.Inputs.Flows,
			"benchmarks": c.Inputs.Benchmarks, "reports": c.Inputs.Reports,
		},
		"retry": map[string]any{"interval": c.Retry.Interval.String(), "heartbeat": c.Retry.Heartbeat.String()},
		"kube":  map[string]any{"access": c.Kube.Access, "config": c.Kube.Config, "context": c.Kube.Context, "namespace": c.Kube.Namespace},
		"schedule": map[string]any{
			"startDelay": c.Schedule.StartDelay.String(), "slotPoll": c.Schedule.SlotPoll.String(), "syncInterval": c.Schedule.SyncInterval.String(),
		},
		"worker": map[string]any{"scratch": c.Worker.Scratch},
	})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "probity.yaml")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// Keys lists the objects below a folder of the env's archive, such as "staging/", by their path in the archive.
func (e *Env) Keys(t *testing.T, folder string) []string {
	t.Helper()
	keys := []string{}
	err := e.Bucket.List(t.Context(), e.Layout.Root()+folder, func(key string, _ time.Time) error {
		keys = append(keys, key[len(e.Layout.Root()):])
		return nil
	})
	require.NoError(t, err)
	return keys
}

// Download reads one file of the newest bundle of a report.
func (e *Env) Download(t *testing.T, name, file string) []byte {
	t.Helper()
	ids, err := e.Catalogue.Bundles(t.Context(), name)
	require.NoError(t, err)
	require.NotEmpty(t, ids, "bundles of %s", name)
	bundle, err := e.Catalogue.Open(t.Context(), ids[len(ids)-1])
	require.NoError(t, err)
	data, err := e.Catalogue.Read(t.Context(), bundle, evidence.DownloadsName+file)
	require.NoError(t, err)
	return data
}
