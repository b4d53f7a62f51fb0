package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/probity/probity/deploy"
)

// startServers runs one API server or two, and waits until they answer.
func (s *stack) startServers(ctx context.Context) error {
	policy, err := s.auditPolicy()
	if err != nil {
		return err
	}
	if s.address.Server, err = s.startServer("kube-apiserver", s.options.port, policy); err != nil {
		return err
	}
	if s.address.Kubeconfig, err = s.keys.admin(s.file("kubeconfig"), s.address.Server); err != nil {
		return err
	}
	if err := s.await(ctx, s.address.Server, "/readyz"); err != nil {
		return err
	}
	if !s.options.second {
		return nil
	}
	if s.address.Second, err = s.startServer("kube-apiserver-2", 0, policy); err != nil {
		return err
	}
	if s.address.SecondKubeconfig, err = s.keys.admin(s.file("kubeconfig-2"), s.address.Second); err != nil {
		return err
	}
	return s.await(ctx, s.address.Second, "/readyz")
}

func (s *stack) startServer(log string, port int, policy string) (address string, err error) {
	if port == 0 {
		if port, err = freePort(); err != nil {
			return "", err
		}
	} else if err := portIsFree(port); err != nil {
		return "", err
	}
	auditFolder := s.file("audit", log)
	if err := os.MkdirAll(auditFolder, 0o700); err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	s.address.AuditLogs = append(s.address.AuditLogs, auditFolder)
	return fmt.Sprintf("https://127.0.0.1:%d", port), s.run("kube-apiserver", log, s.serverFlags(port, auditFolder, policy)...)
}

// serverFlags are those of an ordinary cluster, as far as one machine's loopback interface allows.
func (s *stack) serverFlags(port int, auditFolder, policy string) []string {
	flags := []string{
		"--etcd-servers=" + s.store.Config().AdvertiseClientUrls[0].String(),
		"--secure-port=" + strconv.Itoa(port),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--tls-cert-file=" + s.keys.file("server.crt"),
		"--tls-private-key-file=" + s.keys.file("server.key"),
		"--client-ca-file=" + s.keys.file("ca.crt"),
		"--token-auth-file=" + s.keys.file("tokens.csv"),
		"--authorization-mode=Node,RBAC",
		"--service-account-key-file=" + s.keys.file("accounts.key"),
		"--service-account-signing-key-file=" + s.keys.file("accounts.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--endpoint-reconciler-type=none",
		"--audit-policy-file=" + policy,
		"--audit-log-path=" + auditFolder + "/audit.log",
		"--audit-log-maxsize=" + strconv.Itoa(s.options.auditMaxSize),
		"--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000", // nothing here is worth protecting
	}
	if !s.options.controllers {
		// Without the controller manager no service account appears by itself, and every pod would be refused.
		flags = append(flags, "--disable-admission-plugins=ServiceAccount")
	}
	return flags
}

func (s *stack) auditPolicy() (string, error) {
	if s.options.auditPolicy != "" {
		if _, err := os.Stat(s.options.auditPolicy); err != nil {
			return "", fmt.Errorf("--audit-policy: %w", err)
		}
		return s.options.auditPolicy, nil
	}
	path := s.file("audit-policy.yaml")
	if err := os.WriteFile(path, deploy.AuditPolicy(), 0o600); err != nil {
		return "", fmt.Errorf("write audit policy: %w", err)
	}
	return path, nil
}

// await asks until the server says ok, or something has ended.
func (s *stack) await(ctx context.Context, server, path string) error {
	client := s.keys.client()
	deadline := time.After(2 * time.Minute)
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+path, nil)
		if err != nil {
			return fmt.Errorf("ask %s: %w", server, err)
		}
		answer, err := client.Do(request)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-s.failed:
			return err
		case <-deadline:
			return fmt.Errorf("%s%s does not answer after two minutes: see %s", server, path, s.file("logs"))
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", server, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func portIsFree(port int) error {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("port %d is taken: stop what listens there, or choose another with --port", port)
	}
	return l.Close()
}
