package receive_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/internal/receive/receivetest"
)

var (
	noon  = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	limit = int64(16 << 20)
)

func line(start, end int64) string { return fmt.Sprintf(`{"start_time":%d,"end_time":%d}`, start, end) }

func TestReadPush(t *testing.T) {
	type dropped struct {
		line   int64
		reason string
	}
	unix := noon.Unix()
	long := strings.Repeat("x", receive.MaxLine)
	for _, test := range []struct {
		name, body, want string
		lines            int64
		dropped          []dropped
		from, to         int64
		err              string
	}{
		{name: "nothing", from: unix - 1200, to: unix},
		{name: "empty lines", body: "\n\r\n\n", from: unix - 1200, to: unix},
		{name: "no line end behind the last line", body: line(5, 9) + "\n" + line(3, 7), lines: 2, want: line(5, 9) + "\n" + line(3, 7) + "\n", from: 3, to: 9},
		{name: "CRLF", body: line(5, 9) + "\r\n" + line(3, 7) + "\r\n", lines: 2, want: line(5, 9) + "\n" + line(3, 7) + "\n", from: 3, to: 9},
		{name: "a bad line among good ones", body: line(5, 9) + "\n{\n\n" + line(3, 4) + "\n", lines: 2, dropped: []dropped{{2, string(flow.BadJSON)}},
			want: line(5, 9) + "\n" + line(3, 4) + "\n" +
				`{"start_time":3,"end_time":9,"action":"dropped","probity":{"reason":"invalid JSON","line":2,"bytes":2,"push":"` +
				fmt.Sprintf("%x", sha256.Sum256([]byte(line(5, 9)+"\n{\n\n"+line(3, 4)+"\n"))) + `"}}` + "\n",
			from: 3, to: 9},
		{name: "a line that is too long", body: line(5, 9) + "\n{" + long + "}\n" + line(6, 9), lines: 2, dropped: []dropped{{2, receive.ReasonTooLong}}, from: 5, to: 9},
		{name: "no times", body: line(5, 9) + "\n{}", lines: 1, dropped: []dropped{{2, string(flow.NoTimes)}}, from: 5, to: 9},
		{name: "no NDJSON", body: "<html>", dropped: []dropped{{0, receive.ReasonNoNDJSON}}, from: unix - 1200, to: unix, err: "no NDJSON"},
		{name: "too many bad lines", body: line(5, 9) + strings.Repeat("\nx", receive.MaxBad+1), dropped: []dropped{{0, receive.ReasonNoNDJSON}},
			from: 5, to: 9, err: "no NDJSON"},
		{name: "not too many", body: line(5, 9) + strings.Repeat("\nx", receive.MaxBad), lines: 1, from: 5, to: 9},
		{name: "too large", body: strings.Repeat(line(5, 9)+"\n", 1<<20), dropped: []dropped{{0, receive.ReasonTooLarge}}, from: 5, to: 9, err: "receive.bodyMib"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := receive.ReadPush(strings.NewReader(test.body), limit, t.TempDir(), noon)
			require.NotNil(t, p)
			defer p.Release()
			if test.err == "" {
				require.NoError(t, err)
				require.Equal(t, sha256.Sum256([]byte(test.body)), p.Digest)
				require.Equal(t, int64(len(test.body)), p.Bytes)
			} else {
				require.ErrorContains(t, err, test.err)
			}
			require.Equal(t, test.lines, p.Lines)
			require.Equal(t, test.from, p.Span.Start.Unix())
			require.Equal(t, test.to, p.Span.End.Unix())
			if test.want != "" {
				require.Equal(t, test.want, p.Text())
			}
			for i, want := range test.dropped {
				require.Equal(t, want, dropped{p.Dropped[i].Line, p.Dropped[i].Reason})
				require.LessOrEqual(t, len(p.Dropped[i].Start), 80)
			}
			if test.dropped != nil {
				require.Len(t, p.Dropped, len(test.dropped))
			}
		})
	}
}

func TestBrokenBody(t *testing.T) {
	body := io.MultiReader(strings.NewReader(line(5, 9)+"\n"), iotest.ErrReader(errors.New("connection reset")))
	p, err := receive.ReadPush(body, limit, t.TempDir(), noon)
	require.Nil(t, p)
	require.ErrorContains(t, err, "the body broke off after 30 bytes: connection reset")
}

func TestLargePushLeavesMemoryAndIsReleased(t *testing.T) {
	folder := t.TempDir()
	body := receivetest.Flows("web", noon, 20_000)
	p, err := receive.ReadPush(strings.NewReader(body), limit, folder, noon)
	require.NoError(t, err)
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Equal(t, body+"\n", p.Text())
	require.Equal(t, body+"\n", p.Text(), "a second time")
	p.Release()
	files, err = os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestPushThatCannotBeKept(t *testing.T) {
	body := receivetest.Flows("web", noon, 20_000)
	p, err := receive.ReadPush(strings.NewReader(body), limit, t.TempDir()+"/gone", noon)
	var away *receive.SinkError
	require.ErrorAs(t, err, &away)
	require.Equal(t, sha256.Sum256([]byte(body)), p.Digest, "it is known when it comes again")
	require.Equal(t, noon, p.Span.Start)
	p.Release()
}

func FuzzReadPush(f *testing.F) {
	f.Add([]byte(receivetest.Flows("web", noon, 3)), 4096)
	f.Add([]byte(line(5, 9)+"\n{\n\xff\n\r\n"+line(9, 5)), 1)
	f.Add([]byte("\n\n"+line(0, 1)+"\r"), 10)
	f.Fuzz(func(t *testing.T, body []byte, limit int) {
		limit = max(limit, 0)
		p, err := receive.ReadPush(iotest.HalfReader(bytes.NewReader(body)), int64(limit), t.TempDir(), noon)
		require.NotNil(t, p)
		defer p.Release()
		require.False(t, p.Span.End.Before(p.Span.Start))
		if len(body) > limit {
			require.ErrorContains(t, err, "larger")
		}
		good, bad := "", 0
		for l := range bytes.SplitSeq(body, []byte("\n")) {
			l = bytes.TrimRight(l, "\r\n")
			_, why := flow.SpanOf(l)
			switch {
			case len(l) == 0:
			case why == "":
				good += string(l) + "\n"
			default:
				bad++
			}
		}
		text := p.Text()
		if err != nil {
			require.Len(t, p.Dropped, 1)
			require.Equal(t, 1, strings.Count(text, "\n"))
			return
		}
		require.Len(t, p.Dropped, bad)
		require.True(t, strings.HasPrefix(text, good))
		require.Equal(t, bad, strings.Count(text[len(good):], "\n"))
		require.Equal(t, sha256.Sum256(body), p.Digest)
		for l := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			if l != "" {
				_, why := flow.SpanOf([]byte(l))
				require.Empty(t, why, "every line of the log can be read")
			}
		}
	})
}
