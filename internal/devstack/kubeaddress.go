package devstack

// KubeAddress tells where a running API server is. It is what tests/kubestack prints as one JSON line when it is ready.
type KubeAddress struct {
	Server     string `json:"server"`     // "https://127.0.0.1:6443"
	Kubeconfig string `json:"kubeconfig"` // file of the administrator, with a client certificate
	// Users are the kubeconfig files of the users that were asked for, by name.
	Users map[string]string `json:"users,omitempty"`
	// AuditLogs are the folders of the audit logs, one for each API server; logs and their rotated files, nothing else.
	AuditLogs []string `json:"auditLogs"`
	// Second is the address of the second API server on the same store, "" when there is none.
	Second           string `json:"second,omitempty"`
	SecondKubeconfig string `json:"secondKubeconfig,omitempty"`
	Folder           string `json:"folder"` // with everything that is kept
	Logs             string `json:"logs"`   // folder with the servers' own logs
	PID              int    `json:"pid"`
}
