package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
)

// client asks an API server for raw JSON. Its errors are those of k8s.io/apimachinery/pkg/api/errors.
type client struct {
	rest rest.Interface
}

// newClient does not talk to the API server yet.
func newClient(config *rest.Config) (*client, error) {
	own := rest.CopyConfig(config)
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, metav1.Unversioned)
	own.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	own.APIPath, own.GroupVersion = "", nil
	own.WarningHandler = rest.NoWarnings{} // that Endpoints are deprecated is no news on every page
	// Compressing a page and unpacking it costs more time than sending it plain within a data centre.
	own.DisableCompression = true
	own.Wrap(func(next http.RoundTripper) http.RoundTripper { return dating{next} })
	c, err := rest.UnversionedRESTClientFor(own)
	if err != nil {
		return nil, fmt.Errorf("make a client for the API server: %w", err)
	}
	return &client{c}, nil
}

// answer is a successful answer; the caller closes its body.
type answer struct {
	body io.ReadCloser
	// date is when the server began to answer by its own clock, cut to the second; ours where it did not say.
	date time.Time
}

// get asks for one path. Requests that the server refuses for its load are repeated as it says.
func (c *client) get(ctx context.Context, path string, query url.Values) (*answer, error) {
	a := &answer{}
	request := c.rest.Get().AbsPath(path).SetHeader("Accept", "application/json")
	for name, values := range query {
		for _, value := range values {
			request.Param(name, value)
		}
	}
	body, err := request.Stream(context.WithValue(ctx, dateKey{}, &a.date))
	if err != nil {
		return nil, err
	}
	a.body = body
	return a, nil
}

// maxDocument bounds a document that is decoded as a whole, such as a list of resources: 16 MiB.
const maxDocument = 16 << 20

// read decodes a small document and says when it was answered.
func (c *client) read(ctx context.Context, path string, into any) (time.Time, error) {
	a, err := c.get(ctx, path, nil)
	if err != nil {
		return time.Time{}, err
	}
	defer a.body.Close()
	raw, err := io.ReadAll(io.LimitReader(a.body, maxDocument))
	if err != nil {
		return time.Time{}, err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return time.Time{}, fmt.Errorf("decode %s: %w", path, err)
	}
	return a.date, nil
}

type dateKey struct{}

// dating notes the time that an answer bears, for who asks for it through the request's context.
type dating struct{ next http.RoundTripper }

func (d dating) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := d.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if date, ok := request.Context().Value(dateKey{}).(*time.Time); ok {
		at, err := http.ParseTime(response.Header.Get("Date"))
		if err != nil {
			at = time.Now()
		}
		*date = at.UTC().Truncate(time.Second)
	}
	return response, nil
}
