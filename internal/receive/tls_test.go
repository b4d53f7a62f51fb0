package receive_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/internal/receive/receivetest"
	"github.com/probity/probity/tests/certtest"
)

// serveTLS answers "ok" to those whom the options let in.
func serveTLS(t *testing.T, o receive.TLSOptions) (url string) {
	t.Helper()
	o.Logger = quiet
	config, err := receive.NewTLS(o)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func TestWhoIsLetIn(t *testing.T) {
	ours, others := certtest.NewAuthority(t), certtest.NewAuthority(t)
	cert, key := ours.Issue(t, "receiver")
	for _, test := range []struct {
		name   string
		names  []string
		client *http.Client
		says   string // "" is let in
	}{
		{"a certificate of the authority", nil, ours.Client(t, "goldmane", ours), ""},
		{"no certificate", nil, ours.Client(t, "", nil), "certificate required"},
		{"a certificate of another authority", nil, ours.Client(t, "goldmane", others), "unknown certificate authority"},
		{"a listed common name", []string{"x", "goldmane"}, ours.Client(t, "goldmane", ours), ""},
		{"a listed DNS name", []string{"goldmane.test"}, ours.Client(t, "goldmane", ours), ""},
		{"a name that is not listed", []string{"goldmane"}, ours.Client(t, "whisker", ours), "bad certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := serveTLS(t, receive.TLSOptions{CertFile: cert, KeyFile: key, ClientCAFile: ours.CAFile, ClientNames: test.names})
			response, _, err := receivetest.Push(t.Context(), test.client, url, "")
			if test.says != "" {
				require.ErrorContains(t, err, test.says)
				return
			}
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, response.StatusCode)
		})
	}
}

func TestCertificatesThatChange(t *testing.T) {
	before, after := certtest.NewAuthority(t), certtest.NewAuthority(t)
	cert, key := before.Issue(t, "receiver")
	url := serveTLS(t, receive.TLSOptions{CertFile: cert, KeyFile: key, ClientCAFile: before.CAFile})
	try := func(a *certtest.Authority) error {
		client := a.Client(t, "goldmane", a) // a new connection
		_, _, err := receivetest.Push(t.Context(), client, url, "")
		return err
	}
	require.NoError(t, try(before))
	replace := func(file, by string, at time.Time) {
		raw, err := os.ReadFile(by)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, raw, 0o600))
		require.NoError(t, os.Chtimes(file, at, at))
	}
	soon := time.Now().Add(time.Second)
	freshCert, freshKey := after.Issue(t, "receiver")
	replace(cert, freshCert, soon)
	require.NoError(t, try(before), "a certificate without its key is not used")
	replace(key, freshKey, soon)
	replace(before.CAFile, after.CAFile, soon)
	require.NoError(t, try(after))
	require.ErrorContains(t, try(before), "unknown authority")
}

func TestFilesThatAreNoCertificates(t *testing.T) {
	authority := certtest.NewAuthority(t)
	cert, key := authority.Issue(t, "receiver")
	for _, test := range []struct{ name, cert, key, ca, says string }{
		{"no certificate", "", key, authority.CAFile, "receive.certFile"},
		{"another key", cert, authority.CAFile, authority.CAFile, "receive.keyFile"},
		{"no authority", cert, key, "/none", "receive.clientCaFile"},
		{"a key for an authority", cert, key, key, "has no PEM certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := receive.NewTLS(receive.TLSOptions{CertFile: test.cert, KeyFile: test.key, ClientCAFile: test.ca, Logger: quiet})
			require.ErrorContains(t, err, test.says)
		})
	}
}
