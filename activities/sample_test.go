package activities_test

import (
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/sample"
)

// folder is an output of the sample.
type folder string

func (f folder) Create(name string) (io.WriteCloser, error) {
	path := filepath.Join(string(f), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.Create(path)
}

// requireTable checks that a file is what any reader of CSV takes: as many cells in each row as columns, and a heading for each.
func requireTable(t *testing.T, name, text string) [][]string {
	t.Helper()
	reader := csv.NewReader(strings.NewReader(text))
	rows, err := reader.ReadAll()
	require.NoError(t, err, name)
	require.NotEmpty(t, rows, name)
	for _, heading := range rows[0] {
		require.NotEmpty(t, heading, name)
	}
	require.True(t, strings.HasSuffix(text, "\n"), name)
	return rows
}

// TestSample runs two reports of the demo on the sample, which between them read every input, and looks at all that a reader of
// a bundle relies on. The others are left to the test of the demo: with the race detector each takes long.
func TestSample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	summary, err := sample.Generate(sample.Options{Seed: 1, Day: midnight}, folder(dir))
	require.NoError(t, err)
	set, err := (&definitions.Folder{Dir: filepath.Join(dir, "reports"), Limits: report.Limits{MaxPerHour: 2}}).Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, set.Invalid)
	first := newPipeline(t, "")
	first.open(t, config.Inputs{
		Cluster: filepath.Join(dir, "cluster"), Audit: filepath.Join(dir, "audit"), Flows: filepath.Join(dir, "flows"),
		Benchmarks: filepath.Join(dir, "benchmarks"),
	}, 1<<20)
	first.rules.AuditQuiet = first.rules.StartDelay * 2
	first.snapshot(t)
	bundles := map[string]*bundle{}
	for i := range set.Reports {
		if name := set.Reports[i].TypeName; name != networkAccess && name != cisBenchmark {
			continue
		}
		p := first.copied()
		p.definition = set.Reports[i].Raw
		bundles[set.Reports[i].Name] = p.run(t)
	}
	require.Len(t, bundles, 2)
	t.Run("the story is found", func(t *testing.T) { requireStory(t, summary, bundles) })
	t.Run("each file", func(t *testing.T) {
		for name, b := range bundles {
			require.Equal(t, evidence.Complete, b.Verdict, "%s: %s", name, b.reasons(t))
			requireFiles(t, b)
		}
	})
	t.Run("nothing large passes through Temporal", func(t *testing.T) {
		require.Len(t, first.payloads.most, 9)
		for name, bytes := range first.payloads.most {
			require.Less(t, bytes, maxPayload, name)
		}
	})
}

func requireStory(t *testing.T, summary sample.Summary, bundles map[string]*bundle) {
	t.Helper()
	checks := 0
	for _, event := range summary.Story {
		for _, check := range event.Checks {
			b := bundles[check.Report]
			if b == nil {
				continue
			}
			require.NoError(t, check.Verify([]byte(b.files[evidence.DownloadsName+check.File])), event.Sentence)
			checks++
		}
	}
	require.Positive(t, checks)
}

// requireFiles checks media types, row counts, tables and the page of a bundle.
func requireFiles(t *testing.T, b *bundle) {
	t.Helper()
	for _, object := range b.manifest.Objects {
		text := b.files[object.Key]
		require.Equal(t, int64(len(text)), object.Bytes)
		require.Equal(t, evidence.MediaType(object.Key), object.MediaType, object.Key)
		require.NotEqual(t, "application/octet-stream", object.MediaType, object.Key)
		if !strings.HasSuffix(object.Key, ".csv") {
			continue
		}
		rows := requireTable(t, object.Key, text)
		if object.Rows != nil {
			require.Equal(t, int64(len(rows)-1), *object.Rows, object.Key)
		}
	}
	page := b.files["report.html"]
	require.Contains(t, page, "<!DOCTYPE html>")
	require.Contains(t, page, string(b.Verdict))
	for name := range b.files {
		if strings.HasPrefix(name, evidence.DownloadsName) {
			require.Contains(t, page, strings.TrimPrefix(name, evidence.DownloadsName))
		}
	}
	require.NotContains(t, page, "http://", "the page is self-contained")
}

// TestTypeThatBringsAFileOfThatName keeps the type's own.
func TestTypeThatBringsAFileOfThatName(t *testing.T) {
	t.Parallel()
	p := shop(t, policyAudit)
	types, err := p.types.Types(t.Context(), "")
	require.NoError(t, err)
	types["policy-audit"].Spec.DownloadTemplates[0].Name = "changes.csv"
	types["policy-audit"].Spec.DownloadTemplates[0].Template = "mine\n"
	p.types = fixedTypes(types)
	require.Equal(t, "mine\n", p.run(t).files["downloads/changes.csv"])
}

// TestGathersConcurrently: partitions are gathered by workers at the same time, and one worker's attempt may be repeated while
// another goes on.
func TestGathersConcurrently(t *testing.T) {
	t.Parallel()
	p := shop(t, networkAccess)
	want := p.run(t)
	again := shop(t, networkAccess)
	planned, err := again.plan(t)
	require.NoError(t, err)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if _, err := again.gather(t, planned); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	require.Equal(t, want.digests(), again.run(t).digests())
}
