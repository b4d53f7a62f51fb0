package opensearch

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/opensearch"
	"github.com/probity/probity/tests/opensearch/cluster"
)

// newCluster is a name of a cluster that no other test uses; with the usual patterns it has indices of its own.
func newCluster() string { return fmt.Sprintf("c%d-%d", time.Now().UnixNano(), indices.Add(1)) }

// said is what a run of the program gave.
type said struct {
	code     int
	out, err string
}

// probity runs a command line against the server; in is standard input.
func probity(t *testing.T, address string, in io.Reader, args ...string) said {
	t.Helper()
	out, err := running(t, address, in, args...)
	require.NoError(t, err)
	return out
}

// running is probity for a goroutine of the test.
func running(t *testing.T, address string, in io.Reader, args ...string) (said, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), cluster.ProgramOf(t, "probity"), append(args, "--opensearch-addresses", address)...)
	var out, failure bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &failure
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return said{}, err
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), failure.String()}, nil
}

// counts are what ingest prints as JSON.
type counts struct {
	Files, Bytes                        int64
	Read, Stored, Present, Bad, Refused int64
	Why                                 map[string]int64
	Damaged                             []string
}

func (s said) counts(t *testing.T) counts {
	t.Helper()
	var c counts
	require.NoError(t, json.Unmarshal([]byte(s.out), &c), "%s%s", s.out, s.err)
	return c
}

// writeLogs spreads lines over a folder: plain, gzip and zstd, in folders within.
func writeLogs(t *testing.T, lines [][]byte) string {
	t.Helper()
	dir := t.TempDir()
	third := len(lines)/3 + 1
	for i, name := range []string{"a.log", "node-1/b.log.gz", "node-1/x/c"} {
		part := append(bytes.Join(lines[min(i*third, len(lines)):min((i+1)*third, len(lines))], []byte("\n")), '\n')
		var packed bytes.Buffer
		var out io.WriteCloser
		switch i {
		case 0:
			packed.Write(part)
		case 1:
			out = gzip.NewWriter(&packed)
		case 2:
			var err error
			out, err = zstd.NewWriter(&packed)
			require.NoError(t, err)
		}
		if out != nil {
			_, err := out.Write(part)
			require.NoError(t, err)
			require.NoError(t, out.Close())
		}
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, packed.Bytes(), 0o644))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".hidden"), []byte("no log"), 0o644))
	return dir
}

// usual is a source as it is configured without a word about indices.
func usual(t *testing.T, s *cluster.Server, name string) (activities.FlowLog, activities.AuditLog) {
	t.Helper()
	c := search(s, func(o *config.OpenSearch) {
		o.Flows, o.AuditKube, o.AuditEE = opensearch.DefaultFlows, opensearch.DefaultAuditKube, opensearch.DefaultAuditEE
	})
	c.Cluster = name
	p := ports(t, c, 0)
	return p.Flows, p.Audit
}

