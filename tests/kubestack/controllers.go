package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	node "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	pod "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
)

// podNetwork is where kwok's pods get their addresses.
const podNetwork = "10.128.0.1/12"

// startControllers runs what makes objects live, if that was asked for, and waits until it does.
func (s *stack) startControllers(ctx context.Context) error {
	if !s.options.controllers {
		return nil
	}
	own := []string{"--kubeconfig=" + s.address.Kubeconfig, "--leader-elect=false", "--bind-address=127.0.0.1"}
	manager := append([]string{
		"--service-account-private-key-file=" + s.keys.file("accounts.key"),
		"--root-ca-file=" + s.keys.file("ca.crt"),
		"--cluster-signing-cert-file=", "--cluster-signing-key-file=",
	}, own...)
	for _, component := range []struct {
		name  string
		flags []string
	}{{"kube-controller-manager", manager}, {"kube-scheduler", own}} {
		port, err := freePort()
		if err != nil {
			return err
		}
		if err := s.run(component.name, component.name, append(component.flags, "--secure-port="+strconv.Itoa(port))...); err != nil {
			return err
		}
	}
	if err := s.await(ctx, s.address.Server, "/api/v1/namespaces/default/serviceaccounts/default"); err != nil {
		return err
	}
	return s.startKwok(ctx)
}

// startKwok makes nodes without machines.
func (s *stack) startKwok(ctx context.Context) error {
	if s.options.kwok == 0 {
		return nil
	}
	for n := range s.options.kwok {
		if err := s.addNode(ctx, fmt.Sprintf("kwok-%d", n)); err != nil {
			return err
		}
	}
	stages := strings.Join([]string{node.DefaultNodeInit, heartbeat.DefaultNodeHeartbeatWithLease, pod.DefaultPodReady,
		pod.DefaultPodComplete, pod.DefaultPodDelete}, "\n---\n")
	config := s.file("kwok.yaml")
	if err := os.WriteFile(config, []byte(stages), 0o600); err != nil {
		return fmt.Errorf("write kwok's configuration: %w", err)
	}
	return s.run("kwok", "kwok", "--kubeconfig="+s.address.Kubeconfig, "--config="+config, "--manage-all-nodes=true", "--cidr="+podNetwork)
}

func (s *stack) addNode(ctx context.Context, name string) error {
	node := fmt.Sprintf(`{"apiVersion":"v1","kind":"Node","metadata":{"name":%q,"labels":{"kubernetes.io/hostname":%q,"type":"kwok"}},`+
		`"status":{"allocatable":{"cpu":"1000","memory":"4Ti","pods":"5000"},"capacity":{"cpu":"1000","memory":"4Ti","pods":"5000"}}}`, name, name)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address.Server+"/api/v1/nodes", bytes.NewBufferString(node))
	if err != nil {
		return fmt.Errorf("add node %s: %w", name, err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := s.keys.client().Do(request)
	if err != nil {
		return fmt.Errorf("add node %s: %w", name, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated && answer.StatusCode != http.StatusConflict {
		return fmt.Errorf("add node %s: the API server answers %s", name, answer.Status)
	}
	return nil
}
