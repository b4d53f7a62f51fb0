// Package kube is the adapter to the API server of a cluster: it connects, lists and watches the followed kinds, reads the
// GlobalReports and GlobalReportTypes, and writes their status and events. It holds no rule of a report.
package kube
