package blob

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// List calls yield with each object whose key starts with prefix, in the order of the keys' bytes. An error of yield ends the
// listing and is returned as it is.
func (b *S3) List(ctx context.Context, prefix string, yield func(key string, modified time.Time) error) error {
	return b.objects(ctx, prefix, func(o types.Object) error {
		return yield(aws.ToString(o.Key), aws.ToTime(o.LastModified).UTC())
	})
}

func (b *S3) objects(ctx context.Context, prefix string, yield func(types.Object) error) error {
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.o.Bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return b.fail("list", prefix, err)
		}
		for _, o := range page.Contents {
			if err := yield(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// Folders are the folders directly below a folder: "a/" has "a/b/" when there is an object "a/b/c". Sorted; each ends in "/".
func (b *S3) Folders(ctx context.Context, folder string) ([]string, error) {
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.o.Bucket, Prefix: &folder, Delimiter: aws.String("/")})
	var folders []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.fail("list folders", folder, err)
		}
		for _, p := range page.CommonPrefixes {
			folders = append(folders, aws.ToString(p.Prefix))
		}
	}
	return folders, nil
}

// Sweep removes the objects of a folder that were last changed before a time, with their versions where the bucket keeps
// them; what a lock holds stays and is counted. It takes the place of a lifecycle rule where the server has none.
func (b *S3) Sweep(ctx context.Context, folder string, before time.Time) (Swept, error) {
	if err := checkSweep(folder); err != nil {
		return Swept{}, b.fail("sweep", folder, err)
	}
	s := sweep{bucket: b, before: before}
	err := s.versions(ctx, folder)
	if errors.Is(err, ErrUnsupported) {
		err = b.objects(ctx, folder, func(o types.Object) error {
			return s.remove(ctx, aws.ToString(o.Key), nil, aws.ToTime(o.LastModified), aws.ToInt64(o.Size))
		})
	}
	return s.swept, err
}

type sweep struct {
	bucket *S3
	before time.Time
	swept  Swept
}

func (s *sweep) versions(ctx context.Context, folder string) error {
	in := &s3.ListObjectVersionsInput{Bucket: &s.bucket.o.Bucket, Prefix: &folder}
	for {
		page, err := s.bucket.client.ListObjectVersions(ctx, in)
		if err != nil {
			return s.bucket.fail("list versions", folder, err)
		}
		for _, v := range page.Versions {
			if err := s.remove(ctx, aws.ToString(v.Key), v.VersionId, aws.ToTime(v.LastModified), aws.ToInt64(v.Size)); err != nil {
				return err
			}
		}
		if err := s.markers(ctx, page.DeleteMarkers); err != nil {
			return err
		}
		if !aws.ToBool(page.IsTruncated) {
			return nil
		}
		in.KeyMarker, in.VersionIdMarker = page.NextKeyMarker, page.NextVersionIdMarker
	}
}

func (s *sweep) markers(ctx context.Context, markers []types.DeleteMarkerEntry) error {
	for _, m := range markers {
		if err := s.remove(ctx, aws.ToString(m.Key), m.VersionId, aws.ToTime(m.LastModified), 0); err != nil {
			return err
		}
	}
	return nil
}

func (s *sweep) remove(ctx context.Context, key string, version *string, modified time.Time, size int64) error {
	if !modified.Before(s.before) {
		return nil
	}
	in := &s3.DeleteObjectInput{Bucket: &s.bucket.o.Bucket, Key: &key, VersionId: version}
	_, err := s.bucket.client.DeleteObject(ctx, in)
	if err = s.bucket.failed("delete", key, err); errors.Is(err, ErrDenied) {
		s.swept.Kept++
		return nil
	}
	if err != nil {
		return err
	}
	s.swept.Objects, s.swept.Bytes = s.swept.Objects+1, s.swept.Bytes+size
	return nil
}
