// Package worker assembles a worker process from configuration: the Temporal client, the adapters behind the activities'
// ports, the registration of workflows and activities, metrics, and a graceful stop.
package worker
