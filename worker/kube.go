package worker

import (
	"context"
	"time"

	"k8s.io/client-go/rest"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/kube"
)

// fromServer is what a manifest calls a cluster that was listed from its API server.
const fromServer = "api-server"

// KubeAccess says how the configuration reaches the API server; role is what the process does, for the user agent, which stands
// in the API server's audit log.
func KubeAccess(cfg *config.Kube, tool evidence.Tool, role string) kube.Access {
	return kube.Access{
		InCluster: cfg.Access == "in-cluster", Config: cfg.Config, Context: cfg.Context, Agent: tool.Name + "/" + tool.Version + " " + role,
	}
}

// connectKube makes the API server the cluster, where one is configured and no folder takes its place.
func connectKube(o *Options, ports *Ports) error {
	if o.Config.Kube.Access == "" || ports.Cluster != nil {
		return nil
	}
	config, err := kube.Connect(KubeAccess(&o.Config.Kube, o.Tool, "worker"))
	if err != nil {
		return err
	}
	ports.Cluster = KubeCluster(config)
	return nil
}

// KubeCluster is the API server behind the connection as the activities see it.
func KubeCluster(config *rest.Config) activities.Cluster {
	return clusterServer{kube.NewCluster(config)}
}

// clusterServer is an API server behind the activities' port.
type clusterServer struct{ *kube.Cluster }

func (c clusterServer) Describe() string { return fromServer }

func (c clusterServer) Each(ctx context.Context, to activities.Receiver) (activities.ClusterListing, error) {
	start := &started{Receiver: to}
	found, err := c.Cluster.Each(ctx, start)
	if err != nil {
		return activities.ClusterListing{}, err
	}
	listing := activities.ClusterListing{
		At: start.at, Complete: found.Complete, Notes: found.Notes,
		Kinds: map[string]activities.ListedKind{}, Forbidden: map[string]string{},
	}
	for _, kind := range found.Kinds {
		switch name := kind.Kind.Collection(); {
		case kind.Absent:
			listing.Absent = append(listing.Absent, name)
		case kind.Missing != "":
			listing.Forbidden[name] = kind.Missing
		default:
			listing.Kinds[name] = activities.ListedKind{Time: kind.Time, Version: kind.Version}
		}
	}
	return listing, nil
}

// started notes the moment of a listing on its way.
type started struct {
	activities.Receiver
	at time.Time
}

func (s *started) Start(at time.Time, fixed bool) error {
	s.at = at
	return s.Receiver.Start(at, fixed)
}
