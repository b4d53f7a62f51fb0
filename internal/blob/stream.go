package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/probity/probity/internal/evidence"
)

const (
	streamNew = "stream new"
	// partSize is what a stream holds in memory; S3 takes no smaller part than 5 MiB but the last.
	partSize = 8 << 20
	// maxParts is what S3 takes: with partSize, 80 GB.
	maxParts = 10000
	// abortTimeout bounds the clearing away of an upload that failed.
	abortTimeout = 30 * time.Second
)

// Stream stores a body whose size is not known, as it arrives, under a key that must be free: [ErrExists] otherwise, as for
// [S3.PutIfAbsent], and at the body's end, since S3 asks then. An error of the body leaves nothing under the key and is in the
// returned error's tree. At most 8 MiB are held. [S3.Head] does not know the digest of an object that took several parts.
func (b *S3) Stream(ctx context.Context, key string, body io.Reader) error {
	if err := checkKey(key); err != nil {
		return b.fail(streamNew, key, err)
	}
	parts := &partReader{from: &ctxReader{ctx, body}}
	first, last, err := parts.next()
	if err != nil {
		return b.fail(streamNew, key, err)
	}
	if last {
		return b.PutIfAbsent(ctx, key, bytes.NewReader(first))
	}
	upload, err := b.beginUpload(ctx, key)
	if err != nil {
		return b.fail(streamNew, key, err)
	}
	if err := upload.finish(ctx, first, parts); err != nil {
		upload.abort(ctx)
		return b.fail(streamNew, key, err)
	}
	return nil
}

// partReader cuts a body into parts; they share one buffer.
type partReader struct {
	from   io.Reader
	buffer bytes.Buffer
}

// next gives the next part, which is valid until the one after it, and tells whether it is the last.
func (p *partReader) next() (part []byte, last bool, err error) {
	p.buffer.Reset()
	_, err = io.CopyN(&p.buffer, p.from, partSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, fmt.Errorf("read body: %w", err)
	}
	return p.buffer.Bytes(), err != nil, nil
}

// upload is an object that comes into being when all its parts are there.
type upload struct {
	bucket *S3
	key    string
	id     *string
	parts  []types.CompletedPart
}

func (b *S3) beginUpload(ctx context.Context, key string) (*upload, error) {
	in := &s3.CreateMultipartUploadInput{
		Bucket: &b.o.Bucket, Key: &key, ContentType: aws.String(evidence.MediaType(key)), ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
	}
	if b.o.LockMode != "" {
		in.ObjectLockMode = types.ObjectLockMode(b.o.LockMode)
		in.ObjectLockRetainUntilDate = aws.Time(b.o.lockUntil(time.Now()))
	}
	if b.o.SSE != "" {
		in.ServerSideEncryption = types.ServerSideEncryption(b.o.SSE)
	}
	if b.o.KMSKeyID != "" {
		in.SSEKMSKeyId = &b.o.KMSKeyID
	}
	out, err := b.client.CreateMultipartUpload(ctx, in)
	if err != nil {
		return nil, err
	}
	return &upload{bucket: b, key: key, id: out.UploadId}, nil
}

func (u *upload) finish(ctx context.Context, part []byte, rest *partReader) error {
	for last := false; ; {
		if err := u.put(ctx, part); err != nil {
			return err
		}
		if last {
			return u.complete(ctx)
		}
		var err error
		if part, last, err = rest.next(); err != nil {
			return err
		}
		if last && len(part) == 0 {
			return u.complete(ctx)
		}
	}
}

func (u *upload) put(ctx context.Context, part []byte) error {
	number := int32(len(u.parts) + 1)
	if number > maxParts {
		return fmt.Errorf("body is too large: S3 takes %d parts of %d bytes", maxParts, partSize)
	}
	sum := sha256.Sum256(part)
	checksum := aws.String(base64.StdEncoding.EncodeToString(sum[:]))
	out, err := u.bucket.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.bucket.o.Bucket, Key: &u.key, UploadId: u.id, PartNumber: &number,
		Body: bytes.NewReader(part), ContentLength: aws.Int64(int64(len(part))), ChecksumSHA256: checksum,
	})
	if err != nil {
		return err
	}
	u.parts = append(u.parts, types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumSHA256: checksum})
	return nil
}

func (u *upload) complete(ctx context.Context) error {
	_, err := u.bucket.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.bucket.o.Bucket, Key: &u.key, UploadId: u.id, IfNoneMatch: aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
	return err
}

// abort gives back what the parts take, also when ctx has ended. What a killed process leaves, a lifecycle rule of the bucket
// has to clear away ([S3.ExpireUploads]).
func (u *upload) abort(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	// The stream's own failure is what the caller has to know.
	_, _ = u.bucket.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.bucket.o.Bucket, Key: &u.key, UploadId: u.id})
}
