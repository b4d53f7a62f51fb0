package blob_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/evidence"
)

func TestReadChecksSizeAndDigest(t *testing.T) {
	const content = "some content"
	b := &blob.Memory{}
	require.NoError(t, b.Put(t.Context(), "a", strings.NewReader(content)))
	want := evidence.Object{Key: "a", SHA256: evidence.Digest([]byte(content)), Bytes: int64(len(content))}
	for name, c := range map[string]struct {
		change func(*evidence.Object)
		says   string
	}{
		"as expected":  {func(*evidence.Object) {}, ""},
		"longer":       {func(o *evidence.Object) { o.Bytes-- }, "more than the expected 11 bytes"},
		"shorter":      {func(o *evidence.Object) { o.Bytes++ }, "12 bytes, expected 13"},
		"other digest": {func(o *evidence.Object) { o.SHA256 = evidence.Digest(nil) }, "expected e3b0c442"},
	} {
		t.Run(name, func(t *testing.T) {
			o := want
			c.change(&o)
			for way, slow := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "bytewise": iotest.OneByteReader} {
				body, err := blob.Read(t.Context(), b, o)
				require.NoError(t, err)
				raw, err := io.ReadAll(slow(body))
				require.NoError(t, body.Close())
				require.LessOrEqual(t, int64(len(raw)), o.Bytes, "%s: never more than promised", way)
				if c.says == "" {
					require.NoError(t, err)
					require.Equal(t, content, string(raw))
					continue
				}
				require.ErrorIs(t, err, blob.ErrDiffers)
				require.ErrorContains(t, err, c.says)
			}
		})
	}
	_, err := blob.Read(t.Context(), b, evidence.Object{Key: "none"})
	require.ErrorIs(t, err, blob.ErrNotFound)
}
