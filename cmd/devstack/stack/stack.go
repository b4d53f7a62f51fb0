package stack

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	"go.temporal.io/server/temporal"

	"github.com/probity/probity/internal/devstack"
)

// startPatience is how long the servers may take to answer. They take one or two seconds, on a busy machine some more.
const startPatience = 60 * time.Second

// Stack is a running set of servers.
type Stack struct {
	folder   *folder
	temporal temporal.Server
	ui       *uiserver.Server
	s3       *gateway
	address  devstack.Address
}

// Start starts the servers and returns when all of them answer and the namespace and the bucket are there. A process can have
// one stack at a time. When it fails, nothing is left running.
func Start(ctx context.Context, o Options) (*Stack, error) {
	o, err := o.resolve()
	if err != nil {
		return nil, err
	}
	folder, err := openFolder(o.Folder)
	if err != nil {
		return nil, err
	}
	s := &Stack{folder: folder}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	out := slog.New(slog.NewJSONHandler(s.folder.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	log.SetOutput(s.folder.log)
	keys := s.folder.file("credentials")
	secret, err := credentials(keys)
	if err != nil {
		return err
	}
	s.address = devstack.Address{
		Temporal: address(o.TemporalPort), Namespace: Namespace, UI: "http://" + address(o.UIPort),
		S3: devstack.S3{
			Endpoint: "http://" + address(o.S3Port), Region: Region, Bucket: Bucket,
			AccessKey: accessKey, SecretKey: secret, CredentialsFile: keys,
		},
		Folder: o.Folder, Log: s.folder.log.Name(), PID: os.Getpid(),
	}
	if s.s3, err = startS3(s.folder, o.S3Port, secret); err != nil {
		return err
	}
	if s.temporal, err = startTemporal(s.folder.file("temporal.db"), o.TemporalPort, out); err != nil {
		return err
	}
	s.ui = startUI(o.UIPort, o.TemporalPort)
	return s.ready(ctx)
}

func (s *Stack) ready(ctx context.Context) error {
	if err := waitHTTP(ctx, s.address.S3.Endpoint+healthPath, s.s3.done); err != nil {
		return fmt.Errorf("wait for the S3 server: %w", errors.Join(err, s.s3Error()))
	}
	if err := makeBucket(ctx, s.address.S3.Endpoint, s.address.S3.SecretKey); err != nil {
		return err
	}
	if err := waitTemporal(ctx, s.address.Temporal); err != nil {
		return fmt.Errorf("wait for the Temporal server: %w", err)
	}
	if err := waitHTTP(ctx, s.address.UI, nil); err != nil {
		return fmt.Errorf("wait for the Temporal UI: %w", err)
	}
	return nil
}

func (s *Stack) s3Error() error {
	select {
	case <-s.s3.done:
		return s.s3.err
	default:
		return nil
	}
}

// Address tells where the servers are.
func (s *Stack) Address() devstack.Address { return s.address }

// Failed is closed when the S3 server has ended by itself; [Stack.Stop] tells why. The Temporal server ends the process.
func (s *Stack) Failed() <-chan struct{} { return s.s3.done }

// Stop stops the servers, those that depend on others first, and gives the folder free. It takes two to four seconds.
func (s *Stack) Stop() error {
	var errs []error
	if s.ui != nil {
		s.ui.Stop()
	}
	if s.temporal != nil {
		if err := s.temporal.Stop(); err != nil {
			errs = append(errs, fmt.Errorf("stop the Temporal server: %w", err))
		}
	}
	if s.s3 != nil {
		if err := s.s3.close(); err != nil {
			errs = append(errs, fmt.Errorf("run the S3 server: %w", err))
		}
	}
	s.folder.close()
	return errors.Join(errs...)
}
