package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// storeQuota lets benchmarks put a few hundred thousand objects in.
const storeQuota = 6 << 30

// startStore runs etcd in this process, on a free port of the loopback interface.
func (s *stack) startStore(ctx context.Context) error {
	c := embed.NewConfig()
	c.Name, c.Dir = "kubestack", s.file("etcd")
	var err error
	if c.ListenClientUrls, err = loopback(); err != nil {
		return err
	}
	if c.ListenPeerUrls, err = loopback(); err != nil {
		return err
	}
	c.AdvertiseClientUrls, c.AdvertisePeerUrls = c.ListenClientUrls, c.ListenPeerUrls
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	c.QuotaBackendBytes = storeQuota
	// What was acknowledged survives the end of the process, not that of the machine: laptops and tests want speed.
	c.UnsafeNoFsync = true
	c.LogLevel, c.LogOutputs = "warn", []string{s.file("logs", "etcd.log")}
	if s.store, err = embed.StartEtcd(c); err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	select {
	case <-s.store.Server.ReadyNotify():
		return nil
	case err := <-s.store.Err():
		return fmt.Errorf("run etcd: %w", err)
	case <-time.After(time.Minute):
		return fmt.Errorf("etcd is not ready after a minute: see %s", s.file("logs", "etcd.log"))
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func loopback() ([]url.URL, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return []url.URL{{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}}, nil
}
