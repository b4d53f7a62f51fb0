package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"
)

// oldNames are settings of the product whose place Probity takes, and what they are called here.
var oldNames = map[string]string{
	"TIGERA_COMPLIANCE_JOB_START_DELAY": "schedule-start-delay",
	"TIGERA_COMPLIANCE_SNAPSHOT_HOUR":   "snapshot-schedule",
}

// ignoredNames are settings of that product which have no counterpart, and why.
var ignoredNames = map[string]string{
	"TIGERA_COMPLIANCE_MAX_FAILED_JOBS_HISTORY": "every outcome is kept in the bucket; the status shows three",
	"TIGERA_COMPLIANCE_MAX_JOB_RETRIES":         "every step is tried six times",
	"TIGERA_COMPLIANCE_JOB_NAMESPACE":           "reports run in workers, not in jobs",
}

// Load fills what no flag has set, from the environment and then from the file (path may be ""). It fails at the first value
// that cannot be used, naming it and where it came from. Notices tell of old names that were accepted.
func Load(flags *pflag.FlagSet, path string, environ []string) (notices []string, err error) {
	env := make(map[string]string, len(environ))
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	var failure error
	set := func(flag *pflag.Flag, value, source string) {
		if failure == nil && !flag.Changed {
			if err := flags.Set(flag.Name, value); err != nil {
				failure = fmt.Errorf("%s: cannot use %q for %s: %w", source, value, flag.Name, err)
			}
		}
	}
	flags.VisitAll(func(flag *pflag.Flag) {
		name := "PROBITY_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if value, ok := env[name]; ok {
			set(flag, value, "environment variable "+name)
		}
	})
	notices = setOldNames(flags, env, set)
	if failure != nil {
		return notices, failure
	}
	values, err := readFile(path)
	if err != nil {
		return notices, err
	}
	for _, value := range values {
		flag := flags.Lookup(value.flag)
		if flag == nil {
			return notices, fmt.Errorf("%s: unknown setting %q: see the help of the command for the names", path, value.name)
		}
		switch value.value.(type) {
		case nil: // a name without a value leaves the default
		case map[string]any:
			return notices, fmt.Errorf("%s: %s has settings of its own: give one value", path, value.name)
		default:
			set(flag, textOf(value.value), path)
		}
	}
	return notices, failure
}

func setOldNames(flags *pflag.FlagSet, env map[string]string, set func(*pflag.Flag, string, string)) []string {
	var notices []string
	for _, old := range sortedKeys(oldNames) {
		value, ok := env[old]
		flag := flags.Lookup(oldNames[old])
		if !ok || flag == nil || flag.Changed {
			continue
		}
		if old == "TIGERA_COMPLIANCE_SNAPSHOT_HOUR" {
			value = "0 " + value + " * * *"
		}
		set(flag, value, "environment variable "+old)
		notices = append(notices, fmt.Sprintf("%s is accepted; its name here is --%s", old, flag.Name))
	}
	for _, old := range sortedKeys(ignoredNames) {
		if _, ok := env[old]; ok {
			notices = append(notices, fmt.Sprintf("%s has no effect: %s", old, ignoredNames[old]))
		}
	}
	return notices
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

type fileValue struct {
	name, flag string
	value      any
}

// sections are the file's groups of settings; one of them may be empty.
var sections = map[string]bool{
	"inputs": true, "kube": true, "opensearch": true, "bucket": true, "temporal": true, "schedule": true, "retry": true, "snapshot": true,
	"worker": true, "recorder": true, "receive": true, "log": true,
}

// readFile flattens the YAML file: bucket.pathStyle becomes the flag bucket-path-style.
func readFile(path string) ([]fileValue, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	var tree map[string]any
	if err := yaml.UnmarshalStrict(data, &tree); err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	var values []fileValue
	for top, value := range tree {
		section, ok := value.(map[string]any)
		if value == nil && sections[top] {
			continue
		}
		if !ok {
			values = append(values, fileValue{top, dashed(top), value})
			continue
		}
		for name, value := range section {
			values = append(values, fileValue{top + "." + name, dashed(top) + "-" + dashed(name), value})
		}
	}
	slices.SortFunc(values, func(a, b fileValue) int { return strings.Compare(a.name, b.name) })
	return values, nil
}

// textOf is a value as its flag takes it; a list is joined by commas.
func textOf(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64) // not 1e+06, which no flag of whole numbers takes
	}
	list, ok := value.([]any)
	if !ok {
		return fmt.Sprint(value)
	}
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = textOf(item)
	}
	return strings.Join(texts, ",")
}

