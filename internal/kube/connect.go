package kube

import (
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Access says how to reach an API server.
type Access struct {
	InCluster bool   // with the pod's own service account; Config and Context are not read then
	Config    string // kubeconfig file; "" = KUBECONFIG or the user's own
	Context   string // of the kubeconfig; "" = its current one
	Agent     string // user agent, as "probity/1.2 worker": it stands in the API server's audit log
}

// Connect gives the connection's settings. It does not talk to the API server yet.
func Connect(a Access) (*rest.Config, error) {
	config, err := a.load()
	if err != nil {
		return nil, err
	}
	config.UserAgent = a.Agent
	// The API server's own priority and fairness bounds the load; the client's default of 5 requests a second would make
	// a snapshot of a large cluster slow.
	config.QPS, config.Burst = 50, 100
	return config, nil
}

func (a Access) load() (*rest.Config, error) {
	if a.InCluster {
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("connect to the API server from within the cluster (kube.access in-cluster): %w", err)
		}
		return config, nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = a.Config
	overrides := &clientcmd.ConfigOverrides{CurrentContext: a.Context}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig (kube.config %q, kube.context %q): %w", a.Config, a.Context, err)
	}
	return config, nil
}
