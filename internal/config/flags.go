package config

import (
	"time"

	"github.com/spf13/pflag"
)

// Defaults that other documents quote.
const (
	DefaultStartDelay = 30 * time.Minute
	DefaultMaxPerHour = 2
	DefaultMaxActive  = 5
	DefaultTaskQueue  = "compliance"
)

// Register adds a flag for every value. A value's name in the YAML file is the flag's name with its first dash as a level:
// --bucket-path-style is pathStyle below bucket; in the environment it is PROBITY_BUCKET_PATH_STYLE.
func (c *Config) Register(flags *pflag.FlagSet) {
	flags.StringVar(&c.Cluster, "cluster", "cluster", "name of the cluster in keys and reports")

	flags.StringVar(&c.Inputs.Cluster, "inputs-cluster", "", "folder with the cluster's resources (YAML, JSON, lists, NDJSON)")
	flags.StringVar(&c.Inputs.ClusterAt, "inputs-cluster-at", "", "moment that folder speaks of, RFC 3339 (default: newest time in it)")
	flags.StringVar(&c.Inputs.Audit, "inputs-audit", "", "folder with audit logs of the API servers")
	flags.StringVar(&c.Inputs.Flows, "inputs-flows", "", "folder with flow logs, NDJSON")
	flags.StringVar(&c.Inputs.Benchmarks, "inputs-benchmarks", "", "folder with kube-bench results, one folder for each node")
	flags.StringVar(&c.Inputs.Reports, "inputs-reports", "", "folder with GlobalReport manifests")

	flags.DurationVar(&c.Inputs.AuditQuiet, "inputs-audit-quiet", 59*time.Minute, "longest time without any audit event that is normal")
	flags.StringSliceVar(&c.Inputs.PrivateNets, "inputs-private-nets", nil, "networks that are not the internet, CIDRs (default: RFC 1918)")

	flags.StringVar(&c.Kube.Access, "kube-access", "", "API server of the cluster: in-cluster or kubeconfig (default: none, files only)")
	flags.StringVar(&c.Kube.Config, "kube-config", "", "kubeconfig file (default: KUBECONFIG, else the user's own)")
	flags.StringVar(&c.Kube.Context, "kube-context", "", "context of the kubeconfig (default: its current one)")
	flags.StringVar(&c.Kube.Namespace, "kube-namespace", "", "namespace of leases (default: the pod's own, else probity)")

	c.OpenSearch.register(flags)

	flags.StringVar(&c.Bucket.Endpoint, "bucket-endpoint", "", "S3 endpoint URL (default: Amazon S3)")
	flags.StringVar(&c.Bucket.Region, "bucket-region", "us-east-1", "S3 region")
	flags.StringVar(&c.Bucket.Name, "bucket-name", "probity", "S3 bucket")
	flags.StringVar(&c.Bucket.Prefix, "bucket-prefix", "", "prefix of every key")
	flags.BoolVar(&c.Bucket.PathStyle, "bucket-path-style", false, "address the bucket in the path, as most own servers need")
	flags.StringVar(&c.Bucket.CAFile, "bucket-ca-file", "", "PEM file of a private certificate authority")
	flags.StringVar(&c.Bucket.CredentialsFile, "bucket-credentials-file", "", "AWS credentials file (default: the SDK's chain)")
	flags.StringVar(&c.Bucket.Encryption, "bucket-encryption", "", "server-side encryption: AES256 or aws:kms")
	flags.StringVar(&c.Bucket.KMSKey, "bucket-kms-key", "", "key id for aws:kms")
	flags.StringVar(&c.Bucket.LockMode, "bucket-lock-mode", "", "object lock of bundles: GOVERNANCE or COMPLIANCE")
	flags.IntVar(&c.Bucket.LockDays, "bucket-lock-days", 0, "days that bundles are locked")

	flags.StringVar(&c.Temporal.Address, "temporal-address", "", "Temporal address (default: TEMPORAL_ADDRESS or 127.0.0.1:7233)")
	flags.StringVar(&c.Temporal.Namespace, "temporal-namespace", "", "Temporal namespace (default: TEMPORAL_NAMESPACE or default)")
	flags.StringVar(&c.Temporal.TaskQueue, "temporal-task-queue", DefaultTaskQueue, "task queue of workflows and activities")

	flags.DurationVar(&c.Schedule.StartDelay, "schedule-start-delay", DefaultStartDelay, "wait after an interval's end for its logs")
	flags.IntVar(&c.Schedule.MaxPerHour, "schedule-max-per-hour", DefaultMaxPerHour, "most firings of one report in an hour, 1 to 60")
	flags.IntVar(&c.Schedule.MaxActive, "schedule-max-active", DefaultMaxActive, "most active runs of one report")
	flags.DurationVar(&c.Schedule.SyncInterval, "schedule-sync-interval", 10*time.Second, "how often definitions are compared with schedules")
	flags.DurationVar(&c.Schedule.SlotPoll, "schedule-slot-poll", 15*time.Second, "how often to look whether an active run has ended")
	flags.DurationVar(&c.Retry.Interval, "retry-interval", time.Minute, "pause before the second of six attempts; it doubles")
	flags.DurationVar(&c.Retry.Heartbeat, "retry-heartbeat", 30*time.Second, "silence after which a step is tried on another worker")
	flags.StringVar(&c.Snapshot.Schedule, "snapshot-schedule", "0 */6 * * *", "when the cluster is listed, crontab in UTC")

	flags.StringVar(&c.Worker.NodeSelector, "worker-node-selector", "", "run the reports with this jobNodeSelector, as nodetype=infrastructure")
	flags.IntVar(&c.Worker.Parallel, "worker-parallel", 4, "activities at one time")
	flags.StringVar(&c.Worker.MetricsAddress, "worker-metrics-address", "", "host:port for Prometheus metrics (default: off)")
	flags.StringVar(&c.Worker.Scratch, "worker-scratch", "", "folder for temporary files (default: the system's)")
	flags.IntVar(&c.Worker.MemoryMiB, "worker-memory-mib", 256, "memory of one reducer before it spills to disk, MiB")

	flags.StringVar(&c.Recorder.Scratch, "recorder-scratch", "", "folder of the recorder, which should outlive it (default: below the system's)")
	flags.DurationVar(&c.Recorder.SegmentAge, "recorder-segment-age", 2*time.Minute, "age at which recorded changes are stored")
	flags.IntVar(&c.Recorder.SegmentMiB, "recorder-segment-mib", 64, "size at which recorded changes are stored, MiB")
	flags.IntVar(&c.Recorder.WaitingMiB, "recorder-waiting-mib", 2048, "most recorded changes that wait for a bucket that is away, MiB")

	c.Receive.register(flags)

	flags.StringVar(&c.Log.Level, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&c.Log.Format, "log-format", "text", "text or json")
}