func dashed(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Validate checks what a flag's own type cannot. Each error names the setting, its value and what would be right.
func (c *Config) Validate() error {
	if err := c.Inputs.validate(); err != nil {
		return err
	}
	if err := c.validateKube(); err != nil {
		return err
	}
	if err := c.OpenSearch.validate(); err != nil {
		return err
	}
	if err := c.Receive.validate(); err != nil {
		return err
	}
	switch {
	case c.Schedule.MaxPerHour < 1 || c.Schedule.MaxPerHour > 60:
		return fmt.Errorf("schedule.maxPerHour is %d: use 1 to 60", c.Schedule.MaxPerHour)
	case c.Schedule.MaxActive < 1:
		return fmt.Errorf("schedule.maxActive is %d: use 1 or more", c.Schedule.MaxActive)
	case c.Schedule.StartDelay < 0:
		return fmt.Errorf("schedule.startDelay is %s: use 0s or more", c.Schedule.StartDelay)
	case c.Schedule.SyncInterval <= 0:
		return fmt.Errorf("schedule.syncInterval is %s: use more than 0s", c.Schedule.SyncInterval)
	case c.Retry.Interval <= 0:
		return fmt.Errorf("retry.interval is %s: use more than 0s", c.Retry.Interval)
	case c.Retry.Heartbeat < time.Second:
		return fmt.Errorf("retry.heartbeat is %s: use 1s or more", c.Retry.Heartbeat)
	case c.Schedule.SlotPoll <= 0:
		return fmt.Errorf("schedule.slotPoll is %s: use more than 0s", c.Schedule.SlotPoll)
	case c.Worker.Parallel < 1:
		return fmt.Errorf("worker.parallel is %d: use 1 or more", c.Worker.Parallel)
	case c.Worker.MemoryMiB < 16:
		return fmt.Errorf("worker.memoryMib is %d: use 16 or more", c.Worker.MemoryMiB)
	case c.Recorder.SegmentAge < time.Second || c.Recorder.SegmentAge > time.Hour:
		return fmt.Errorf("recorder.segmentAge is %s: use 1s to 1h", c.Recorder.SegmentAge)
	case c.Recorder.SegmentMiB < 1 || c.Recorder.SegmentMiB > 1024:
		return fmt.Errorf("recorder.segmentMib is %d: use 1 to 1024", c.Recorder.SegmentMiB)
	case c.Recorder.WaitingMiB < c.Recorder.SegmentMiB:
		return fmt.Errorf("recorder.waitingMib is %d: use recorder.segmentMib (%d) or more", c.Recorder.WaitingMiB, c.Recorder.SegmentMiB)
	case c.Bucket.Name == "":
		return fmt.Errorf("bucket.name is empty: name the S3 bucket")
	case !slices.Contains([]string{"", "GOVERNANCE", "COMPLIANCE"}, c.Bucket.LockMode):
		return fmt.Errorf("bucket.lockMode is %q: use GOVERNANCE or COMPLIANCE, or leave it out", c.Bucket.LockMode)
	case (c.Bucket.LockMode == "") != (c.Bucket.LockDays == 0):
		return fmt.Errorf("bucket.lockMode is %q with lockDays %d: give both or none", c.Bucket.LockMode, c.Bucket.LockDays)
	}
	return nil
}

func (c *Config) validateKube() error {
	switch {
	case !slices.Contains([]string{"", "in-cluster", "kubeconfig"}, c.Kube.Access):
		return fmt.Errorf("kube.access is %q: use in-cluster or kubeconfig, or leave it out", c.Kube.Access)
	case c.Kube.Access != "kubeconfig" && (c.Kube.Config != "" || c.Kube.Context != ""):
		return fmt.Errorf("kube.config is %q and kube.context %q with kube.access %q: they need kube.access kubeconfig",
			c.Kube.Config, c.Kube.Context, c.Kube.Access)
	}
	return nil
}

func (i *Inputs) validate() error {
	if i.ClusterAt != "" {
		if _, err := time.Parse(time.RFC3339, i.ClusterAt); err != nil {
			return fmt.Errorf("inputs.clusterAt is %q: give a time like 2026-11-21T00:00:00Z", i.ClusterAt)
		}
	}
	for _, text := range i.PrivateNets {
		if _, err := netip.ParsePrefix(text); err != nil {
			return fmt.Errorf("inputs.privateNets has %q: give networks like 10.0.0.0/8", text)
		}
	}
	if i.AuditQuiet < 0 {
		return fmt.Errorf("inputs.auditQuiet is %s: use 0s or more", i.AuditQuiet)
	}
	return nil
}

// Logger builds the process's logger.
func (l *Log) Logger(out *os.File) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return nil, fmt.Errorf("log.level is %q: use debug, info, warn or error", l.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch l.Format {
	case "text":
		return slog.New(slog.NewTextHandler(out, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, options)), nil
	}
	return nil, fmt.Errorf("log.format is %q: use text or json", l.Format)
}
