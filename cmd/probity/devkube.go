package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/worker"
)

// kubeOptions say how the local API server is started.
type kubeOptions struct {
	on      bool
	program string
	port    int
	nodes   int
}

func (o *kubeOptions) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.on, "kube", false, "run a real API server too, with the definitions installed, and report on it")
	cmd.Flags().StringVar(&o.program, "kubestack", "", "the kubestack program (default: beside probity, else on the PATH)")
	cmd.Flags().IntVar(&o.port, "kube-port", 6443, "port of the API server; 0 picks a free one")
	cmd.Flags().IntVar(&o.nodes, "kube-nodes", 2, "nodes whose pods run without containers")
}

// startKube starts the API server, installs what Probity needs, and points the configuration at it where no folder is given.
func (a *app) startKube(ctx context.Context, o *stackOptions) (*devstack.KubeChild, error) {
	program, err := findProgram("kubestack", "build-kube", o.kube.program)
	if err != nil {
		return nil, err
	}
	server, err := devstack.StartKube(ctx, devstack.KubeOptions{
		Program: program, Folder: filepath.Join(o.dir, "kube"), Port: o.kube.port, Controllers: true, Kwok: o.kube.nodes,
	})
	if err != nil {
		return nil, err
	}
	if err := a.installInto(ctx, server); err != nil {
		server.Stop()
		return nil, err
	}
	at := &server.Address
	fmt.Fprintf(a.out, "API server  %s\nkubectl     export KUBECONFIG=%s; kubectl get globalreports\n            (or %s kubectl get globalreports)\naudit log   %s\n",
		at.Server, at.Kubeconfig, program, at.AuditLogs[0])
	return server, nil
}

func (a *app) installInto(ctx context.Context, server *devstack.KubeChild) error {
	a.cfg.Kube.Access, a.cfg.Kube.Config, a.cfg.Kube.Context = "kubeconfig", server.Address.Kubeconfig, ""
	if a.cfg.Kube.Namespace == "" {
		a.cfg.Kube.Namespace = "kube-system" // the lease needs a namespace that is there
	}
	if a.cfg.Inputs.Audit == "" {
		a.cfg.Inputs.Audit = server.Address.AuditLogs[0]
	}
	config, err := kube.Connect(worker.KubeAccess(&a.cfg.Kube, a.tool(), "dev"))
	if err != nil {
		return err
	}
	for _, manifests := range []func() ([]byte, error){deploy.Definitions, deploy.ReportTypeManifests} {
		raw, err := manifests()
		if err != nil {
			return err
		}
		if err := kube.Install(ctx, config, raw); err != nil {
			return err
		}
	}
	return nil
}