// What was ingested gives the same groups as the files, and the server can add it up; ingesting it again changes nothing.
func TestIngestedFlowsAreTheSameAsFromFiles(t *testing.T) {
	s := cluster.Shared(t)
	for name, c := range map[string]struct {
		change func(*rand.Rand, flowRecord)
		read   bool // whether documents are read one by one for it
	}{
		"as Calico Enterprise writes them": {},
		"times in milliseconds": {change: some(func(r flowRecord) {
			r["start_time"], r["end_time"] = r["start_time"].(int64)*1000+250, r["end_time"].(int64)*1000+750
		}), read: true},
		"times as texts": {change: some(func(r flowRecord) {
			r["start_time"] = time.Unix(r["start_time"].(int64), 5000).UTC().Format(time.RFC3339Nano)
			r["end_time"] = time.Unix(r["end_time"].(int64), 7000).UTC().Format(time.RFC3339Nano)
		}), read: true},
		"counters that are no whole numbers": {change: some(func(r flowRecord) { r["bytes_in"] = 1.5 }), read: true},
		"ports that are no numbers":          {change: some(func(r flowRecord) { r["dest_port"] = "sql" }), read: true},
		"as Goldmane writes them": {change: func(_ *rand.Rand, r flowRecord) {
			key := map[string]any{
				"source_type": 1, "source_namespace": "shop", "source_name": r["source_name_aggr"], "dest_type": 1, "dest_namespace": "data",
				"dest_name": "db-*", "dest_port": 5432, "proto": "tcp", "reporter": 1, "action": 1,
			}
			start, end := r["start_time"], r["end_time"]
			clear(r)
			r["Key"], r["start_time"], r["end_time"], r["bytes_in"], r["num_connections_started"] = key, start, end, 7, 1
		}, read: true},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(17, 19))
			var lines [][]byte
			for n := range 1500 {
				r := newRecord(random, day.Start.Add(time.Duration(random.IntN(86_399))*time.Second))
				rule := fmt.Sprintf("1|app|data/app.%v|allow|0", r["dest_name_aggr"])
				r["policies"] = map[string]any{"enforced_policies": []string{"0|net|net.base|pass|0", rule}, "all_policies": []string{rule}}
				if c.change != nil {
					c.change(random, r)
				}
				r["n"] = n // a record that is the same to the byte would be the same
				lines = append(lines, r.line(t))
			}
			folder, named := writeLogs(t, lines), newCluster()
			first := probity(t, s.Address, nil, "ingest", "flows", folder, "--cluster", named, "-o", "json")
			require.Zero(t, first.code, first.err)
			n := int64(len(lines))
			got := first.counts(t)
			require.Equal(t, []int64{3, n, n, 0, 0, 0}, []int64{got.Files, got.Read, got.Stored, got.Present, got.Bad, got.Refused})
			again := probity(t, s.Address, bytes.NewReader(bytes.Join(lines, []byte("\r\n"))), "ingest", "flows", "-", "--cluster", named, "-o", "json")
			require.Zero(t, again.code, again.err)
			require.Equal(t, []int64{n, 0, n}, []int64{again.counts(t).Read, again.counts(t).Stored, again.counts(t).Present})

			want, _, _ := reduced(t, fromMemory(t, lines), day)
			flows, _ := usual(t, s, named)
			groups, _, read := reduced(t, flows, day)
			require.Equal(t, want, groups)
			require.Equal(t, n, read.Lines)
			require.Empty(t, read.Faults)
			require.Equal(t, c.read, pointsInTime(t, s, "tigera_secure_ee_flows."+named+".*") > 0, "documents read one by one")
		})
	}
}

// pointsInTime is how often documents of the indices began to be read. (An index of one shard counts every search as one that fetches.)
func pointsInTime(t *testing.T, s *cluster.Server, indices string) int {
	t.Helper()
	var stats struct {
		All struct {
			Total struct {
				Search struct {
					Points int `json:"point_in_time_total"`
				}
			}
		} `json:"_all"`
	}
	s.Must(t, "GET", "/"+indices+"/_stats/search", "", &stats)
	return stats.All.Total.Search.Points
}

func TestIngestedAuditEventsAreTheSameAsFromFiles(t *testing.T) {
	s := cluster.Shared(t)
	named, lines := newCluster(), auditEvents(1500)
	calico := lines[:300]
	for i, c := range []struct {
		lines [][]byte
		args  []string
	}{{calico, []string{"--calico"}}, {lines[300:], nil}} {
		did := probity(t, s.Address, nil, append([]string{"ingest", "audit", writeLogs(t, c.lines), "--cluster", named, "-o", "json"}, c.args...)...)
		require.Zero(t, did.code, did.err)
		require.EqualValues(t, len(c.lines), did.counts(t).Stored, "%d", i)
	}
	require.Equal(t, len(calico), s.Count(t, "tigera_secure_ee_audit_ee."+named+".*"))
	files := &porttest.AuditLog{Folder: porttest.Folder{Files: map[string][]byte{"audit.log": bytes.Join(lines, []byte("\n"))}}}
	want, wantFacts, _ := collect(t, files, nil)
	_, log := usual(t, s, named)
	got, facts, read := collect(t, log, nil)
	require.Equal(t, want, got)
	facts.Skipped, facts.Stages = wantFacts.Skipped, wantFacts.Stages // what was passed over was never seen
	require.Equal(t, wantFacts, facts)
	require.Empty(t, read.Faults)
}

