package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
	"google.golang.org/protobuf/types/known/durationpb"
)

// SearchAttributes are those that Probity's workflows are found by. They are declared with the namespace, so that they can be
// used at once; attributes that are added to a running server are unknown to it for a second or two.
var SearchAttributes = map[string]enumspb.IndexedValueType{
	"Cluster":       enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"GlobalReport":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ReportType":    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ReportTrigger": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ReportStart":   enumspb.INDEXED_VALUE_TYPE_DATETIME,
	"ReportEnd":     enumspb.INDEXED_VALUE_TYPE_DATETIME,
}

// clusterName is the only Temporal cluster there is.
const clusterName = "active"

// startTemporal starts the server on the database file, made at the first start. It returns before the server answers.
func startTemporal(file string, port int, to *slog.Logger) (temporal.Server, error) {
	store := sqlStore(file)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := sqlite.SetupSchema(store); err != nil {
			return nil, fmt.Errorf("make database %s: %w", file, err)
		}
	}
	namespace, err := sqlite.NewNamespaceConfig(clusterName, Namespace, false, SearchAttributes)
	if err != nil {
		return nil, fmt.Errorf("describe namespace %s: %w", Namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(retentionDays * 24 * time.Hour)
	if err := sqlite.CreateNamespaces(store, namespace); err != nil {
		return nil, fmt.Errorf("make namespace %s: %w", Namespace, err)
	}
	services, hosts, err := services(port)
	if err != nil {
		return nil, err
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(serverConfig(store, services, port)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger{to}),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithDynamicConfigClient(dynamicconfig.StaticClient{
			dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): []dynamicconfig.ConstrainedValue{{Value: true}},
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("configure the Temporal server: %w", err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start the Temporal server: %w", err)
	}
	return server, nil
}

// sqlStore is SQLite with a write-ahead log. With its default settings the same load takes three times as long and fails now
// and then; the last commits may be lost when the machine loses power, not when the process dies.
func sqlStore(file string) *config.SQL {
	return &config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: file,
		ConnectAttributes: map[string]string{
			"mode":         "rwc",
			"journal_mode": "wal",
			"synchronous":  "1",
		},
	}
}

// services gives each of the server's services its port: the frontend the given one, the others free ones.
func services(port int) (map[string]config.Service, map[primitives.ServiceName]static.Hosts, error) {
	all := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for _, name := range []primitives.ServiceName{
		primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
	} {
		own := port
		if name != primitives.FrontendService {
			var err error
			if own, err = freePort(0); err != nil {
				return nil, nil, fmt.Errorf("find a port for Temporal's %s service: %w", name, err)
			}
		}
		all[string(name)] = config.Service{RPC: config.RPC{GRPCPort: own, BindOnLocalHost: true}}
		hosts[name] = static.SingleLocalHost(address(own))
	}
	return all, hosts, nil
}

func serverConfig(store *config.SQL, services map[string]config.Service, port int) *config.Config {
	return &config.Config{
		Persistence: config.Persistence{
			DefaultStore:    sqliteplugin.PluginName,
			VisibilityStore: sqliteplugin.PluginName,
			// Must never change for an existing database.
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{sqliteplugin.PluginName: {SQL: store}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: address(port)},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		PublicClient:        config.PublicClient{HostPort: address(port)},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}
}
