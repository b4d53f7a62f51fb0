// Command snapshotbench measures a snapshot of a large cluster on a real API server: the time against `kubectl get --raw` of the same
// pages, one call for each, and against the same requests from one process that throws the pages away, which is the least that
// any reader takes; and the peak memory of the worker process. Everything runs on this machine; build the programs first
// (make build build-kube).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/probity/probity/internal/devstack"
)

func main() {
	var b bench
	flag.StringVar(&b.bin, "bin", "bin", "folder of the built programs")
	flag.StringVar(&b.folder, "dir", "", "folder that keeps the cluster (default: a temporary one); one that has its objects is not filled again")
	flag.IntVar(&b.objects, "objects", 100000, "objects in the cluster; half of them are pods")
	flag.IntVar(&b.rounds, "rounds", 3, "how often each way is measured")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "snapshotbench:", err)
		stop()
		os.Exit(1)
	}
}

type bench struct {
	bin, folder     string
	objects, rounds int

	kube  *devstack.KubeChild
	stack *devstack.Child
}

func (b *bench) run(ctx context.Context) error {
	var err error
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return err
	}
	if b.folder == "" {
		if b.folder, err = os.MkdirTemp("", "snapshotbench-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(b.folder) }()
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	defer func() { _ = b.kube.Stop() }()
	defer func() { _ = b.stack.Stop() }()
	if err := b.fill(ctx); err != nil {
		return fmt.Errorf("fill the cluster: %w", err)
	}
	return b.measure(ctx)
}

// quiet is an audit policy that logs nothing: what is measured here is reading.
const quiet = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None}]\n"

func (b *bench) start(ctx context.Context) error {
	if err := os.MkdirAll(b.folder, 0o755); err != nil {
		return err
	}
	policy := filepath.Join(b.folder, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(quiet), 0o600); err != nil {
		return err
	}
	var err error
	b.kube, err = devstack.StartKube(ctx, devstack.KubeOptions{
		Program: filepath.Join(b.bin, "kubestack"), Folder: filepath.Join(b.folder, "kube"), AuditPolicy: policy,
	})
	if err != nil {
		return err
	}
	b.stack, err = devstack.Start(ctx, devstack.Options{Program: filepath.Join(b.bin, "devstack"), Folder: filepath.Join(b.folder, "stack")})
	return err
}

func (b *bench) fill(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", b.kube.Address.Kubeconfig)
	if err != nil {
		return err
	}
	config.ContentType, config.QPS, config.WarningHandler = "application/vnd.kubernetes.protobuf", -1, rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	began := time.Now()
	made, err := fill(ctx, client, b.objects)
	fmt.Printf("%d objects made in %s\n", made, time.Since(began).Round(time.Second))
	return err
}

// probity runs the command line against the servers.
func (b *bench) probity(ctx context.Context, args ...string) *exec.Cmd {
	at := &b.stack.Address
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "probity"), append(args,
		"--cluster", "bench", "--kube-access", "kubeconfig", "--kube-config", b.kube.Address.Kubeconfig,
		"--temporal-address", at.Temporal, "--temporal-namespace", at.Namespace,
		"--bucket-endpoint", at.S3.Endpoint, "--bucket-region", at.S3.Region, "--bucket-name", at.S3.Bucket, "--bucket-path-style",
		"--bucket-credentials-file", at.S3.CredentialsFile)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// The ways that are compared.
const (
	snapshot = "probity snapshot"
	kubectl  = "kubectl get --raw"
	onePlain = "one process"
	oneGzip  = "one process, gzip"
)

func (b *bench) measure(ctx context.Context) error {
	log, err := os.Create(filepath.Join(b.folder, "worker.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	worker := b.probity(ctx, "worker")
	worker.Stdout, worker.Stderr = log, log
	if err := worker.Start(); err != nil {
		return err
	}
	defer func() {
		_ = worker.Process.Signal(os.Interrupt)
		_ = worker.Wait()
	}()
	best := map[string]time.Duration{}
	for round := range b.rounds {
		for _, way := range []struct {
			name string
			run  func(context.Context) (string, error)
		}{{kubectl, b.kubectl}, {onePlain, b.onePlain}, {oneGzip, b.oneGzip}, {snapshot, b.snapshot}} {
			began := time.Now()
			what, err := way.run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", way.name, err)
			}
			took := time.Since(began)
			if best[way.name] == 0 || took < best[way.name] {
				best[way.name] = took
			}
			fmt.Printf("round %d  %-17s %6.1f s  %s\n", round+1, way.name, took.Seconds(), what)
		}
	}
	for _, other := range []string{kubectl, onePlain, oneGzip} {
		fmt.Printf("best of %d: a snapshot takes %.2f of the time of %s\n", b.rounds, best[snapshot].Seconds()/best[other].Seconds(), other)
	}
	fmt.Println(memory(worker.Process.Pid))
	return nil
}

func (b *bench) snapshot(ctx context.Context) (string, error) {
	out, err := b.probity(ctx, "snapshot").Output()
	return strings.Join(strings.Fields(string(out)), " "), err
}

// memory tells a process's memory as the kernel counts it.
func memory(pid int) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return "peak memory of the worker (VmHWM) " + strings.TrimSpace(value)
		}
	}
	return "the kernel does not tell VmHWM"
}
