package cluster

import (
	"crypto/tls"
	"embed"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/tests/certtest"
)

// securityFiles replace the plugin's own of the same names: how people sign in, who there is and what they may do.
//
//go:embed security
var securityFiles embed.FS

// Secure is a server with TLS that lets in whom it knows: "admin", "writer" and "reader" by password, "reader-by-certificate" by
// certificate. A reader may search, and may write nothing.
type Secure struct {
	*Server

	authority *certtest.Authority
}

// StartSecure runs a server with TLS and users for one test, and stops it at the test's end.
func StartSecure(t *testing.T, o devstack.OpenSearchOptions) *Secure {
	t.Helper()
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	o.Jars = jars("security")
	config := filepath.Join(o.Folder, "config")
	s := &Secure{authority: certtest.In(t, config)}
	s.authority.Issue(t, "node")
	copySecurity(t, filepath.Join(o.Jars, "config"), filepath.Join(config, "opensearch-security"))
	settings := map[string]string{
		"plugins.security.ssl.http.enabled":                            "true",
		"plugins.security.ssl.http.clientauth_mode":                    "OPTIONAL",
		"plugins.security.ssl.transport.enforce_hostname_verification": "false",
		"plugins.security.allow_default_init_securityindex":            "true",
		"plugins.security.audit.type":                                  "noop",
		"plugins.security.authcz.admin_dn":                             "CN=keeper",
		"plugins.security.nodes_dn":                                    "CN=node",
	}
	for _, layer := range []string{"http", "transport"} {
		settings["plugins.security.ssl."+layer+".pemcert_filepath"] = "node.pem"
		settings["plugins.security.ssl."+layer+".pemkey_filepath"] = "node.key"
		settings["plugins.security.ssl."+layer+".pemtrustedcas_filepath"] = "ca.pem"
	}
	for name, value := range o.Settings {
		settings[name] = value
	}
	o.Settings = settings
	o.Client = s.As("admin", Password("admin"))
	s.Server = Start(t, o)
	return s
}

func copySecurity(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(to, 0o700))
	plugins, err := os.ReadDir(from)
	require.NoError(t, err, "run `make build-opensearch`")
	for _, file := range plugins {
		raw, err := securityFiles.ReadFile("security/" + file.Name())
		if err != nil {
			raw, err = os.ReadFile(filepath.Join(from, file.Name()))
		}
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, file.Name()), raw, 0o600))
	}
}

// Password is that of a user who signs in by password.
func Password(user string) string { return "probity-" + user }

// CA is the file with the certificate of the authority that signed the server's.
func (s *Secure) CA() string { return s.authority.CAFile }

// Certificate is a client's certificate and key as files: "reader-by-certificate" may read, "keeper" may do everything, and a name
// that the server does not know nothing.
func (s *Secure) Certificate(t *testing.T, name string) (certificate, key string) {
	t.Helper()
	return s.authority.Issue(t, name)
}

// As is a client that trusts the server and signs in by password; an empty user sends no password.
func (s *Secure) As(user, password string) *http.Client {
	return &http.Client{Transport: &signIn{user, password, &http.Transport{TLSClientConfig: s.authority.Trust()}}}
}

// By is a client that trusts the server and shows the certificate of a name.
func (s *Secure) By(t *testing.T, name string) *http.Client {
	t.Helper()
	certificate, key := s.Certificate(t, name)
	pair, err := tls.LoadX509KeyPair(certificate, key)
	require.NoError(t, err)
	config := s.authority.Trust()
	config.Certificates = []tls.Certificate{pair}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}

type signIn struct {
	user, password string
	next           http.RoundTripper
}

func (s *signIn) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.user != "" {
		r = r.Clone(r.Context())
		r.SetBasicAuth(s.user, s.password)
	}
	return s.next.RoundTrip(r)
}
