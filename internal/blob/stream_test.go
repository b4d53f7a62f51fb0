package blob_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/evidence"
)

const mib = 1 << 20

// uploads is a server that takes parts, or answers one kind of request in another way.
func uploads(other map[string]func(w http.ResponseWriter)) *server {
	return &server{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
		step := step(r)
		switch {
		case other[step] != nil:
			other[step](w)
		case step == "create":
			fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>`)
		case step == "part":
			w.Header().Set("ETag", `"e`+r.URL.Query().Get("partNumber")+`"`)
		case step == "complete":
			fmt.Fprint(w, `<CompleteMultipartUploadResult/>`)
		}
	}}
}

func step(r *http.Request) string {
	query := r.URL.Query()
	switch {
	case query.Has("uploads"):
		return "create"
	case r.Method == http.MethodPut && query.Get("uploadId") == "u1":
		return "part"
	case r.Method == http.MethodPost && query.Get("uploadId") == "u1":
		return "complete"
	case r.Method == http.MethodDelete && query.Get("uploadId") == "u1":
		return "abort"
	}
	return r.Method
}

func (s *server) steps() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, r := range s.requests {
		all = append(all, step(r))
	}
	return all
}

func TestStreamSendsParts(t *testing.T) {
	s := uploads(nil)
	b := bucket(t, s, func(o *blob.Options) {
		o.SSE, o.KMSKeyID, o.LockMode, o.LockDays = "aws:kms", "k", "COMPLIANCE", 30
	})
	content := strings.Repeat("0123456789abcdef", mib)
	require.NoError(t, b.Stream(t.Context(), "a.ndjson.zst", iotest.HalfReader(strings.NewReader(content+"end"))))
	require.Equal(t, []string{"create", "part", "part", "part", "complete"}, s.steps())
	require.Equal(t, evidence.Digest([]byte(content+"end")), evidence.Digest([]byte(s.bodies[1]+s.bodies[2]+s.bodies[3])))
	create := s.requests[0].Header
	require.Equal(t, "aws:kms", create.Get("X-Amz-Server-Side-Encryption"))
	require.Equal(t, "COMPLIANCE", create.Get("X-Amz-Object-Lock-Mode"))
	require.NotEmpty(t, create.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	require.Equal(t, "SHA256", create.Get("X-Amz-Checksum-Algorithm"))
	require.NotEmpty(t, s.requests[1].Header.Get("X-Amz-Checksum-Sha256"), "each part is checked")
	require.Equal(t, "*", s.requests[4].Header.Get("If-None-Match"))
	for _, want := range []string{"<ETag>&#34;e1&#34;</ETag>", "<PartNumber>3</PartNumber>", "<ChecksumSHA256>"} {
		require.Contains(t, s.bodies[4], want)
	}
}

func TestShortStreamIsOneRequest(t *testing.T) {
	s := uploads(nil)
	require.NoError(t, bucket(t, s, plain).Stream(t.Context(), "a", strings.NewReader("short")))
	require.Equal(t, []string{http.MethodPut}, s.steps())
	require.Equal(t, "*", s.requests[0].Header.Get("If-None-Match"))
	require.Equal(t, "short", s.bodies[0])
}

func TestFailedStreamLeavesNoParts(t *testing.T) {
	refused := func(status int, code string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { refuse(w, status, code) }
	}
	broken := errors.New("the source is gone")
	long := func() io.Reader { return strings.NewReader(strings.Repeat("x", 9*mib)) }
	for _, test := range []struct {
		name  string
		other map[string]func(http.ResponseWriter)
		body  io.Reader
		is    error
		last  string
	}{
		{"the body breaks", nil, io.MultiReader(long(), iotest.ErrReader(broken)), broken, "abort"},
		{"a part is refused", map[string]func(http.ResponseWriter){"part": refused(403, "AccessDenied")}, long(), blob.ErrDenied, "abort"},
		{"the key is taken", map[string]func(http.ResponseWriter){"complete": refused(412, "PreconditionFailed")}, long(), blob.ErrExists, "abort"},
		{"it cannot begin", map[string]func(http.ResponseWriter){"create": refused(501, "NotImplemented")}, long(), blob.ErrUnsupported, "create"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := uploads(test.other)
			err := bucket(t, s, plain).Stream(t.Context(), "a", test.body)
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, "stream new s3://evidence/a")
			steps := s.steps()
			require.Equal(t, test.last, steps[len(steps)-1])
		})
	}
}
