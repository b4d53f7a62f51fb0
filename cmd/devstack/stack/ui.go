package stack

import (
	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// startUI starts the Temporal UI. It ends the process when its port is taken, so the port must have been tried before.
func startUI(port, temporalPort int) *server.Server {
	ui := server.NewServer(server_options.WithConfigProvider(&config.Config{
		Host:                host,
		Port:                port,
		TemporalGRPCAddress: address(temporalPort),
		EnableUI:            true,
		DefaultNamespace:    Namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		// Without TLS a browser would not send the UI's own cookie back.
		CORS: config.CORS{CookieInsecure: true},
	}))
	go ui.Start()
	return ui
}
