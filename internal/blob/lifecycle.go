package blob

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// SetLifecycle makes the server expire the objects of a folder, their versions and unfinished uploads after some days. Rules
// of other folders stay. The error is [ErrUnsupported] where the server has no lifecycle rules: use [S3.Sweep] there.
func (b *S3) SetLifecycle(ctx context.Context, folder string, days int) error {
	return b.setRule(ctx, folder, days, expiry(folder, days))
}

// ExpireUploads makes the server clear away, after some days, the parts of streams into a folder that were never finished, as a
// killed process leaves them. Objects stay. Rules and errors are as for SetLifecycle.
func (b *S3) ExpireUploads(ctx context.Context, folder string, days int) error {
	return b.setRule(ctx, folder, days, types.LifecycleRule{
		ID:                             aws.String("probity:uploads:" + folder),
		Status:                         types.ExpirationStatusEnabled,
		Filter:                         &types.LifecycleRuleFilter{Prefix: &folder},
		AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(int32(days))},
	})
}

func (b *S3) setRule(ctx context.Context, folder string, days int, rule types.LifecycleRule) error {
	if err := checkSweep(folder); err != nil {
		return b.fail("set lifecycle", folder, err)
	}
	if days < 1 {
		return b.fail("set lifecycle", folder, fmt.Errorf("%d days are too few: use at least 1", days))
	}
	rules, err := b.lifecycleRules(ctx)
	if err != nil {
		return b.fail("get lifecycle", "", err)
	}
	_, err = b.client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket:                 &b.o.Bucket,
		LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: withRule(rules, rule)},
	})
	return b.failed("set lifecycle", folder, err)
}

func (b *S3) lifecycleRules(ctx context.Context) ([]types.LifecycleRule, error) {
	out, err := b.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &b.o.Bucket})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchLifecycleConfiguration" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.Rules, nil
}

func expiry(folder string, days int) types.LifecycleRule {
	after := aws.Int32(int32(days))
	return types.LifecycleRule{
		ID:                             aws.String("probity:" + folder),
		Status:                         types.ExpirationStatusEnabled,
		Filter:                         &types.LifecycleRuleFilter{Prefix: &folder},
		Expiration:                     &types.LifecycleExpiration{Days: after},
		NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1)},
		AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: after},
	}
}

// withRule replaces the rule of the same id; the request replaces all rules of the bucket, so the others are sent again.
func withRule(rules []types.LifecycleRule, rule types.LifecycleRule) []types.LifecycleRule {
	var all []types.LifecycleRule
	for _, r := range rules {
		if aws.ToString(r.ID) != aws.ToString(rule.ID) {
			all = append(all, r)
		}
	}
	return append(all, rule)
}
