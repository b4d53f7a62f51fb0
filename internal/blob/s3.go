package blob

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/probity/probity/internal/evidence"
)

// digestKey is the user metadata that carries an object's SHA-256.
const digestKey = "sha256"

// S3 is a bucket on a server that speaks S3. It is safe for concurrent use.
type S3 struct {
	o      Options
	client *s3.Client
}

// NewS3 returns the bucket that the options describe. It does not talk to the server; [S3.Check] does.
func NewS3(ctx context.Context, o Options) (*S3, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("configure s3: %w", err)
	}
	load, err := o.load()
	if err != nil {
		return nil, fmt.Errorf("configure s3: %w", err)
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("configure s3: %w", err)
	}
	if cfg.Region == "" && o.Endpoint != "" {
		cfg.Region = "us-east-1"
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("configure s3: region is empty: set it, or AWS_REGION")
	}
	client := s3.NewFromConfig(cfg, func(so *s3.Options) {
		so.UsePathStyle = o.PathStyle
		if o.Endpoint != "" {
			so.BaseEndpoint = aws.String(o.Endpoint)
		}
	})
	return &S3{o: o, client: client}, nil
}

func (o Options) load() ([]func(*config.LoadOptions) error, error) {
	var load []func(*config.LoadOptions) error
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.AccessKey != "" {
		load = append(load, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(o.AccessKey, o.SecretKey, "")))
	}
	if o.Endpoint != "" {
		// Servers other than AWS often lack trailing checksums (aws-sdk-go-v2#3007, #3469); our own SHA-256 header stays.
		load = append(load,
			config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
			config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read CA file: %w", err)
		}
		load = append(load, config.WithCustomCABundle(bytes.NewReader(pem)))
	}
	return load, nil
}

// Check tells whether the bucket can be reached and listed with the credentials; the error says which of them is at fault.
// A listing is asked for, since answers to HEAD have no error code.
func (b *S3) Check(ctx context.Context) error {
	_, err := b.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b.o.Bucket, MaxKeys: aws.Int32(1)})
	if err != nil {
		return b.fail("check bucket", "", err)
	}
	return nil
}

// Put stores the body under the key, in place of what is there.
func (b *S3) Put(ctx context.Context, key string, body io.ReadSeeker) error {
	return b.put(ctx, "put", &s3.PutObjectInput{Key: &key, Body: body})
}

// PutIfAbsent stores the body under the key and locks it where a lock is configured; the error is [ErrExists] when the key is
// taken. Of several writers at once, one wins. When an answer is lost and the SDK asks again, the error may be [ErrExists]
// although this call wrote the object: compare the digests.
func (b *S3) PutIfAbsent(ctx context.Context, key string, body io.ReadSeeker) error {
	in := &s3.PutObjectInput{Key: &key, Body: body, IfNoneMatch: aws.String("*")}
	if b.o.LockMode != "" {
		in.ObjectLockMode = types.ObjectLockMode(b.o.LockMode)
		in.ObjectLockRetainUntilDate = aws.Time(b.o.lockUntil(time.Now()))
	}
	return b.put(ctx, putNew, in)
}

func (b *S3) put(ctx context.Context, op string, in *s3.PutObjectInput) error {
	key := aws.ToString(in.Key)
	if err := checkKey(key); err != nil {
		return b.fail(op, key, err)
	}
	body, err := measure(ctx, in.Body.(io.ReadSeeker))
	if err != nil {
		return b.fail(op, key, err)
	}
	in.Bucket, in.ContentLength, in.ContentType = &b.o.Bucket, &body.size, aws.String(evidence.MediaType(key))
	in.ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(body.sum))
	in.Metadata = map[string]string{digestKey: hex.EncodeToString(body.sum)}
	if b.o.SSE != "" {
		in.ServerSideEncryption = types.ServerSideEncryption(b.o.SSE)
	}
	if b.o.KMSKeyID != "" {
		in.SSEKMSKeyId = &b.o.KMSKeyID
	}
	if _, err := b.client.PutObject(ctx, in); err != nil {
		return b.fail(op, key, err)
	}
	return nil
}

// Get opens the object under the key. The caller closes it.
func (b *S3) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.o.Bucket, Key: &key})
	if err != nil {
		return nil, b.fail("get", key, err)
	}
	return out.Body, nil
}

// Head describes the object under the key. The digest is empty when another program wrote the object.
func (b *S3) Head(ctx context.Context, key string) (evidence.Object, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.o.Bucket, Key: &key})
	if err != nil {
		return evidence.Object{}, b.fail("head", key, err)
	}
	return evidence.Object{
		Key: key, SHA256: out.Metadata[digestKey], Bytes: aws.ToInt64(out.ContentLength), MediaType: aws.ToString(out.ContentType),
	}, nil
}

// Copy puts the bytes of one object under another key, in place of what is there, without moving them through this machine.
func (b *S3) Copy(ctx context.Context, from, to string) error {
	if err := checkKey(to); err != nil {
		return b.fail("copy to", to, err)
	}
	in := &s3.CopyObjectInput{Bucket: &b.o.Bucket, Key: &to, CopySource: aws.String(escape(b.o.Bucket + "/" + from))}
	if b.o.SSE != "" {
		in.ServerSideEncryption = types.ServerSideEncryption(b.o.SSE)
	}
	if b.o.KMSKeyID != "" {
		in.SSEKMSKeyId = &b.o.KMSKeyID
	}
	if _, err := b.client.CopyObject(ctx, in); err != nil {
		return b.fail("copy", from, err)
	}
	return nil
}

// Delete removes the object under the key; where the bucket keeps versions, they stay, and some servers (versitygw 1.8) then
// still hold the key to be taken for PutIfAbsent. That there is no object is no error.
func (b *S3) Delete(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.o.Bucket, Key: &key})
	if err != nil {
		return b.fail("delete", key, err)
	}
	return nil
}

// escape encodes the parts of a path for the copy header, which the SDK sends as it is. Servers read a "+" there as a space.
func escape(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.PathEscape(part), "+", "%2B")
	}
	return strings.Join(parts, "/")
}
