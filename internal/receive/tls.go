package receive

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// TLSOptions name the files of mutual TLS, all PEM.
type TLSOptions struct {
	CertFile, KeyFile string
	// ClientCAFile has the authorities that sign the certificates of those who may push.
	ClientCAFile string
	// ClientNames are DNS names or common names, of which a client's certificate must have one; none means any.
	ClientNames []string
	// Logger is told when files that changed cannot be used.
	Logger *slog.Logger
}

// NewTLS reads the files and returns the server's side of mutual TLS, version 1.2 or later. Files that change are read again
// with the next connection; when they cannot be used, those from before are.
func NewTLS(o TLSOptions) (*tls.Config, error) {
	f := &tlsFiles{TLSOptions: o}
	first, err := f.load()
	if err != nil {
		return nil, err
	}
	f.config = first
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.current(), nil },
	}, nil
}

// tlsFiles is safe for concurrent use.
type tlsFiles struct {
	TLSOptions
	mu     sync.Mutex
	config *tls.Config
	seen   [3]time.Time // when the files were changed
}

func (f *tlsFiles) current() *tls.Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changes() == f.seen {
		return f.config
	}
	fresh, err := f.load()
	if err != nil {
		f.Logger.Error("the changed certificates cannot be used; those from before are", "error", err)
		return f.config
	}
	f.config = fresh
	return fresh
}

func (f *tlsFiles) changes() (at [3]time.Time) {
	for i, name := range []string{f.CertFile, f.KeyFile, f.ClientCAFile} {
		if info, err := os.Stat(name); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}

func (f *tlsFiles) load() (*tls.Config, error) {
	f.seen = f.changes() // before they are read: a change in between is seen the next time
	cert, err := tls.LoadX509KeyPair(f.CertFile, f.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read receive.certFile and receive.keyFile: %w", err)
	}
	raw, err := os.ReadFile(f.ClientCAFile)
	if err != nil {
		return nil, fmt.Errorf("read receive.clientCaFile: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("read receive.clientCaFile: %s has no PEM certificate", f.ClientCAFile)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, VerifyConnection: f.verify,
	}, nil
}

// verify looks at the client's name; that its certificate is good is known by then.
func (f *tlsFiles) verify(state tls.ConnectionState) error {
	if len(f.ClientNames) == 0 {
		return nil
	}
	leaf := state.PeerCertificates[0]
	names := append([]string{leaf.Subject.CommonName}, leaf.DNSNames...)
	if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(f.ClientNames, name) }) {
		return nil
	}
	return fmt.Errorf("client certificate of %q is not among receive.clientNames %q", names, f.ClientNames)
}
