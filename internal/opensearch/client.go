package opensearch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	osclient "github.com/opensearch-project/opensearch-go/v2"
	"github.com/opensearch-project/opensearch-go/v2/signer"
	"github.com/opensearch-project/opensearch-go/v2/signer/awsv2"
)

// Client talks to one OpenSearch cluster. It is safe for concurrent use.
type Client struct {
	options Options
	low     *osclient.Client
	slots   chan struct{}
	pause   time.Duration // before the first repetition; it doubles
}

// firstPause is how long a request waits before it is repeated the first time.
const firstPause = 250 * time.Millisecond

// New returns a client of the cluster that the options describe. It reads the files that they name, and does not talk to the
// server yet.
func New(ctx context.Context, o Options) (*Client, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("configure opensearch: %w", err)
	}
	o = o.withDefaults()
	transport, err := o.transport()
	if err != nil {
		return nil, fmt.Errorf("configure opensearch: %w", err)
	}
	sign, err := o.signer(ctx)
	if err != nil {
		return nil, fmt.Errorf("configure opensearch: %w", err)
	}
	low, err := osclient.NewClient(osclient.Config{
		Addresses: o.Addresses, Username: o.User, Password: o.Password, Signer: sign,
		Transport: handOver{transport},
		// The client's own repetitions know no Retry-After and no context; see Client.attempts.
		DisableRetry: true,
	})
	if err != nil {
		return nil, fmt.Errorf("configure opensearch: %w", err)
	}
	return &Client{options: o, low: low, slots: make(chan struct{}, o.MaxRequests), pause: firstPause}, nil
}

func (o Options) transport() (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		MaxIdleConnsPerHost:   o.MaxRequests,
		IdleConnTimeout:       time.Minute,
		ForceAttemptHTTP2:     true,
		ResponseHeaderTimeout: 0, // a search answers when it is done: the request's own time-out bounds it
		DisableCompression:    true,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate: give a PEM file", o.CAFile)
		}
		t.TLSClientConfig.RootCAs = pool
	}
	if o.CertFile != "" {
		// Read at each handshake, so that a certificate that was renewed on disk is used without a restart.
		if _, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile); err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
			return &pair, err
		}
	}
	return t, nil
}

func (o Options) signer(ctx context.Context) (signer.Signer, error) {
	if o.Region == "" {
		return nil, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(o.Region))
	if err != nil {
		return nil, fmt.Errorf("load AWS credentials: %w", err)
	}
	return awsv2.NewSignerWithService(cfg, o.Service)
}

// String names the cluster by its addresses.
func (c *Client) String() string { return strings.Join(c.options.Addresses, ", ") }
