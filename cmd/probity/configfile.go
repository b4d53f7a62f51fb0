package main

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// writeConfig writes the settings that other commands need to work with the same servers and inputs. Secrets stay in the
// credentials file that it names.
func (a *app) writeConfig(path string) error {
	c := &a.cfg
	settings := map[string]any{
		"cluster":  c.Cluster,
		"temporal": map[string]any{"address": c.Temporal.Address, "namespace": c.Temporal.Namespace, "taskQueue": c.Temporal.TaskQueue},
		"bucket": map[string]any{
			"endpoint": c.Bucket.Endpoint, "region": c.Bucket.Region, "name": c.Bucket.Name, "prefix": c.Bucket.Prefix,
			"pathStyle": c.Bucket.PathStyle, "credentialsFile": c.Bucket.CredentialsFile,
		},
		"inputs": map[string]any{
			"cluster": c.Inputs.Cluster, "clusterAt": c.Inputs.ClusterAt, "audit": c.Inputs.Audit, "flows": c.Inputs.Flows,
			"benchmarks": c.Inputs.Benchmarks, "reports": c.Inputs.Reports,
		},
		"kube": map[string]any{
			"access": c.Kube.Access, "config": c.Kube.Config, "context": c.Kube.Context, "namespace": c.Kube.Namespace,
		},
		"opensearch": map[string]any{"addresses": c.OpenSearch.Addresses},
		"schedule": map[string]any{
			"startDelay": c.Schedule.StartDelay.String(), "maxPerHour": c.Schedule.MaxPerHour, "maxActive": c.Schedule.MaxActive,
		},
	}
	data, err := yaml.Marshal(settings)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	return writeWhole(path, data)
}
