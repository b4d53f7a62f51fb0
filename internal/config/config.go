// Package config is Probity's configuration: one YAML file, with every value also by flag and by PROBITY_* environment
// variable. A flag wins over the environment, the environment over the file, the file over the default.
package config

import (
	"time"
)

// Config is everything a Probity process can be told.
type Config struct {
	// Cluster names the cluster in keys, reports and schedules.
	Cluster string
	Inputs  Inputs
	Kube    Kube
	// OpenSearch has the flow logs and audit logs for which Inputs names no folder.
	OpenSearch OpenSearch
	Bucket     Bucket
	Temporal   Temporal
	Schedule   Schedule
	Retry      Retry
	Snapshot   Snapshot
	Worker     Worker
	Recorder   Recorder
	Receive    Receive
	Log        Log
}

// Inputs are folders on disk; an empty one is a source that is not there.
type Inputs struct {
	Cluster    string // the cluster's resources as files
	ClusterAt  string // the moment they speak of, RFC 3339; "" = the newest time found in them
	Audit      string // audit logs
	Flows      string // flow logs
	Benchmarks string // kube-bench results
	Reports    string // GlobalReport and GlobalReportType manifests
	// AuditQuiet is the longest span without any audit event that is taken for a quiet cluster.
	AuditQuiet time.Duration
	// PrivateNets are the addresses that are not the internet, CIDRs; none means RFC 1918.
	PrivateNets []string
}

// Kube is the API server of a live cluster. With an access, the cluster's resources come from it unless Inputs.Cluster names
// a folder, and the definitions come from it unless Inputs.Reports names one.
type Kube struct {
	Access  string // "" = no API server, "in-cluster" or "kubeconfig"
	Config  string // kubeconfig file; "" = KUBECONFIG or the user's own
	Context string // of the kubeconfig; "" = its current one
	// Namespace holds the leases; "" = the pod's own, else "probity".
	Namespace string
}

// OpenSearch is the server with flow logs and audit logs. Without an address there is none.
type OpenSearch struct {
	Addresses []string // URLs of nodes of one cluster
	CAFile    string   // PEM, for a private CA
	CertFile  string   // PEM, the client's own certificate
	KeyFile   string   // PEM, its key
	User      string   // for basic authentication
	// PasswordFile holds the user's password; a line end behind it is no part of it.
	PasswordFile string
	Region       string // signs requests for Amazon's services; "" = no signature
	Service      string // "es" or "aoss", with Region
	// The patterns of index names; {cluster} is the cluster's name. An empty one is a log that is not there.
	Flows     string
	AuditKube string
	AuditEE   string
	// Preset is how records lie in documents, Mapping what differs from it: lines such as audit.event=log.
	Preset      string
	Mapping     []string
	MaxRequests int           // at one time
	Timeout     time.Duration // of one request
	// Patience is how long a request is repeated while the server is busy, away or lacks shards.
	Patience time.Duration
}

// Bucket is the S3 bucket that everything is written to.
type Bucket struct {
	Endpoint  string // "" = Amazon S3
	Region    string
	Name      string
	Prefix    string // below which every key lies; may be ""
	PathStyle bool
	CAFile    string // PEM, for a private CA
	// CredentialsFile is an INI file as the AWS tools read it; "" = the SDK's own chain.
	CredentialsFile string
	Encryption      string // "", "AES256" or "aws:kms"
	KMSKey          string
	LockMode        string // "", "GOVERNANCE" or "COMPLIANCE"
	LockDays        int
}

// Temporal is the server; what is empty comes from Temporal's own environment variables and configuration file.
type Temporal struct {
	Address   string
	Namespace string
	TaskQueue string
}

// Schedule is how reports are scheduled.
type Schedule struct {
	StartDelay   time.Duration // from an interval's end to its report: the time that logs take to arrive
	MaxPerHour   int           // most firings that a report's schedule may have in any hour
	MaxActive    int           // most runs of one report that are active at one time
	SyncInterval time.Duration // how often the starter compares definitions and schedules
	SlotPoll     time.Duration // how often a report with MaxActive runs is asked whether one has ended
}

// Retry is how failing steps are repeated; the number of attempts is fixed at six.
type Retry struct {
	Interval  time.Duration // pause before the second attempt of a long step; it doubles
	Heartbeat time.Duration // how long a step may give no sign of life before it is tried elsewhere
}

// Snapshot is how often the cluster is listed.
type Snapshot struct {
	Schedule string // crontab, UTC
}

// Worker is the process that does the work.
type Worker struct {
	// NodeSelector is the jobNodeSelector whose reports this worker runs, as "nodetype=infrastructure,zone=a"; "" = the
	// reports without one.
	NodeSelector   string
	Parallel       int    // activities at one time
	MetricsAddress string // host:port for Prometheus; "" = off
	Scratch        string // folder for temporary files; "" = the system's
	MemoryMiB      int    // most memory that one reducer holds before it spills to disk
}

// Recorder is the process that archives a live cluster's changes.
type Recorder struct {
	Scratch    string        // folder for what is not stored yet; it should outlive the process; "" = below the system's
	SegmentAge time.Duration // after which a segment is closed and stored
	SegmentMiB int           // size at which a segment is closed, before compression
	WaitingMiB int           // most that waits for a bucket that is away
}

// Receive is the process that takes the flows which Goldmane's emitter pushes.
type Receive struct {
	Address      string // host:port of the endpoint
	CertFile     string // PEM, the server's certificate; read again when it changes
	KeyFile      string // PEM, its key
	ClientCaFile string // PEM, who signs the certificates of clients
	// ClientNames are the DNS names, or the common names, of the clients that are let in; none means all with a certificate.
	ClientNames   []string
	StatusAddress string        // host:port of /healthz and /metrics, without TLS; "" = off
	Folder        string        // of the log files, Inputs.Flows of the workers; "" = they go to OpenSearch
	FileAge       time.Duration // after which a file is closed and seen by readers
	FileMiB       int           // size at which it is
	BodyMiB       int           // most that one push may have
	Parallel      int           // pushes at one time
	Window        time.Duration // in which a push that is repeated is known again
}

// Log is the process's own log.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // text or json
}
