package blob_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/blob"
)

// server answers requests as it is told to and keeps them. What S3 itself does is tested on a real server, in cmd/devstack.
type server struct {
	answer func(w http.ResponseWriter, r *http.Request, body string)

	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(body))
	s.mu.Unlock()
	if s.answer != nil {
		s.answer(w, r, string(body))
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<Error><Code>%s</Code><Message>because</Message></Error>`, code)
}

func bucket(t *testing.T, s *server, change func(*blob.Options)) *blob.S3 {
	t.Helper()
	http := httptest.NewServer(s)
	t.Cleanup(http.Close)
	o := blob.Options{Bucket: "evidence", Endpoint: http.URL, PathStyle: true, AccessKey: "key", SecretKey: "secret"}
	change(&o)
	b, err := blob.NewS3(t.Context(), o)
	require.NoError(t, err)
	return b
}

func plain(*blob.Options) {}

func TestOptionsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		o    blob.Options
		says string
	}{
		"no bucket":         {blob.Options{}, "bucket is empty"},
		"endpoint host":     {blob.Options{Bucket: "b", Endpoint: "minio:9000"}, `endpoint "minio:9000" is not usable`},
		"endpoint scheme":   {blob.Options{Bucket: "b", Endpoint: "ftp://x"}, "give a URL such as"},
		"half the keys":     {blob.Options{Bucket: "b", AccessKey: "a"}, "must be set together"},
		"sse":               {blob.Options{Bucket: "b", SSE: "aes"}, `sse is "aes": use AES256 or aws:kms`},
		"kms key, no kms":   {blob.Options{Bucket: "b", SSE: "AES256", KMSKeyID: "k"}, `set it to "aws:kms"`},
		"lock mode":         {blob.Options{Bucket: "b", LockMode: "governance", LockDays: 1}, "use GOVERNANCE or COMPLIANCE"},
		"lock without days": {blob.Options{Bucket: "b", LockMode: "COMPLIANCE"}, "set both"},
		"days without lock": {blob.Options{Bucket: "b", LockDays: 3}, "set both"},
		"too many days":     {blob.Options{Bucket: "b", LockMode: "COMPLIANCE", LockDays: 36501}, "set both"},
		"no such CA file":   {blob.Options{Bucket: "b", Region: "r", CAFile: "/does/not/exist"}, "read CA file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := blob.NewS3(t.Context(), c.o)
			require.ErrorContains(t, err, c.says)
		})
	}
	t.Run("no region", func(t *testing.T) {
		for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"} {
			t.Setenv(name, "")
		}
		t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
		_, err := blob.NewS3(t.Context(), blob.Options{Bucket: "b"})
		require.ErrorContains(t, err, "region is empty: set it, or AWS_REGION")
	})
}

func TestPutSendsWhatIsConfigured(t *testing.T) {
	s := &server{}
	b := bucket(t, s, func(o *blob.Options) {
		o.SSE, o.KMSKeyID, o.LockMode, o.LockDays, o.Region = "aws:kms", "the-key", "COMPLIANCE", 10, "eu-north-1"
	})
	before := time.Now()
	require.NoError(t, b.PutIfAbsent(t.Context(), "a/b.csv", strings.NewReader("x,y\n")))
	require.NoError(t, b.Put(t.Context(), "staging/b.json", strings.NewReader("{}")))
	once, often := s.requests[0], s.requests[1]
	sum, _ := base64.StdEncoding.DecodeString(once.Header.Get("X-Amz-Checksum-Sha256"))
	require.Equal(t, "/evidence/a/b.csv", once.URL.Path)
	require.Equal(t, "x,y\n", s.bodies[0])
	require.Equal(t, "*", once.Header.Get("If-None-Match"))
	require.Equal(t, "text/csv; charset=utf-8", once.Header.Get("Content-Type"))
	require.Equal(t, once.Header.Get("X-Amz-Meta-Sha256"), fmt.Sprintf("%x", sum))
	require.Equal(t, "aws:kms", once.Header.Get("X-Amz-Server-Side-Encryption"))
	require.Equal(t, "the-key", once.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"))
	require.Equal(t, "COMPLIANCE", once.Header.Get("X-Amz-Object-Lock-Mode"))
	until, err := time.Parse(time.RFC3339, once.Header.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	require.NoError(t, err)
	require.WithinRange(t, until, before.Add(10*24*time.Hour-time.Second), time.Now().Add(10*24*time.Hour))
	require.Contains(t, once.Header.Get("Authorization"), "/eu-north-1/s3/")
	require.Empty(t, once.Header.Get("X-Amz-Trailer"), "custom endpoints get no trailing checksums")
	require.Empty(t, often.Header.Get("If-None-Match"))
	require.Empty(t, often.Header.Get("X-Amz-Object-Lock-Mode"), "only what is written once is locked")
}

func TestPutSendsTheBodyAgain(t *testing.T) {
	tries := 0
	s := &server{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
		if tries++; tries < 3 {
			refuse(w, http.StatusServiceUnavailable, "SlowDown")
		}
	}}
	require.NoError(t, bucket(t, s, plain).Put(t.Context(), "a", strings.NewReader("content")))
	require.Equal(t, []string{"content", "content", "content"}, s.bodies)
}

func TestErrorsTellTheirKind(t *testing.T) {
	kinds := []error{blob.ErrNotFound, blob.ErrExists, blob.ErrDenied, blob.ErrUnsupported, blob.ErrDiffers}
	for name, c := range map[string]struct {
		status int
		code   string
		kind   error
		like   error
	}{
		"no such key":      {404, "NoSuchKey", blob.ErrNotFound, fs.ErrNotExist},
		"no such bucket":   {404, "NoSuchBucket", nil, nil},
		"exists":           {412, "PreconditionFailed", blob.ErrExists, fs.ErrExist},
		"denied":           {403, "AccessDenied", blob.ErrDenied, fs.ErrPermission},
		"wrong key":        {403, "InvalidAccessKeyId", blob.ErrDenied, fs.ErrPermission},
		"unknown key":      {404, "XAdminUserNotFound", blob.ErrDenied, fs.ErrPermission},
		"wrong secret":     {403, "SignatureDoesNotMatch", blob.ErrDenied, fs.ErrPermission},
		"no such feature":  {501, "NotImplemented", blob.ErrUnsupported, nil},
		"something else":   {400, "InvalidRequest", nil, nil},
		"conflict of puts": {409, "ConditionalRequestConflict", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { refuse(w, c.status, c.code) }}
			_, err := bucket(t, s, plain).Get(t.Context(), "a/b")
			require.ErrorContains(t, err, "get s3://evidence/a/b: ")
			require.ErrorContains(t, err, c.code)
			for _, kind := range kinds {
				require.Equal(t, kind == c.kind, errors.Is(err, kind), kind) //nolint:errorlint // which sentinel it is
			}
			for _, like := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission} {
				require.Equal(t, like == c.like, errors.Is(err, like), like) //nolint:errorlint // which sentinel it is
			}
		})
	}
}

func TestCheck(t *testing.T) {
	require.NoError(t, bucket(t, &server{}, plain).Check(t.Context()))
	for code, kind := range map[string]error{"AccessDenied": blob.ErrDenied, "NoSuchBucket": nil} {
		t.Run(code, func(t *testing.T) {
			s := &server{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { refuse(w, http.StatusForbidden, code) }}
			err := bucket(t, s, plain).Check(t.Context())
			require.ErrorContains(t, err, "check bucket s3://evidence/")
			require.ErrorContains(t, err, code)
			require.Equal(t, kind != nil, errors.Is(err, blob.ErrDenied))
		})
	}
}

func TestTheCAFileIsTrusted(t *testing.T) {
	s := httptest.NewTLSServer(&server{})
	defer s.Close()
	s.Config.ErrorLog = nil
	file := filepath.Join(t.TempDir(), "ca.pem")
	raw := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	o := blob.Options{Bucket: "b", Endpoint: s.URL, PathStyle: true, AccessKey: "a", SecretKey: "b", CAFile: file}
	b, err := blob.NewS3(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, b.Put(t.Context(), "a", strings.NewReader("x")))
	require.NoError(t, os.WriteFile(file, []byte("no certificate"), 0o600))
	_, err = blob.NewS3(t.Context(), o)
	require.Error(t, err)
}

func TestSetLifecycleKeepsOtherRules(t *testing.T) {
	const other = `<Rule><ID>theirs</ID><Status>Enabled</Status><Filter><Prefix>x/</Prefix></Filter><Expiration><Days>3</Days></Expiration></Rule>`
	const ours = `<Rule><ID>probity:p/c/staging/</ID><Status>Enabled</Status><Filter><Prefix>p/c/staging/</Prefix></Filter><Expiration><Days>99</Days></Expiration></Rule>`
	for name, c := range map[string]struct {
		rules string
		code  string
		count int
	}{
		"none yet":     {"", "NoSuchLifecycleConfiguration", 1},
		"theirs":       {other, "", 2},
		"ours changed": {other + ours, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
				if r.Method == http.MethodGet && c.code != "" {
					refuse(w, http.StatusNotFound, c.code)
				} else if r.Method == http.MethodGet {
					fmt.Fprint(w, "<LifecycleConfiguration>"+c.rules+"</LifecycleConfiguration>")
				}
			}}
			require.NoError(t, bucket(t, s, plain).SetLifecycle(t.Context(), "p/c/staging/", 7))
			sent := s.bodies[len(s.bodies)-1]
			require.Equal(t, c.count, strings.Count(sent, "<Rule>"), sent)
			require.Contains(t, sent, "<ID>probity:p/c/staging/</ID>")
			require.Contains(t, sent, "<Days>7</Days>")
			require.NotContains(t, sent, "<Days>99</Days>")
		})
	}
	t.Run("unsupported", func(t *testing.T) {
		s := &server{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { refuse(w, 501, "NotImplemented") }}
		require.ErrorIs(t, bucket(t, s, plain).SetLifecycle(t.Context(), "staging/", 7), blob.ErrUnsupported)
	})
	t.Run("refused", func(t *testing.T) {
		b := bucket(t, &server{}, plain)
		require.ErrorContains(t, b.SetLifecycle(t.Context(), "", 7), "cannot be swept")
		require.ErrorContains(t, b.SetLifecycle(t.Context(), "staging/", 0), "at least 1")
	})
}

func TestExpireUploadsTouchesNoObject(t *testing.T) {
	s := &server{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.Method == http.MethodGet {
			refuse(w, http.StatusNotFound, "NoSuchLifecycleConfiguration")
		}
	}}
	require.NoError(t, bucket(t, s, plain).ExpireUploads(t.Context(), "p/c/snapshots/", 3))
	sent := s.bodies[len(s.bodies)-1]
	require.Contains(t, sent, "<Prefix>p/c/snapshots/</Prefix>")
	require.Contains(t, sent, "<DaysAfterInitiation>3</DaysAfterInitiation>")
	require.NotContains(t, sent, "Expiration>")
}

func TestSweepWithoutVersions(t *testing.T) {
	s := &server{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
		switch {
		case r.URL.Query().Has("versions"):
			refuse(w, http.StatusNotImplemented, "NotImplemented")
		case r.Method == http.MethodGet:
			fmt.Fprint(w, `<ListBucketResult>
				<Contents><Key>staging/old</Key><LastModified>2026-11-01T00:00:00Z</LastModified><Size>5</Size></Contents>
				<Contents><Key>staging/new</Key><LastModified>2026-11-21T00:00:00Z</LastModified><Size>7</Size></Contents>
			</ListBucketResult>`)
		}
	}}
	swept, err := bucket(t, s, plain).Sweep(t.Context(), "staging/", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Equal(t, blob.Swept{Objects: 1, Bytes: 5}, swept)
	last := s.requests[len(s.requests)-1]
	require.Equal(t, http.MethodDelete+" /evidence/staging/old", last.Method+" "+last.URL.Path)
}

// unreadable fails in the middle.
type unreadable struct{ io.ReadSeeker }

func (unreadable) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestABodyThatCannotBeReadIsNotSent(t *testing.T) {
	s := &server{}
	err := bucket(t, s, plain).Put(t.Context(), "a", unreadable{strings.NewReader("x")})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Empty(t, s.requests)
}

func TestPutStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := fmt.Errorf("the worker stops")
	cancel(reason)
	s := &server{}
	require.ErrorIs(t, bucket(t, s, plain).Put(ctx, "a", strings.NewReader("x")), reason)
	require.Empty(t, s.requests)
}
