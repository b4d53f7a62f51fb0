package render

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// piece is a part of what a template prints.
type piece struct {
	kind int
	text string
}

func filtered(t require.TestingT, pieces ...piece) string {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	f := newCellFilter(w)
	for _, p := range pieces {
		f.next(p.kind)
		require.NoError(t, f.write([]byte(p.text)))
		f.next(ownText)
	}
	require.NoError(t, f.finish())
	require.NoError(t, w.Flush())
	return b.String()
}

func own(s string) piece    { return piece{ownText, s} }
func data(s string) piece   { return piece{showData, s} }
func result(s string) piece { return piece{showResult, s} }

func TestCellFilter(t *testing.T) {
	for name, c := range map[string]struct {
		pieces []piece
		want   string
	}{
		"nothing":                              {nil, ""},
		"left as it is":                        {[]piece{own("a,b\n1,2\n")}, "a,b\n1,2\n"},
		"blank first line and indentation":     {[]piece{own("\n      a,b\n1,2\n\n")}, "a,b\n1,2\n"},
		"indentation of every line":            {[]piece{own("  a,b\n  1,2\n   3,4\n")}, "a,b\n1,2\n 3,4\n"},
		"blanks of data are no indentation":    {[]piece{own("  a,b\n"), data("  x"), own(",y\n")}, "a,b\n  x,y\n"},
		"no final newline":                     {[]piece{own("a,b\n1,2")}, "a,b\n1,2\n"},
		"blank lines between":                  {[]piece{own("a\n\n1\n  \t\n2\n")}, "a\n1\n2\n"},
		"windows lines":                        {[]piece{own("a,b\r\n1,2\r\n\r\n")}, "a,b\n1,2\n"},
		"data with a comma":                    {[]piece{own("a,b\n"), data("x, y"), own(",2\n")}, "a,b\n\"x, y\",2\n"},
		"data with a quote":                    {[]piece{data(`say "hi"`), own("\n")}, `"say ""hi"""` + "\n"},
		"data with a newline":                  {[]piece{data("x\ny"), own(",1\n")}, "\"x\ny\",1\n"},
		"data within a longer cell":            {[]piece{own("ns/"), data("a,b"), own(" x,2\n")}, "\"ns/a,b x\",2\n"},
		"two fields in a cell":                 {[]piece{data("a,"), own("/"), data("b"), own("\n")}, "\"a,/b\"\n"},
		"results may hold cells":               {[]piece{result("a,b"), own(",c\n")}, "a,b,c\n"},
		"a table as a result":                  {[]piece{own("\n   "), result("h,i\n\"x \"\"y\"\"\",2\n"), own("\n")}, "h,i\n\"x \"\"y\"\"\",2\n"},
		"quoted by the template":               {[]piece{own(`1,"`), data("say \"hi\",\nyou"), own("\"\n")}, "1,\"say \"\"hi\"\",\nyou\"\n"},
		"a result in quotes":                   {[]piece{own(`"`), result(`a "b"`), own("\",2\n")}, "\"a \"\"b\"\"\",2\n"},
		"quotes that the template doubles":     {[]piece{own(`"`), {showEscaped, `a ""b""`}, own("\"\n")}, "\"a \"\"b\"\"\"\n"},
		"blanks around quotes":                 {[]piece{own("a, \"b, c\" ,d\n")}, "a,\"b, c\",d\n"},
		"a stray quote":                        {[]piece{own("a\"b,c\n")}, "\"a\"\"b\",c\n"},
		"text after the closing quote":         {[]piece{own("\"a\"b,c\n")}, "\"\"\"a\"\"b\",c\n"},
		"a quote that never closes":            {[]piece{own("a,\"b\nc")}, "a,\"b\nc\"\n"},
		"one empty cell is a row":              {[]piece{own("a\n"), data(""), own("\n"), data("x"), own("\n")}, "a\n\"\"\nx\n"},
		"an empty first field before the head": {[]piece{data(""), own("\na\n1\n")}, "a\n1\n"},
		"a return at the end of data":          {[]piece{data("x\r"), own("\n")}, "\"x\r\"\n"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, filtered(t, c.pieces...)) })
	}
}

