package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/user"

	"go.temporal.io/sdk/client"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/worker"
	"github.com/probity/probity/workflows"
)

func (a *app) tool() evidence.Tool { return evidence.Tool{Name: "probity", Version: version} }

// bucket opens the archive's bucket.
func (a *app) bucket(ctx context.Context) (*blob.S3, error) {
	b := &a.cfg.Bucket
	if b.CredentialsFile != "" {
		// The SDK's own chain reads the file; setting its variable is how the file is named to it.
		if err := os.Setenv("AWS_SHARED_CREDENTIALS_FILE", b.CredentialsFile); err != nil {
			return nil, fmt.Errorf("name the credentials file: %w", err)
		}
	}
	return blob.NewS3(ctx, blob.Options{
		Bucket: b.Name, Endpoint: b.Endpoint, Region: b.Region, PathStyle: b.PathStyle, CAFile: b.CAFile,
		SSE: b.Encryption, KMSKeyID: b.KMSKey, LockMode: b.LockMode, LockDays: b.LockDays,
	})
}

func (a *app) layout() (evidence.Layout, error) {
	layout, err := evidence.NewLayout(a.cfg.Bucket.Prefix, a.cfg.Cluster)
	if err != nil {
		return layout, &exitError{exitUsage, err}
	}
	return layout, nil
}

func (a *app) catalogue(ctx context.Context) (*catalogue.Catalogue, error) {
	layout, err := a.layout()
	if err != nil {
		return nil, err
	}
	bucket, err := a.bucket(ctx)
	if err != nil {
		return nil, err
	}
	return catalogue.New(bucket, layout), nil
}

func (a *app) temporal() (client.Client, error) {
	return worker.Dial(&a.cfg.Temporal, quiet(a.logger), nil)
}

// quiet keeps the SDK's own chatter out of a command's output; what goes wrong comes as an error.
func quiet(logger *slog.Logger) *slog.Logger {
	if logger.Enabled(context.Background(), slog.LevelDebug) {
		return logger
	}
	return slog.New(slog.DiscardHandler)
}

func (a *app) limits() report.Limits { return report.Limits{MaxPerHour: a.cfg.Schedule.MaxPerHour} }

// source is where the definitions are: a folder, else the API server.
func (a *app) source() (definitions.Source, error) {
	return worker.Definitions(&a.cfg, a.tool(), a.limits())
}

// load reads the definitions.
func (a *app) load(ctx context.Context) (*definitions.Set, error) {
	source, err := a.source()
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	set, err := source.Load(ctx)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return set, nil
}

func (a *app) settings() starter.Settings {
	return starter.Settings{
		Namespace: worker.Namespace(&a.cfg.Temporal), Cluster: a.cfg.Cluster,
		TaskQueue: workflows.TaskQueue(a.cfg.Temporal.TaskQueue, a.cfg.Cluster), StartDelay: a.cfg.Schedule.StartDelay,
		MaxActive: a.cfg.Schedule.MaxActive, Retry: workflows.Retry{Interval: a.cfg.Retry.Interval, Heartbeat: a.cfg.Retry.Heartbeat},
	}
}

// definition finds a report by its name in the folder of definitions, or reads it from a manifest file.
func (a *app) definition(ctx context.Context, nameOrFile string) (*definitions.Entry, error) {
	set, err := a.load(ctx)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(nameOrFile)
	if err != nil {
		return set.Find(nameOrFile)
	}
	entry, err := definitions.File(data, set.Types, a.limits())
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("%s: %w", nameOrFile, err)}
	}
	return entry, nil
}

// caller is who asks for a run, as the outcome record keeps it.
func caller() string {
	if current, err := user.Current(); err == nil {
		return current.Username
	}
	return os.Getenv("USER")
}
