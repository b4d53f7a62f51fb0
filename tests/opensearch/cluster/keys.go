package cluster

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
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// keys are an authority of the test's own, with the files that it has written.
type keys struct {
	folder      string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// newKeys makes an authority and the server's certificate, as ca.pem, node.pem and node.key.
func newKeys(t *testing.T, folder string) *keys {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o700))
	k := &keys{folder: folder}
	template := unsigned(t, "authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	k.certificate, k.key = template, newKey(t)
	k.certificate = k.sign(t, "ca", template, k.key)
	k.issue(t, "node")
	return k
}

// issue writes NAME.pem and NAME.key for a server on loopback or a client of that common name.
func (k *keys) issue(t *testing.T, name string) (certificate, key string) {
	t.Helper()
	template, private := unsigned(t, name), newKey(t)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	k.sign(t, name, template, private)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return filepath.Join(k.folder, name+".pem"), k.write(t, name+".key", "PRIVATE KEY", raw)
}

func (k *keys) sign(t *testing.T, name string, template *x509.Certificate, private *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, k.certificate, &private.PublicKey, k.key)
	require.NoError(t, err)
	k.write(t, name+".pem", "CERTIFICATE", raw)
	signed, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return signed
}

func (k *keys) write(t *testing.T, name, kind string, raw []byte) string {
	t.Helper()
	path := filepath.Join(k.folder, name)
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600))
	return path
}

// trust accepts the certificates of this authority and no other.
func (k *keys) trust() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(k.certificate)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func unsigned(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}
