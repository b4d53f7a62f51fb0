package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/blob/blobtest"
	"github.com/probity/probity/internal/devstack"
)

func raw(a devstack.Address) *s3.Client {
	return s3.New(s3.Options{
		Region: a.S3.Region, BaseEndpoint: &a.S3.Endpoint, UsePathStyle: true,
		Credentials: awscredentials.NewStaticCredentialsProvider(a.S3.AccessKey, a.S3.SecretKey, ""),
	})
}

func TestS3IsABucket(t *testing.T) {
	blobtest.Run(t, bucket(t, running(t)), "suite/")
}

func TestTheBucketKeepsVersions(t *testing.T) {
	a := running(t)
	b, client := bucket(t, a), raw(a)
	require.NoError(t, b.Put(t.Context(), "versions/a", strings.NewReader("one")))
	require.NoError(t, b.Put(t.Context(), "versions/a", strings.NewReader("two")))
	require.NoError(t, b.Delete(t.Context(), "versions/a"))
	list := func() *s3.ListObjectVersionsOutput {
		out, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &a.S3.Bucket, Prefix: aws.String("versions/")})
		require.NoError(t, err)
		return out
	}
	require.Len(t, list().Versions, 2)
	require.Len(t, list().DeleteMarkers, 1)
	t.Run("and a sweep removes them all", func(t *testing.T) {
		swept, err := b.Sweep(t.Context(), "versions/", time.Now().Add(time.Hour))
		require.NoError(t, err)
		require.EqualValues(t, 3, swept.Objects)
		require.EqualValues(t, 6, swept.Bytes)
		require.Empty(t, list().Versions)
		require.Empty(t, list().DeleteMarkers)
	})
}

func TestWhatIsLockedStays(t *testing.T) {
	a := running(t)
	client := raw(a)
	b, err := blob.NewS3(t.Context(), blob.Options{
		Bucket: a.S3.Bucket, Endpoint: a.S3.Endpoint, PathStyle: true, AccessKey: a.S3.AccessKey, SecretKey: a.S3.SecretKey,
		LockMode: "COMPLIANCE", LockDays: 1,
	})
	require.NoError(t, err)
	require.NoError(t, b.PutIfAbsent(t.Context(), "locked/a", strings.NewReader("evidence")))
	require.NoError(t, b.Put(t.Context(), "locked/free", strings.NewReader("staging")))
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &a.S3.Bucket, Key: aws.String("locked/a")})
	require.NoError(t, err)
	require.Equal(t, types.ObjectLockModeCompliance, head.ObjectLockMode)
	require.WithinDuration(t, time.Now().Add(24*time.Hour), *head.ObjectLockRetainUntilDate, time.Hour)
	t.Run("its version cannot be deleted", func(t *testing.T) {
		_, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{
			Bucket: &a.S3.Bucket, Key: aws.String("locked/a"), VersionId: head.VersionId, BypassGovernanceRetention: aws.Bool(true),
		})
		require.ErrorContains(t, err, "AccessDenied")
	})
	t.Run("the lock cannot be shortened", func(t *testing.T) {
		_, err := client.PutObjectRetention(t.Context(), &s3.PutObjectRetentionInput{
			Bucket: &a.S3.Bucket, Key: aws.String("locked/a"), VersionId: head.VersionId,
			Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeCompliance, RetainUntilDate: aws.Time(time.Now().Add(time.Minute))},
		})
		require.Error(t, err)
	})
	t.Run("a sweep leaves and counts it", func(t *testing.T) {
		swept, err := b.Sweep(t.Context(), "locked/", time.Now().Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, blob.Swept{Objects: 1, Bytes: 7, Kept: 1}, swept)
	})
	body, err := b.Get(t.Context(), "locked/a")
	require.NoError(t, err)
	require.NoError(t, body.Close())
}

func TestTheServerHasNoLifecycleRules(t *testing.T) {
	require.ErrorIs(t, bucket(t, running(t)).SetLifecycle(t.Context(), "staging/", 7), blob.ErrUnsupported)
}

func TestTheServerChecksWhoAsks(t *testing.T) {
	a := running(t)
	for name, change := range map[string]func(*blob.Options){
		"wrong key":    func(o *blob.Options) { o.AccessKey = "other" },
		"wrong secret": func(o *blob.Options) { o.SecretKey = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			o := blob.Options{Bucket: a.S3.Bucket, Endpoint: a.S3.Endpoint, PathStyle: true, AccessKey: a.S3.AccessKey, SecretKey: a.S3.SecretKey}
			change(&o)
			b, err := blob.NewS3(t.Context(), o)
			require.NoError(t, err)
			require.ErrorIs(t, b.Check(t.Context()), blob.ErrDenied)
			_, err = b.Get(t.Context(), "a")
			require.ErrorIs(t, err, blob.ErrDenied)
		})
	}
}

func TestAMissingBucketIsNotAMissingObject(t *testing.T) {
	a := running(t)
	b, err := blob.NewS3(t.Context(), blob.Options{Bucket: "elsewhere", Endpoint: a.S3.Endpoint, PathStyle: true, AccessKey: a.S3.AccessKey, SecretKey: a.S3.SecretKey})
	require.NoError(t, err)
	_, err = b.Get(t.Context(), "a")
	require.ErrorContains(t, err, "NoSuchBucket")
	require.False(t, errors.Is(err, blob.ErrNotFound))
}
