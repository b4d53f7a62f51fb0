package blob

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Options configure [NewS3]. Only Bucket is needed; the rest has the SDK's defaults.
type Options struct {
	Bucket    string
	Endpoint  string // URL of a server other than AWS; empty is AWS
	Region    string // empty: the SDK's chain, then "us-east-1" when Endpoint is set
	PathStyle bool   // address the bucket in the path, not in the host name; most servers other than AWS need it
	CAFile    string // PEM file of the authorities that sign the endpoint's certificate, beside the system's

	// AccessKey and SecretKey are static credentials. Both empty: the SDK's own chain (environment, shared files, web identity,
	// container, instance).
	AccessKey string
	SecretKey string

	SSE      string // server-side encryption: "", "AES256" or "aws:kms"
	KMSKeyID string // for "aws:kms"; empty is the account's default key

	LockMode string // object lock for what PutIfAbsent writes: "", "GOVERNANCE" or "COMPLIANCE"
	LockDays int    // days that the lock holds
}

// maxLockDays is what S3 allows: 100 years.
const maxLockDays = 36500

func (o Options) validate() error {
	if o.Bucket == "" {
		return fmt.Errorf("bucket is empty: name the bucket that keeps the archive")
	}
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("endpoint %q is not usable: give a URL such as https://s3.example.com:9000", o.Endpoint)
		}
	}
	if (o.AccessKey == "") != (o.SecretKey == "") {
		return fmt.Errorf("access key and secret key must be set together, or neither to use the SDK's credential chain")
	}
	if err := oneOf("sse", o.SSE, "AES256", "aws:kms"); err != nil {
		return err
	}
	if o.KMSKeyID != "" && o.SSE != "aws:kms" {
		return fmt.Errorf("kms key id is set, but sse is %q: set it to \"aws:kms\"", o.SSE)
	}
	if err := oneOf("object lock mode", o.LockMode, "GOVERNANCE", "COMPLIANCE"); err != nil {
		return err
	}
	if (o.LockMode != "") != (o.LockDays != 0) || o.LockDays < 0 || o.LockDays > maxLockDays {
		return fmt.Errorf("object lock mode %q with %d days: set both, with 1 to %d days, or neither", o.LockMode, o.LockDays, maxLockDays)
	}
	return nil
}

func oneOf(name, value string, allowed ...string) error {
	if value == "" {
		return nil
	}
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fmt.Errorf("%s is %q: use %s, or leave it empty", name, value, strings.Join(allowed, " or "))
}

func (o Options) lockUntil(now time.Time) time.Time {
	return now.UTC().Add(time.Duration(o.LockDays) * 24 * time.Hour)
}
