package worker

import (
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/starter"
)

// Dial connects to Temporal: from the configuration where it says so, else from Temporal's own environment variables and
// configuration file (TEMPORAL_ADDRESS, TEMPORAL_TLS_…, TEMPORAL_API_KEY). metrics may be nil.
func Dial(cfg *config.Temporal, logger *slog.Logger, metrics *Metrics) (client.Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("read Temporal's client settings: %w", err)
	}
	if cfg.Address != "" {
		options.HostPort = cfg.Address
	}
	options.Namespace = Namespace(cfg)
	options.WorkerHeartbeatInterval = starter.Heartbeat
	if metrics != nil {
		options.MetricsHandler = metrics
	}
	options.Logger = log.NewStructuredLogger(logger)
	connection, err := client.Dial(options)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s (set --temporal-address, or start `probity dev`): %w", options.HostPort, err)
	}
	return connection, nil
}

// Namespace is the Temporal namespace that Dial's connection has: that of the configuration, else of Temporal's own settings, else
// "default".
func Namespace(cfg *config.Temporal) string {
	if cfg.Namespace != "" {
		return cfg.Namespace
	}
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil || options.Namespace == "" { // Dial tells the error
		return client.DefaultNamespace
	}
	return options.Namespace
}
