package config

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"
)

func (r *Receive) register(flags *pflag.FlagSet) {
	flags.StringVar(&r.Address, "receive-address", ":8443", "host:port on which pushed flows are received")
	flags.StringVar(&r.CertFile, "receive-cert-file", "", "PEM file of the receiver's certificate")
	flags.StringVar(&r.KeyFile, "receive-key-file", "", "PEM file of the certificate's key")
	flags.StringVar(&r.ClientCaFile, "receive-client-ca-file", "", "PEM file of the authority that signs the certificates of those who push")
	flags.StringSliceVar(&r.ClientNames, "receive-client-names", nil, "names in the certificates of those who may push (default: any)")
	flags.StringVar(&r.StatusAddress, "receive-status-address", "", "host:port for /healthz and Prometheus metrics, without TLS (default: off)")
	flags.StringVar(&r.Folder, "receive-folder", "", "folder that received flows are written to; workers read it as inputs.flows (default: none, OpenSearch)")
	flags.DurationVar(&r.FileAge, "receive-file-age", 5*time.Minute, "age at which a file of received flows is closed and can be read")
	flags.IntVar(&r.FileMiB, "receive-file-mib", 256, "size at which a file of received flows is closed, MiB")
	flags.IntVar(&r.BodyMiB, "receive-body-mib", 64, "most that one push may have, MiB")
	flags.IntVar(&r.Parallel, "receive-parallel", 4, "pushes that are taken at one time")
	flags.DurationVar(&r.Window, "receive-window", time.Hour, "time in which a push that is repeated is stored only once")
}

func (r *Receive) validate() error {
	switch {
	case r.FileAge < time.Second || r.FileAge > time.Hour:
		return fmt.Errorf("receive.fileAge is %s: use 1s to 1h", r.FileAge)
	case r.FileMiB < 1 || r.FileMiB > 4096:
		return fmt.Errorf("receive.fileMib is %d: use 1 to 4096", r.FileMiB)
	case r.BodyMiB < 1 || r.BodyMiB > 4096:
		return fmt.Errorf("receive.bodyMib is %d: use 1 to 4096", r.BodyMiB)
	case r.Parallel < 1 || r.Parallel > 64:
		return fmt.Errorf("receive.parallel is %d: use 1 to 64", r.Parallel)
	case r.Window < 0 || r.Window > 24*time.Hour:
		return fmt.Errorf("receive.window is %s: use 0s to 24h", r.Window)
	}
	return nil
}
