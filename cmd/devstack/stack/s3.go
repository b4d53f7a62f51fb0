package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// Limits of the gateway. The gateway's own defaults are meant for many users.
const (
	maxConnections = 512
	maxRequests    = 256
	maxParts       = 10_000
	maxCopy        = 5 << 30 // bytes; an embedded gateway refuses every copy unless it is set
)

// gateway is a running S3 server.
type gateway struct {
	stop context.CancelFunc
	done chan struct{}
	err  error // valid once done is closed
}

// startS3 starts the gateway over three folders: objects, their older versions and, where the file system has no extended
// attributes, what is kept about them. It changes the working directory of the process.
func startS3(f *folder, port int, secret string) (*gateway, error) {
	objects, versions := f.file("objects"), f.file("versions")
	for _, path := range []string{objects, versions} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, fmt.Errorf("make folder %s: %w", path, reason(err))
		}
	}
	opts := posix.PosixOpts{VersioningDir: versions, CopyObjectThreshold: maxCopy}
	store, err := metadata(f, objects, &opts)
	if err != nil {
		return nil, err
	}
	backend, err := posix.New(objects, store, opts)
	if err != nil {
		return nil, fmt.Errorf("open the S3 server's folder: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	g := &gateway{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(g.done)
		g.err = embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
			RootUserAccess: accessKey, RootUserSecret: secret, Region: Region, Ports: []string{address(port)},
			MaxConnections: maxConnections, MaxRequests: maxRequests, MultipartMaxParts: maxParts,
			Quiet: true, KeepAlive: true, HealthPath: healthPath,
		})
	}()
	return g, nil
}

// healthPath is answered without credentials.
const healthPath = "/healthz"

func metadata(f *folder, objects string, opts *posix.PosixOpts) (meta.MetadataStorer, error) {
	attributes := meta.XattrMeta{}
	if attributes.Test(objects) == nil {
		return attributes, nil
	}
	path := f.file("metadata")
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make folder %s: %w", path, reason(err))
	}
	opts.SideCarDir = path
	store, err := meta.NewSideCar(path)
	if err != nil {
		return nil, fmt.Errorf("open the S3 server's metadata: %w", err)
	}
	return store, nil
}

// close stops the gateway and waits for it.
func (g *gateway) close() error {
	g.stop()
	<-g.done
	return g.err
}

// makeBucket makes the bucket with object lock, and so with versions, unless it is there.
func makeBucket(ctx context.Context, endpoint, secret string) error {
	client := s3.New(s3.Options{
		Region: Region, BaseEndpoint: &endpoint, UsePathStyle: true,
		Credentials: awscredentials.NewStaticCredentialsProvider(accessKey, secret, ""),
	})
	_, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(Bucket)})
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusNotFound {
		_, err = client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(Bucket), ObjectLockEnabledForBucket: aws.Bool(true)})
	}
	if err != nil {
		return fmt.Errorf("make bucket %s: %w", Bucket, err)
	}
	return nil
}
