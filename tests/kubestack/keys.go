package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	api "k8s.io/client-go/tools/clientcmd/api"
)

// keys are the certificates of one stack: an authority of its own, which signs the server and everyone who calls it.
type keys struct {
	dir    string
	ca     *x509.Certificate
	caKey  *ecdsa.PrivateKey
	caPEM  []byte
	caller tls.Certificate // the administrator's
}

const validity = 10 * 365 * 24 * time.Hour

// openKeys makes the keys, anew with each start: what was issued before is not valid any more, but the one that signs service
// accounts' tokens is kept.
func openKeys(dir string) (*keys, error) {
	k := &keys{dir: dir}
	var err error
	if k.caKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	template := certificate("kubestack", nil)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.caKey.Public(), k.caKey)
	if err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	if k.ca, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	k.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for _, make := range []func() error{k.writeAuthority, k.writeServer, k.writeAccounts, k.writeCaller} {
		if err := make(); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (k *keys) file(name string) string { return filepath.Join(k.dir, name) }

func (k *keys) write(name string, data []byte) error {
	if err := os.WriteFile(k.file(name), data, 0o600); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

func certificate(name string, groups []string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: groups},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// issue signs a certificate and returns it with its key, both as PEM.
func (k *keys) issue(template *x509.Certificate) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, k.ca, private.Public(), k.caKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sign certificate of %s: %w", template.Subject.CommonName, err)
	}
	raw, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}), nil
}

func (k *keys) writeAuthority() error { return k.write("ca.crt", k.caPEM) }

func (k *keys) writeServer() error {
	template := certificate("kube-apiserver", nil)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost", "kubernetes.default.svc"}
	cert, key, err := k.issue(template)
	if err != nil {
		return err
	}
	if err := k.write("server.crt", cert); err != nil {
		return err
	}
	return k.write("server.key", key)
}

func (k *keys) writeAccounts() error {
	if _, err := os.Stat(k.file("accounts.key")); err == nil {
		return nil
	}
	_, key, err := k.issue(certificate("accounts", nil))
	if err != nil {
		return err
	}
	return k.write("accounts.key", key)
}

func (k *keys) writeCaller() error {
	cert, key, err := k.issue(user("admin", []string{"system:masters"}))
	if err != nil {
		return err
	}
	if k.caller, err = tls.X509KeyPair(cert, key); err != nil {
		return fmt.Errorf("read own certificate: %w", err)
	}
	return k.write("tokens.csv", nil)
}

func user(name string, groups []string) *x509.Certificate {
	template := certificate(name, groups)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return template
}

// client calls as the administrator.
func (k *keys) client() *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(k.ca)
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{k.caller}}},
	}
}

// admin writes the administrator's kubeconfig and returns its path.
func (k *keys) admin(path, server string) (string, error) {
	return k.kubeconfig(path, server, "admin", []string{"system:masters"})
}

func (k *keys) kubeconfig(path, server, name string, groups []string) (string, error) {
	cert, key, err := k.issue(user(name, groups))
	if err != nil {
		return "", err
	}
	return path, k.writeKubeconfig(path, server, name, &api.AuthInfo{ClientCertificateData: cert, ClientKeyData: key})
}

func (k *keys) writeKubeconfig(path, server, name string, auth *api.AuthInfo) error {
	config := api.NewConfig()
	config.Clusters["kubestack"] = &api.Cluster{Server: server, CertificateAuthorityData: k.caPEM}
	config.AuthInfos[name] = auth
	config.Contexts["kubestack"] = &api.Context{Cluster: "kubestack", AuthInfo: name}
	config.CurrentContext = "kubestack"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}

// account is one user as a flag names it.
type account struct {
	name   string
	groups []string
	token  string // "" = by certificate
}

func parseUser(text string) (account, error) {
	rest, byToken := strings.CutPrefix(text, "token:")
	name, groups, _ := strings.Cut(rest, ":")
	a := account{name: name}
	if name == "" || strings.ContainsAny(name, "/,\"\n") {
		return a, fmt.Errorf(`--user is %q: give "name:group,group" or "token:name:group,group"`, text)
	}
	if groups != "" {
		a.groups = strings.Split(groups, ",")
	}
	if byToken {
		raw := make([]byte, 16)
		_, _ = rand.Read(raw)
		a.token = hex.EncodeToString(raw)
	}
	return a, nil
}
