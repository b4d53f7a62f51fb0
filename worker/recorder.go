package worker

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/recorder"
)

// discoverEvery is how often a recorder looks for kinds that appeared or went, as when Calico is installed.
const discoverEvery = 15 * time.Second

// RecorderOptions are what a recorder is made of.
type RecorderOptions struct {
	Config  *config.Config
	Kube    *rest.Config
	Archive recorder.Archive
	Tool    evidence.Tool
	Metrics *Metrics // nil = none
	Logger  *slog.Logger
}

// Record records the cluster's changes until ctx ends.
func Record(ctx context.Context, o RecorderOptions) error {
	layout, err := evidence.NewLayout(o.Config.Bucket.Prefix, o.Config.Cluster)
	if err != nil {
		return err
	}
	source, err := kube.NewChanges(o.Kube)
	if err != nil {
		return err
	}
	settings := &o.Config.Recorder
	scratch := settings.Scratch
	if scratch == "" {
		scratch = filepath.Join(os.TempDir(), "probity-recorder")
	}
	var registry prometheus.Registerer
	if o.Metrics != nil {
		registry = o.Metrics.registry
	}
	return recorder.Run(ctx, recorder.Options{
		Source: source, Archive: o.Archive, Layout: layout, Cluster: o.Config.Cluster, Tool: o.Tool,
		Scratch:    filepath.Join(scratch, o.Config.Cluster),
		SegmentAge: settings.SegmentAge, SegmentBytes: int64(settings.SegmentMiB) << 20, WaitingBytes: int64(settings.WaitingMiB) << 20,
		Poll: discoverEvery, Metrics: registry, Logger: o.Logger,
	})
}
