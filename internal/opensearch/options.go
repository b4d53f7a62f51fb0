package opensearch

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Defaults of Options.
const (
	DefaultMaxRequests = 4
	DefaultTimeout     = 2 * time.Minute
	DefaultPatience    = 2 * time.Minute
)

// Options say how a server is reached. Only Addresses are needed.
type Options struct {
	Addresses []string // URLs of nodes of one cluster; the next one is used when one does not answer

	CAFile   string // PEM file of the authorities that sign the server's certificate, beside the system's
	CertFile string // PEM file of the client's own certificate; needs KeyFile
	KeyFile  string // PEM file of its key

	User, Password string // basic authentication

	// Region and Service sign requests as Amazon's services want it (Signature Version 4), with the SDK's own chain of
	// credentials. Service is "es" for domains, "aoss" for serverless collections; no region means no signature.
	Region, Service string

	MaxRequests int           // requests at one time; 0 means DefaultMaxRequests
	Timeout     time.Duration // of one request, after which the server gives it up; 0 means DefaultTimeout
	// Patience is how long a request is repeated while the server is busy, away, or lacks shards; 0 means DefaultPatience.
	Patience time.Duration
}

func (o Options) withDefaults() Options {
	o.MaxRequests = cmp.Or(o.MaxRequests, DefaultMaxRequests)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Patience = cmp.Or(o.Patience, DefaultPatience)
	if o.Region != "" {
		o.Service = cmp.Or(o.Service, "es")
	}
	return o
}

func (o Options) validate() error {
	if len(o.Addresses) == 0 {
		return errors.New("addresses are empty: give at least one URL such as https://search.example.com:9200")
	}
	for _, address := range o.Addresses {
		u, err := url.Parse(address)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			return fmt.Errorf("address %q is not usable: give a URL such as https://search.example.com:9200", address)
		case u.User != nil:
			return fmt.Errorf("address of %s holds a user: give it as user, and its password by a file", u.Host)
		case u.RawQuery != "" || u.Fragment != "":
			return fmt.Errorf("address %q holds a query: give a URL such as https://search.example.com:9200", address)
		}
	}
	switch {
	case (o.CertFile == "") != (o.KeyFile == ""):
		return fmt.Errorf("certificate file is %q and key file %q: give both or none", o.CertFile, o.KeyFile)
	case (o.User == "") != (o.Password == ""):
		return fmt.Errorf("user is %q, and its password is %s: give both or none", o.User, given(o.Password))
	case o.User != "" && o.Region != "":
		return fmt.Errorf("user is %q with region %q: basic authentication and signatures exclude each other", o.User, o.Region)
	case o.Service != "" && o.Region == "":
		return fmt.Errorf("service is %q without a region: give the region, or leave both out", o.Service)
	case o.MaxRequests < 0 || o.Timeout < 0 || o.Patience < 0:
		return fmt.Errorf("requests at one time are %d, the time-out %s, the patience %s: none can be negative", o.MaxRequests, o.Timeout, o.Patience)
	}
	return nil
}

func given(secret string) string {
	if secret == "" {
		return "empty"
	}
	return "given"
}