// The demo's day says the same from OpenSearch as from its files.
func TestIngestedSampleIsTheSameAsFromFiles(t *testing.T) {
	s := cluster.Shared(t)
	dir, named := filepath.Join(t.TempDir(), "sample"), newCluster()
	made, err := exec.CommandContext(t.Context(), cluster.ProgramOf(t, "probity"), "sample", "--dir", dir, "--day", day.Start.Format(time.DateOnly)).CombinedOutput()
	require.NoError(t, err, string(made))
	lines := map[string][][]byte{}
	for _, kind := range []string{"flows", "audit"} {
		err := filepath.WalkDir(filepath.Join(dir, kind), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			_, err = logfile.Lines(t.Context(), path, func(line []byte) error {
				lines[kind] = append(lines[kind], bytes.Clone(line))
				return nil
			})
			return err
		})
		require.NoError(t, err)
		did := probity(t, s.Address, nil, "ingest", kind, filepath.Join(dir, kind), "--cluster", named, "-o", "json")
		got := did.counts(t)
		require.EqualValues(t, len(lines[kind]), got.Read, kind)
		require.Zero(t, got.Bad+got.Refused, did.err)
	}
	flows, events := usual(t, s, named)
	want, _, _ := reduced(t, fromMemory(t, lines["flows"]), day)
	groups, _, _ := reduced(t, flows, day)
	_, want, _ = strings.Cut(want, "\n") // its head counts the records outside of the day, which the server leaves out
	_, groups, _ = strings.Cut(groups, "\n")
	require.Equal(t, want, groups)
	run, facts, _ := collect(t, &porttest.AuditLog{Folder: porttest.Folder{Files: map[string][]byte{"a": bytes.Join(lines["audit"], []byte("\n"))}}}, nil)
	gotRun, gotFacts, _ := collect(t, events, nil)
	require.Equal(t, run, gotRun)
	require.Equal(t, facts.Used, gotFacts.Used)
	require.Positive(t, facts.Used)
}

