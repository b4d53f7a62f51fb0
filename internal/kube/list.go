package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/probity/probity/internal/resource"
)

// Receiver takes the objects of a cluster as they arrive, one kind after the other.
type Receiver interface {
	// Start is called once, before anything else, with the moment by which the listing is named, UTC. fixed tells whether
	// another listing would have the same one.
	Start(at time.Time, fixed bool) error
	// Begin opens a kind. What was given of a kind that did not End is void: the list has to be made again, or cannot be made.
	Begin(kind resource.Kind) error
	// Object takes the next object of the kind, one line of JSON with its apiVersion and kind, valid during the call.
	Object(raw json.RawMessage) error
	// End closes the kind: it is whole.
	End() error
}

// Listing says what a cluster gave.
type Listing struct {
	// Complete is the moment from which on the listing holds: nothing in it happened later.
	Complete time.Time
	Kinds    []Listed // every followed kind, in order
	Notes    []string
}

// Listed says how one kind was listed.
type Listed struct {
	Kind resource.Kind
	// Time is a moment before the list was read: each change that an audit event stamps earlier is in the list.
	Time    time.Time
	Version string // resourceVersion of the list
	Absent  bool   // the cluster does not have the kind
	Missing string // why the kind could not be listed
}

// Cluster lists the followed kinds of an API server.
//
// Kinds come in the order of resource.Kinds, the objects of one in the server's order, which is that of their keys
// ("namespace/name") in etcd. Lists are read in pages of 500, the next one asked for while one is taken over, so that memory
// follows the object and not the cluster. (Streaming lists were measured too: of 100,000 objects, 570 MB of JSON, kube-apiserver
// 1.36 sent 203 pages in 8 s, and the initial events of its watches in 13 s or more.) Each kind is consistent: all pages of a list are of one resourceVersion, and a list
// that the server lets expire in the middle (410) is made again from its start. All kinds are asked for at the resourceVersion
// of the first list, so that the listing shows one moment; where a server has that version no more, or another store (an
// aggregated API server), the kind's own version stands in the listing.
//
// # Times
//
// What replays audit logs on top of a listing must neither lose a change nor take one twice. The events bear the clock of the
// API server, so that clock counts here and not ours: the Date of its answers, which is cut to the second. A version is read
// after the answer to the request before it was dated, and before its own answer was. So a change that is not in the list is
// stamped at or after the former date ([Listed.Time]), and a change that is in it before the latter plus one second
// ([Listing.Complete]); both are moved apart by [clockSkew] for several API servers whose clocks differ and for events that are
// stamped late (audit-log.md 35). A replay that begins at Time meets changes that are in the list already; the resourceVersion
// tells them. From Complete on, the state is exact.
type Cluster struct {
	config *rest.Config
}

// clockSkew is how far the clocks of a cluster's API servers may be apart.
const clockSkew = 2 * time.Second

// NewCluster returns the cluster behind the connection. It does not talk to the API server yet.
func NewCluster(config *rest.Config) *Cluster { return &Cluster{config: config} }

// Each gives every object of the followed kinds once. Kinds that the cluster does not have, or may not be listed, are told in
// the listing. It fails when the API server does not answer, and with the receiver's own error.
func (c *Cluster) Each(ctx context.Context, to Receiver) (Listing, error) {
	client, err := newClient(c.config)
	if err != nil {
		return Listing{}, err
	}
	found, err := discover(ctx, client)
	if err != nil {
		return Listing{}, err
	}
	l := &lister{client: client, to: to, last: found.date}
	if err := to.Start(found.date.Add(-clockSkew), false); err != nil {
		return Listing{}, err
	}
	for _, served := range found.kinds() {
		listed, err := l.kind(ctx, &served)
		if err != nil {
			return Listing{}, err
		}
		l.listing.Kinds = append(l.listing.Kinds, listed)
	}
	if l.listing.Complete.IsZero() { // nothing could be listed
		l.listing.Complete = found.date
	}
	return l.listing, nil
}

// lister is one listing being made.
type lister struct {
	client  *client
	to      Receiver
	listing Listing

	last  time.Time // date of the newest answer that is known to be before the next request
	exact string    // resourceVersion at which kinds are listed; "" = none yet, or it expired
	since time.Time // a moment before that version was read
}

// mostRestarts is how often a list that expires is begun again. One expires when it takes longer than the server keeps old
// versions, five minutes by default.
const mostRestarts = 3

func (l *lister) kind(ctx context.Context, served *Served) (Listed, error) {
	listed := Listed{Kind: served.Kind, Absent: served.Absent()}
	failure := served.Err
	for _, place := range served.Resources {
		err := l.list(ctx, place, &listed)
		switch {
		case err == nil:
			l.note(&listed, place, failure)
			return listed, nil
		case apierrors.IsForbidden(err):
			listed.Missing = refusal(place, err)
			return listed, nil
		case apierrors.IsNotFound(err): // removed while the other kinds were listed
			listed.Absent = failure == nil
		case aggregated(place.Group) && away(err) && ctx.Err() == nil:
			failure = errors.Join(failure, fmt.Errorf("list %s: %w", place.Resource, err))
			listed.Absent = false
		default:
			return listed, fmt.Errorf("list %s: %w", place.Resource, err)
		}
	}
	if failure != nil {
		listed.Missing = failure.Error()
	}
	return listed, nil
}

func (l *lister) note(listed *Listed, place schema.GroupVersionResource, failure error) {
	listed.Absent = false
	if place.Group != resource.GroupCalicoCRD {
		return
	}
	text := fmt.Sprintf("%s were read as %s, as they are stored", place.Resource, place.GroupVersion())
	if failure != nil {
		text += ": " + failure.Error()
	}
	l.listing.Notes = append(l.listing.Notes, text)
	slices.Sort(l.listing.Notes)
}

// list makes one list, if need be from the start again.
func (l *lister) list(ctx context.Context, place schema.GroupVersionResource, listed *Listed) error {
	for restarts := 0; ; restarts++ {
		list := l.begin(place, listed.Kind)
		err := list.run(ctx, listed.Kind)
		if err == nil {
			listed.Version, listed.Time = list.version, list.since.Add(-clockSkew)
			return nil
		}
		var own *receiverError
		if errors.As(err, &own) || restarts == mostRestarts || ctx.Err() != nil {
			return err
		}
		// A server that has the version no more, or not yet, or does not know how to ask for it.
		atVersion := list.exact != "" && !list.dated && (apierrors.IsBadRequest(err) || apierrors.IsInvalid(err) || apierrors.IsTimeout(err))
		if !atVersion && !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			return err
		}
		l.exact = ""
	}
}

func (l *lister) begin(place schema.GroupVersionResource, kind resource.Kind) *list {
	list := &list{lister: l, place: place, since: l.last, shaper: newShaper(place.GroupVersion().String(), kind.String())}
	if l.exact != "" && !aggregated(place.Group) {
		list.exact, list.since = l.exact, l.since
	}
	return list
}
