package stack

import (
	"fmt"
	"path/filepath"
)

// What a stack is made with. The namespace and the bucket are made at the first start.
const (
	Namespace = "default"
	Bucket    = "probity"
	Region    = "us-east-1"
	host      = "127.0.0.1"
)

// retentionDays is how long the history of a closed workflow is kept. A monthly report outlives shorter retentions.
const retentionDays = 30

// Options tell where a stack keeps its data and listens.
type Options struct {
	Folder string // made when it is missing

	// Ports to listen on; zero picks a free one.
	TemporalPort, UIPort, S3Port int
}

// resolve makes the folder absolute, since the gateway changes the working directory, and picks ports.
func (o Options) resolve() (Options, error) {
	folder, err := filepath.Abs(o.Folder)
	if err != nil {
		return o, fmt.Errorf("find folder %s: %w", o.Folder, err)
	}
	o.Folder = folder
	for _, p := range []struct {
		name, flag string
		port       *int
	}{
		{"Temporal", "--temporal-port", &o.TemporalPort},
		{"UI", "--ui-port", &o.UIPort},
		{"S3", "--s3-port", &o.S3Port},
	} {
		if *p.port < 0 || *p.port > 65535 {
			return o, fmt.Errorf("%s port %d is not a port: use 0 to 65535 with %s", p.name, *p.port, p.flag)
		}
		taken := *p.port
		if *p.port, err = freePort(*p.port); err != nil {
			return o, fmt.Errorf("%s port %d is taken (%w): stop what listens there, or use another one with %s", p.name, taken, err, p.flag)
		}
	}
	return o, nil
}
