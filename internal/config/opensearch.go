package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// openSearchPassword is the environment variable that may hold the password in place of a file.
const openSearchPassword = "PROBITY_OPENSEARCH_PASSWORD"

func (o *OpenSearch) register(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.Addresses, "opensearch-addresses", nil, "URLs of OpenSearch nodes with flow and audit logs (default: none, files only)")
	flags.StringVar(&o.CAFile, "opensearch-ca-file", "", "PEM file of a private certificate authority")
	flags.StringVar(&o.CertFile, "opensearch-cert-file", "", "PEM file of the client certificate")
	flags.StringVar(&o.KeyFile, "opensearch-key-file", "", "PEM file of the client certificate's key")
	flags.StringVar(&o.User, "opensearch-user", "", "user for basic authentication")
	flags.StringVar(&o.PasswordFile, "opensearch-password-file", "", "file with the user's password (or "+openSearchPassword+")")
	flags.StringVar(&o.Region, "opensearch-region", "", "AWS region: sign requests for Amazon OpenSearch Service")
	flags.StringVar(&o.Service, "opensearch-service", "", "AWS service, es or aoss (default: es, with a region)")
	flags.StringVar(&o.Flows, "opensearch-flows", "tigera_secure_ee_flows.{cluster}.*", "indices of flow logs")
	flags.StringVar(&o.AuditKube, "opensearch-audit-kube", "tigera_secure_ee_audit_kube.{cluster}.*", "indices of the Kubernetes API servers' audit events")
	flags.StringVar(&o.AuditEE, "opensearch-audit-ee", "tigera_secure_ee_audit_ee.{cluster}.*", "indices of Calico's API servers' audit events")
	flags.StringVar(&o.Preset, "opensearch-preset", "calico-enterprise", "layout of documents: calico-enterprise, goldmane, fluent-bit or vector")
	flags.StringSliceVar(&o.Mapping, "opensearch-mapping", nil, "what differs from the layout, as audit.event=log,flows.source_name=src.pod")
	flags.IntVar(&o.MaxRequests, "opensearch-max-requests", 4, "requests to OpenSearch at one time")
	flags.DurationVar(&o.Timeout, "opensearch-timeout", 2*time.Minute, "time after which OpenSearch gives a request up")
	flags.DurationVar(&o.Patience, "opensearch-patience", 2*time.Minute, "how long a request is repeated while OpenSearch is busy or lacks shards")
}

// Password is the user's password, from the file or else from the environment; "" without a user.
func (o *OpenSearch) Password() (string, error) {
	if o.User == "" {
		return "", nil
	}
	if o.PasswordFile == "" {
		return os.Getenv(openSearchPassword), nil
	}
	text, err := os.ReadFile(o.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("read opensearch.passwordFile: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func (o *OpenSearch) validate() error {
	switch {
	case !slices.Contains([]string{"", "es", "aoss"}, o.Service):
		return fmt.Errorf("opensearch.service is %q: use es or aoss, or leave it out", o.Service)
	case o.MaxRequests < 1:
		return fmt.Errorf("opensearch.maxRequests is %d: use 1 or more", o.MaxRequests)
	case o.Timeout < time.Second:
		return fmt.Errorf("opensearch.timeout is %s: use 1s or more", o.Timeout)
	case o.Patience < 0:
		return fmt.Errorf("opensearch.patience is %s: use 0s or more", o.Patience)
	}
	return nil
}
