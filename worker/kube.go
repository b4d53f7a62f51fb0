package worker

import (
	"context"
	"time"

	"k8s.io/client-go/rest"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/report"
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

// Definitions is where the configuration says that the report definitions are: a folder, else the API server, else nowhere.
func Definitions(cfg *config.Config, tool evidence.Tool, limits report.Limits) (definitions.Source, error) {
	if cfg.Kube.Access == "" || cfg.Inputs.Reports != "" {
		return &definitions.Folder{Dir: cfg.Inputs.Reports, Limits: limits}, nil
	}
	config, err := kube.Connect(KubeAccess(&cfg.Kube, tool, "definitions"))
	if err != nil {
		return nil, err
	}
	lister, err := kube.NewLister(config)
	if err != nil {
		return nil, err
	}
	return &definitions.Server{Lister: serverLister{lister}, Limits: limits}, nil
}

// serverLister is an API server behind the definitions' interface.
type serverLister struct{ *kube.Lister }

func (s serverLister) ListReports(ctx context.Context) ([]definitions.Stored, error) {
	return stored(s.List(ctx, kube.GlobalReports))
}

func (s serverLister) ListTypes(ctx context.Context) ([]definitions.Stored, error) {
	return stored(s.List(ctx, kube.GlobalReportTypes))
}

func stored(objects []kube.Object, err error) ([]definitions.Stored, error) {
	out := make([]definitions.Stored, len(objects))
	for i := range objects {
		out[i] = definitions.Stored{Name: objects[i].Name, Raw: objects[i].Raw}
	}
	return out, err
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
