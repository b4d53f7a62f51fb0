// Package certtest makes certificates for tests: an authority, servers on loopback and clients, all of them good for a day.
package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority signs certificates.
type Authority struct {
	// Folder is where its files are written.
	Folder string
	// CAFile is its own certificate, PEM.
	CAFile string

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

// NewAuthority makes an authority whose files are in a folder of the test.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	return In(t, t.TempDir())
}

// In makes an authority whose files are in the folder, which is made if it is not there; its own certificate is ca.pem.
func In(t testing.TB, folder string) *Authority {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o700))
	a := &Authority{Folder: folder, CAFile: filepath.Join(folder, "ca.pem"), pool: x509.NewCertPool()}
	template := unsigned(t, "authority")
	template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	key, der := a.sign(t, template)
	var err error
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.key = key
	a.pool.AddCert(a.cert)
	a.write(t, "ca.pem", "CERTIFICATE", der)
	return a
}

// Issue writes NAME.pem and NAME.key: for a client, and for a server on 127.0.0.1, localhost and NAME.test. The common name is the
// name. A later certificate of the same name takes the place of an earlier one.
func (a *Authority) Issue(t testing.TB, name string) (certFile, keyFile string) {
	t.Helper()
	key, der := a.sign(t, unsigned(t, name))
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return a.write(t, name+".pem", "CERTIFICATE", der), a.write(t, name+".key", "PRIVATE KEY", encoded)
}

// Trust accepts the certificates of this authority and no others.
func (a *Authority) Trust() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: a.pool}
}

// Client trusts the authority and shows a certificate of the name, signed by signer; with a nil signer it shows none.
func (a *Authority) Client(t testing.TB, name string, signer *Authority) *http.Client {
	t.Helper()
	config := a.Trust()
	if signer != nil {
		pair, err := tls.LoadX509KeyPair(signer.Issue(t, name))
		require.NoError(t, err)
		// Shown even to a server that did not ask for one of this authority.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// sign makes a key and its certificate, by the authority or, when it has none yet, by itself.
func (a *Authority) sign(t testing.TB, template *x509.Certificate) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	return key, der
}

func (a *Authority) write(t testing.TB, name, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(a.Folder, name)
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}

func unsigned(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{name + ".test", "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}
