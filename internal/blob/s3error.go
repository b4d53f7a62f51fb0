package blob

import (
	"errors"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// kinds are the error codes of S3 that callers tell apart. A missing bucket is none of them: it is a mistake in the
// configuration, not a missing object.
var kinds = map[string]error{
	"NoSuchKey":               ErrNotFound,
	"NotFound":                ErrNotFound,
	"NoSuchVersion":           ErrNotFound,
	"PreconditionFailed":      ErrExists,
	"AccessDenied":            ErrDenied,
	"Forbidden":               ErrDenied,
	"InvalidAccessKeyId":      ErrDenied,
	"XAdminUserNotFound":      ErrDenied, // versitygw, with status 404
	"SignatureDoesNotMatch":   ErrDenied,
	"ExpiredToken":            ErrDenied,
	"NotImplemented":          ErrUnsupported,
	"XNotImplemented":         ErrUnsupported,
	"VersioningNotConfigured": ErrUnsupported,
}

// statuses tell the kind where the answer has no code, as answers to HEAD.
var statuses = map[int]error{
	http.StatusNotFound:           ErrNotFound,
	http.StatusForbidden:          ErrDenied,
	http.StatusUnauthorized:       ErrDenied,
	http.StatusPreconditionFailed: ErrExists,
	http.StatusNotImplemented:     ErrUnsupported,
}

func (b *S3) fail(op, key string, cause error) error {
	return &Error{Op: op, Where: "s3://" + b.o.Bucket + "/" + key, Kind: kindOf(cause), Cause: cause}
}

// failed is fail for a cause that may be nil.
func (b *S3) failed(op, key string, cause error) error {
	if cause == nil {
		return nil
	}
	return b.fail(op, key, cause)
}

func kindOf(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		if kind, ok := kinds[api.ErrorCode()]; ok {
			return kind
		}
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && (api == nil || api.ErrorCode() == "" || api.ErrorCode() == "UnknownError") {
		return statuses[response.HTTPStatusCode()]
	}
	return nil
}