// Lines that cannot be stored are kept as they are, and the rest is stored.
func TestIngestKeepsBadLines(t *testing.T) {
	s := cluster.Shared(t)
	good := newRecord(rand.New(rand.NewPCG(1, 2)), day.Start).line(t)
	long := []byte(`{"start_time":1795536000,"end_time":1795536000,"x":"` + strings.Repeat("x", 9<<20) + `"}`)
	refused := []byte(`{"start_time":1795536000,"end_time":1795536000,"policies":"none","x":{"a":1,"a":2}}`)
	bad := [][]byte{[]byte("level=info \xff\x00"), []byte(`{"start_time":1795536000}`), []byte(`{"start_ti`), refused}
	file, kept := filepath.Join(t.TempDir(), "flows.log"), filepath.Join(t.TempDir(), "bad")
	require.NoError(t, os.WriteFile(file, bytes.Join(append(slices.Clone(bad), good, long), []byte("\n")), 0o644))
	named := newCluster()
	did := probity(t, s.Address, nil, "ingest", "flows", file, "--cluster", named, "-o", "json", "--bad", kept)
	require.Equal(t, 4, did.code)
	require.Contains(t, did.err, "probity: 5 of 6 lines are not stored")
	require.Contains(t, did.err, `not stored, invalid UTF-8: level=info \xff\x00`)
	got := did.counts(t)
	require.Equal(t, []int64{6, 1, 4, 1}, []int64{got.Read, got.Stored, got.Bad, got.Refused})
	require.Equal(t, int64(1), got.Why["longer than 8 MiB"])
	require.Equal(t, int64(1), got.Why["mapper_parsing_exception"])
	require.Equal(t, 1, s.Count(t, "tigera_secure_ee_flows."+named+".*"))
	text, err := os.ReadFile(kept)
	require.NoError(t, err)
	require.ElementsMatch(t, bad, bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")))
	text, err = os.ReadFile(kept + ".long")
	require.NoError(t, err)
	require.True(t, bytes.Equal(long, text))

	t.Run("never over another file", func(t *testing.T) {
		did := probity(t, s.Address, nil, "ingest", "flows", file, "--cluster", named, "--bad", kept)
		require.Equal(t, 2, did.code)
		require.Contains(t, did.err, "there is a file "+kept)
	})
	t.Run("a damaged file", func(t *testing.T) {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(append(good, '\n'))
		require.NoError(t, err)
		require.NoError(t, w.Flush())
		cut := filepath.Join(t.TempDir(), "cut.gz")
		require.NoError(t, os.WriteFile(cut, packed.Bytes(), 0o644))
		did := probity(t, s.Address, nil, "ingest", "flows", cut, "--cluster", named, "-o", "json")
		require.Equal(t, 4, did.code)
		require.Contains(t, did.err, "probity: these files end early: "+cut)
		require.Equal(t, int64(1), did.counts(t).Present)
	})
}

// What a server refuses because it has too much to do is stored all the same.
func TestIngestIntoABusyServer(t *testing.T) {
	t.Parallel()
	s := cluster.Start(t, devstack.OpenSearchOptions{Settings: map[string]string{"indexing_pressure.memory.limit": "9mb"}})
	random := rand.New(rand.NewPCG(5, 7))
	var text bytes.Buffer
	const total = 30_000
	for n := range total {
		r := newRecord(random, day.Start.Add(time.Duration(n)*time.Second))
		r["n"] = n
		text.Write(append(r.line(t), '\n'))
	}
	did := probity(t, s.Address, &text, "ingest", "flows", "-", "-o", "json")
	require.Zero(t, did.code, did.err)
	got := did.counts(t)
	require.Equal(t, []int64{total, 0, 0}, []int64{got.Stored + got.Present, got.Bad, got.Refused})
	require.Equal(t, total, s.Count(t, "tigera_secure_ee_flows.cluster.*"))
	var stats struct {
		Nodes map[string]struct {
			Pressure struct {
				Memory struct {
					Total struct {
						Rejections int64 `json:"coordinating_rejections"`
					}
				}
			} `json:"indexing_pressure"`
		}
	}
	s.Must(t, "GET", "/_nodes/stats/indexing_pressure", "", &stats)
	var rejected int64
	for node := range maps.Values(stats.Nodes) {
		rejected += node.Pressure.Memory.Total.Rejections
	}
	require.Positive(t, rejected, "the server was not busy: the test shows nothing")
}

// Ctrl-C leaves nothing that the same command does not complete.
func TestIngestGoesOnAfterItWasStopped(t *testing.T) {
	s := cluster.Shared(t)
	named := newCluster()
	random := rand.New(rand.NewPCG(8, 9))
	var lines [][]byte
	for n := range 20_000 {
		r := newRecord(random, day.Start.Add(time.Duration(n)*time.Second))
		r["n"] = n
		lines = append(lines, r.line(t))
	}
	cmd := exec.Command(cluster.ProgramOf(t, "probity"), "ingest", "flows", "-", "--cluster", named, "-o", "json", "--opensearch-addresses", s.Address)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	require.NoError(t, cmd.Start())
	_, err = in.Write(append(bytes.Join(lines[:9000], []byte("\n")), '\n'))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		status, _ := s.Send(t, "POST", "/tigera_secure_ee_flows."+named+".*/_refresh", "")
		return status == 200 && s.Count(t, "tigera_secure_ee_flows."+named+".*") > 0
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT)) // standard input stays open: it is not waited for
	require.Error(t, cmd.Wait())
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), failure.String())
	require.Contains(t, failure.String(), "stopped: the same command goes on, nothing is stored twice")

	did := probity(t, s.Address, bytes.NewReader(bytes.Join(lines, []byte("\n"))), "ingest", "flows", "-", "--cluster", named, "-o", "json")
	require.Zero(t, did.code, did.err)
	got := did.counts(t)
	require.Positive(t, got.Present)
	require.EqualValues(t, len(lines), got.Stored+got.Present)
	require.Equal(t, len(lines), s.Count(t, "tigera_secure_ee_flows."+named+".*"))
}

