package kube

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/probity/probity/internal/resource"
)

// Watched is what a watch tells.
type Watched struct {
	Type    string // Added, Modified, Deleted or Bookmark
	Version string // resourceVersion of the object; of a bookmark: everything up to it was told
	// Raw is the object as the server sent it; Object is its archived form (without managed fields). Both are valid during the call.
	// A bookmark has none.
	Raw, Object []byte
}

// The types of Watched.
const (
	Added    = "ADDED"
	Modified = "MODIFIED"
	Deleted  = "DELETED"
	Bookmark = "BOOKMARK"
)

// ErrExpired says that a watch cannot go on where it is to begin: the server does not have the changes since any more.
var ErrExpired = errors.New("the API server does not keep changes for that long")

// WatchTime is how long the server is asked to keep one watch up. One that ends in an orderly way after that time has told everything
// until then, also on servers that send no bookmarks; one that ends sooner, as when the server stops, may have not.
const WatchTime = 4 * time.Minute

// maxWatchLine bounds one line of a watch.
const maxWatchLine = 32 << 20

// Changes lists and watches single kinds of an API server. It is safe for concurrent use.
type Changes struct {
	client *client
}

// NewChanges does not talk to the API server yet.
func NewChanges(config *rest.Config) (*Changes, error) {
	// Every kind has a watch of its own, and they are all begun at once.
	own := rest.CopyConfig(config)
	own.QPS, own.Burst = 100, 200
	c, err := newClient(own)
	if err != nil {
		return nil, err
	}
	return &Changes{c}, nil
}

// Discover tells how the followed kinds are served, as [Discover] does.
func (c *Changes) Discover(ctx context.Context) ([]Served, error) {
	found, err := discover(ctx, c.client)
	if err != nil {
		return nil, err
	}
	return found.kinds(), nil
}

// List gives every object of a kind in its archived form, valid during the call, and returns the list's resourceVersion. begin is called
// before the first object; when it is called again the list expired, and what was given since is void.
func (c *Changes) List(
	ctx context.Context, place schema.GroupVersionResource, kind resource.Kind, begin func() error, object func([]byte) error,
) (version string, err error) {
	l := &lister{client: c.client, to: &kindReceiver{begin, object}}
	listed := Listed{Kind: kind}
	if err := l.list(ctx, place, &listed); err != nil {
		return "", fmt.Errorf("list %s: %w", place.Resource, err)
	}
	return listed.Version, nil
}

// kindReceiver takes the list of one kind.
type kindReceiver struct {
	begin  func() error
	object func([]byte) error
}

func (r *kindReceiver) Start(time.Time, bool) error      { return nil }
func (r *kindReceiver) Begin(resource.Kind) error        { return r.begin() }
func (r *kindReceiver) Object(raw json.RawMessage) error { return r.object(raw) }
func (r *kindReceiver) End() error                       { return nil }

// Watch tells each change of a kind after a resourceVersion, in order, with bookmarks where the server sends them. It returns nil when the
// server ended the watch in an orderly way, with ErrExpired, with the server's error and with that of tell.
func (c *Changes) Watch(
	ctx context.Context, place schema.GroupVersionResource, kind resource.Kind, version string, tell func(*Watched) error,
) error {
	query := url.Values{
		"watch": {"true"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {version},
		"timeoutSeconds": {strconv.Itoa(int(WatchTime / time.Second))},
	}
	answer, err := c.client.get(ctx, ListPath(place), query)
	if err != nil {
		return fmt.Errorf("watch %s: %w", place.Resource, expired(err))
	}
	defer answer.body.Close()
	stop := context.AfterFunc(ctx, func() { answer.body.Close() })
	defer stop()
	lines := bufio.NewScanner(answer.body)
	lines.Buffer(make([]byte, 0, 64<<10), maxWatchLine)
	shape := newShaper(place.GroupVersion().String(), kind.String())
	for lines.Scan() {
		watched, err := readWatched(lines.Bytes(), shape)
		if err != nil {
			return fmt.Errorf("watch %s: %w", place.Resource, err)
		}
		if err := tell(watched); err != nil {
			return err
		}
	}
	if err := errors.Join(ctx.Err(), lines.Err()); err != nil {
		return fmt.Errorf("watch %s: %w", place.Resource, err)
	}
	return nil
}

// Version is the resourceVersion of a kind now: changes up to it were made before the answer.
func (c *Changes) Version(ctx context.Context, place schema.GroupVersionResource) (string, error) {
	answer, err := c.client.get(ctx, ListPath(place), url.Values{"limit": {"1"}})
	if err != nil {
		return "", err
	}
	defer answer.body.Close()
	version := ""
	err = scanPage(answer.body, page{
		meta: func(meta listMeta) error {
			version = meta.Version
			return nil
		},
		item: func([]byte) error { return nil },
	})
	return version, err
}

func readWatched(line []byte, shape *shaper) (*Watched, error) {
	var event struct {
		Type   string          `json:"type"`
		Object json.RawMessage `json:"object"`
	}
	if err := json.Unmarshal(line, &event); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	if event.Type == "ERROR" {
		status := &metav1.Status{}
		if err := json.Unmarshal(event.Object, status); err != nil {
			return nil, fmt.Errorf("decode error: %w", err)
		}
		return nil, expired(&apierrors.StatusError{ErrStatus: *status})
	}
	var object struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(event.Object, &object); err != nil {
		return nil, fmt.Errorf("decode object: %w", err)
	}
	watched := &Watched{Type: event.Type, Version: object.Metadata.ResourceVersion}
	if event.Type == Bookmark {
		return watched, nil
	}
	var err error
	watched.Raw = event.Object
	watched.Object, err = shape.shape(event.Object)
	return watched, err
}

// expired marks errors that say that a version is too old.
func expired(err error) error {
	var status apierrors.APIStatus
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || errors.As(err, &status) && status.Status().Code == http.StatusGone {
		return fmt.Errorf("%w: %s", ErrExpired, err.Error())
	}
	return err
}