// texts draws what breaks CSV.
func texts() *rapid.Generator[string] {
	return rapid.StringOf(rapid.SampledFrom([]rune(`ab ,";` + "\n\r\t" + `é'=`)))
}

func TestFieldsAreReadBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(2, 4).Draw(t, "columns")
		rows := rapid.SliceOfN(rapid.SliceOfN(texts(), width, width), 1, 4).Draw(t, "rows")
		quote := rapid.Bool().Draw(t, "the template quotes")
		pieces := []piece{own("\n    " + strings.Repeat("h,", width-1) + "h\n")}
		for _, row := range rows {
			for i, text := range row {
				mark, end := "", ","
				if quote {
					mark = `"`
				}
				if i == width-1 {
					end = "\n"
				}
				pieces = append(pieces, own(mark), data(text), own(mark+end))
			}
		}
		got, err := csv.NewReader(strings.NewReader(filtered(t, pieces...))).ReadAll()
		require.NoError(t, err)
		require.Len(t, got, 1+len(rows))
		for i, row := range rows {
			for j, text := range row {
				require.Equal(t, strings.ReplaceAll(text, "\r\n", "\n"), got[i+1][j], "encoding/csv reads CR LF as LF")
			}
		}
	})
}

func FuzzCellFilter(f *testing.F) {
	f.Add("a,b\n\"x", "1\"2", "y\"\"\n", byte(0))
	f.Add("\n      h\n", "a,b", "\r\n", byte(1))
	f.Add("\"a\" ", "\"", "b\r", byte(2))
	f.Fuzz(func(t *testing.T, before, value, after string, kind byte) {
		out := filtered(t, own(before), piece{int(kind) % 3, value}, own(after))
		r := csv.NewReader(strings.NewReader(out))
		r.FieldsPerRecord = -1
		_, err := r.ReadAll()
		require.NoError(t, err, "%q", out)
		require.False(t, strings.HasPrefix(out, "\n"), "%q", out)
		require.True(t, out == "" || strings.HasSuffix(out, "\n"), "%q", out)
	})
}

func TestQuoteCell(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "a;b": "a;b", "a,b": `"a,b"`, `a"b`: `"a""b"`, "a\nb": "\"a\nb\"", " a": `" a"`, "a ": "a ", "\ta": "\"\ta\"",
		`"quoted"`: `"quoted"`, `"a ""b"""`: `"a ""b"""`, `"a "b""`: `"""a ""b"""""`, `"`: `""""`, `""`: `""`, `"a""`: `"""a"""""`,
	} {
		t.Run(in, func(t *testing.T) { require.Equal(t, want, quoteCell(in)) })
	}
}

func TestFieldsInJSONStringsAreEscaped(t *testing.T) {
	out := rendered(t, "x.json", `{"all": [{{ range $i, $n := .CISBenchmark }}{{ range .Results }}{{ range $j, $r := .Results }}`+
		`{{ if or $i $j }},{{ end }}{"d": "{{ .TestDesc }}", "i": "{{ .TestInfo }}", "s": {{ .Scored }}, "q": {{ toJson .TestInfo }}}{{ end }}{{ end }}{{ end }}]}`)
	var got struct {
		All []struct {
			D, I, Q string
			S       bool
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &got), out)
	require.Len(t, got.All, 6)
	require.Equal(t, nastyText, got.All[0].I)
	require.Equal(t, nastyText, got.All[0].Q)
	require.Equal(t, `Ensure that "--anonymous-auth" is false`, got.All[1].D)
}

func TestSummaryThatIsNotJSONIsNoted(t *testing.T) {
	gt := typeWith("x.txt", "x")
	gt.Spec.UISummaryTemplate.Template = "{{ .ReportName }}: fine"
	compiled, err := CompileType(gt)
	require.NoError(t, err)
	out, err := compiled.Render(t.Context(), shopData())
	require.NoError(t, err)
	require.Equal(t, "daily-shop: fine", string(out.UISummary))
	require.Equal(t, []string{`the summary that template "ui-summary.json" renders is not JSON`}, out.Notes)
}