// A server that ends in the middle and comes back gets the rest.
func TestIngestOutlivesTheServer(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := cluster.Start(t, devstack.OpenSearchOptions{Folder: folder})
	in, feed := io.Pipe()
	result, failed := make(chan said, 1), make(chan error, 1)
	go func() {
		out, err := running(t, s.Address, in, "ingest", "flows", "-", "-o", "json")
		failed <- err
		result <- out
	}()
	random := rand.New(rand.NewPCG(8, 9))
	write := func(from, to int) {
		for n := from; n < to; n++ {
			r := newRecord(random, day.Start.Add(time.Duration(n)*time.Second))
			r["n"] = n
			_, err := feed.Write(append(r.line(t), '\n'))
			require.NoError(t, err)
		}
	}
	write(0, 6000)
	require.Eventually(t, func() bool {
		status, _ := s.Send(t, "GET", "/tigera_secure_ee_flows.cluster.20261124", "")
		return status == 200
	}, time.Minute, 20*time.Millisecond)
	s.Kill(t)
	write(6000, 9000)
	s = s.Back(t, folder)
	write(9000, 12_000)
	require.NoError(t, feed.Close())
	require.NoError(t, <-failed)
	did := <-result
	require.Zero(t, did.code, did.err)
	got := did.counts(t)
	require.EqualValues(t, 12_000, got.Stored+got.Present)
	require.Equal(t, 12_000, s.Count(t, "tigera_secure_ee_flows.cluster.*"))
}

func TestIngestSaysWhatIsWrong(t *testing.T) {
	s := cluster.Shared(t)
	file := filepath.Join(t.TempDir(), "flows.log")
	require.NoError(t, os.WriteFile(file, []byte("{}\n"), 0o644))
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no file named":      {[]string{"flows"}, 2, "give a file, a folder, or -"},
		"no such file":       {[]string{"flows", file + "x"}, 5, "find logs: stat " + file + "x: no such file or directory"},
		"an empty folder":    {[]string{"audit", t.TempDir()}, 2, "holds no files"},
		"no such log":        {[]string{"dns", file}, 2, `unknown command "dns"`},
		"a pattern of many":  {[]string{"flows", file, "--opensearch-flows", "a*b*"}, 2, `store into "a*b*": give one name with at most one * at its end`},
		"a nested layout":    {[]string{"audit", file, "--opensearch-preset", "vector"}, 2, `opensearch.preset is "vector"`},
		"an unusable name":   {[]string{"flows", file, "--opensearch-flows", "Flows-*"}, 1, "put index template for Flows-*: server answered 400"},
		"nothing to be used": {[]string{"flows", file}, 4, "1 of 1 lines are not stored"},
	} {
		t.Run(name, func(t *testing.T) {
			did := probity(t, s.Address, nil, append([]string{"ingest"}, c.args...)...)
			require.Equal(t, c.code, did.code, did.err)
			require.Contains(t, did.err, c.says)
		})
	}
}

// Who may not write is told so; who may gets the documents in.
func TestIngestWithUsers(t *testing.T) {
	t.Parallel()
	s := cluster.StartSecure(t, devstack.OpenSearchOptions{})
	file := filepath.Join(t.TempDir(), "flows.log")
	require.NoError(t, os.WriteFile(file, newRecord(rand.New(rand.NewPCG(1, 2)), day.Start).line(t), 0o644))
	as := func(user string) said {
		password := filepath.Join(t.TempDir(), "password")
		require.NoError(t, os.WriteFile(password, []byte(cluster.Password(user)+"\n"), 0o600))
		return probity(t, s.Address, nil, "ingest", "flows", file, "--opensearch-ca-file", s.CA(), "--opensearch-user", user, "--opensearch-password-file", password)
	}
	did := as("reader")
	require.Equal(t, 1, did.code)
	require.Contains(t, did.err, "server answered 403 Forbidden: security_exception")
	did = as("admin")
	require.Zero(t, did.code, did.err)
	require.Equal(t, 1, s.Count(t, "tigera_secure_ee_flows.cluster.*"))
}
