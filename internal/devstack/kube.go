package devstack

import (
	"cmp"
	"context"
	"strconv"
)

// KubeOptions tell how to start a real API server.
type KubeOptions struct {
	Program string   // path of the built tests/kubestack
	Folder  string   // keeps objects, keys and logs; made when it is missing
	Env     []string // added to this process's environment
	Port    int      // zero picks a free one

	// AuditPolicy is a file; "" means the policy that Probity recommends.
	AuditPolicy string
	// AuditMaxSize is the size in MiB at which an audit log is rotated; zero means 100.
	AuditMaxSize int
	// Controllers runs the controller manager and the scheduler too: then namespaces end, Deployments have pods, and pods nodes.
	Controllers bool
	// Kwok gives the cluster that many nodes whose pods run without containers. It needs Controllers.
	Kwok int
	// Second starts a second API server on the same store, with an audit log of its own.
	Second bool
	// Users get a kubeconfig each: "name" or "name:group,group" signs in with a certificate, "token:name:group,group" with a token.
	Users []string
}

// KubeChild is a running API server. It ends with this process, however this process ends.
type KubeChild struct {
	*program
	Address KubeAddress
}

// StartKube runs an API server with its store and returns when it answers. When the context ends first, it is stopped. The
// error of one that does not start is what it printed: one sentence.
func StartKube(ctx context.Context, o KubeOptions) (*KubeChild, error) {
	args := []string{"serve", "--json", "--exit-with-parent", "--dir", o.Folder, "--port", strconv.Itoa(o.Port),
		"--audit-policy", o.AuditPolicy, "--audit-max-size", strconv.Itoa(cmp.Or(o.AuditMaxSize, 100)),
		"--controllers=" + strconv.FormatBool(o.Controllers), "--kwok", strconv.Itoa(o.Kwok),
		"--second=" + strconv.FormatBool(o.Second)}
	for _, user := range o.Users {
		args = append(args, "--user", user)
	}
	c := &KubeChild{}
	var err error
	c.program, err = startProgram(ctx, o.Program, args, o.Env, &c.Address)
	if err != nil {
		return nil, err
	}
	return c, nil
}
