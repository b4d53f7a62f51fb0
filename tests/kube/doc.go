// Package kube tests Probity against a real Kubernetes API server.
package kube
