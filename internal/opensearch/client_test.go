package opensearch

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/tests/certtest"
)

func TestOptionsRefuse(t *testing.T) {
	one := []string{"https://search.example.com:9200"}
	missing := filepath.Join(t.TempDir(), "absent.pem")
	noPEM := filepath.Join(t.TempDir(), "no.pem")
	require.NoError(t, os.WriteFile(noPEM, []byte("x"), 0o600))
	for says, o := range map[string]Options{
		"addresses are empty":                         {},
		`address "search:9200" is not usable`:         {Addresses: []string{"search:9200"}},
		"address of a:9200 holds a user":              {Addresses: []string{"http://jane:secret@a:9200"}},
		"holds a query":                               {Addresses: []string{"http://a:9200?x=y"}},
		`certificate file is "c" and key file ""`:     {Addresses: one, CertFile: "c"},
		`user is "jane", and its password is empty`:   {Addresses: one, User: "jane"},
		"basic authentication and signatures exclude": {Addresses: one, User: "jane", Password: "secret", Region: "eu-west-1"},
		`service is "aoss" without a region`:          {Addresses: one, Service: "aoss"},
		"none can be negative":                        {Addresses: one, MaxRequests: -1},
		"read certificate authorities":                {Addresses: one, CAFile: missing},
		"holds no certificate":                        {Addresses: one, CAFile: noPEM},
		"read client certificate":                     {Addresses: one, CertFile: noPEM, KeyFile: noPEM},
	} {
		_, err := New(t.Context(), o)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestBasicAuthentication(t *testing.T) {
	f := newFake(t, func(int, *http.Request, string) (int, string) { return 200, "" })
	_, err := readAll(quick(t, Options{Addresses: []string{f.URL + "/behind/a/path/"}, User: "jane", Password: "secret"}), t.Context())
	require.NoError(t, err)
	request := &http.Request{Header: f.requests()[0].header}
	user, password, ok := request.BasicAuth()
	require.True(t, ok)
	require.Equal(t, []string{"jane", "secret"}, []string{user, password})
	require.Equal(t, "/behind/a/path/x", f.requests()[0].path)
}

// Amazon's services look at the signature, which names the service, the region and the hash of the body.
func TestSignature(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
	for service, want := range map[string]string{"": "es", "aoss": "aoss"} {
		f := newFake(t, func(int, *http.Request, string) (int, string) { return 200, `{"hits":{"total":{"value":0}}}` })
		c := quick(t, Options{Addresses: []string{f.URL}, Region: "eu-west-1", Service: service})
		_, _, err := c.ask(t.Context(), "a", m{}, &reading{})
		require.NoError(t, err)
		header := f.requests()[0].header
		require.Contains(t, header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
		require.Contains(t, header.Get("Authorization"), "/eu-west-1/"+want+"/aws4_request")
		require.Len(t, header.Get("X-Amz-Content-Sha256"), 64)
		require.NotEmpty(t, f.requests()[0].body)
	}
}

func TestCertificates(t *testing.T) {
	authority := certtest.NewAuthority(t)
	clientCert, clientKey := authority.Issue(t, "reader")
	pair, err := tls.LoadX509KeyPair(authority.Issue(t, "server"))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.TLS.PeerCertificates[0].Subject.CommonName))
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Trust().RootCAs}
	server.StartTLS()
	defer server.Close()
	address := []string{"https://localhost" + server.Listener.Addr().String()[len("127.0.0.1"):]}
	who, err := readAll(quick(t, Options{Addresses: address, CAFile: authority.CAFile, CertFile: clientCert, KeyFile: clientKey}), t.Context())
	require.NoError(t, err)
	require.Equal(t, "reader", who)
	_, err = readAll(quick(t, Options{Addresses: address, CertFile: clientCert, KeyFile: clientKey}), t.Context())
	require.ErrorContains(t, err, "certificate signed by unknown authority")
	_, err = readAll(quick(t, Options{Addresses: address, CAFile: authority.CAFile}), t.Context())
	require.Error(t, err)
}
