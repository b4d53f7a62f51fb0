// Command kubestack is a real Kubernetes API server with its store, for laptops and tests: etcd, one or two kube-apiservers with
// an audit log each and, where pods must run, kube-controller-manager, kube-scheduler and kwok. Everything it keeps is in one
// folder: start it again on that folder, and the objects are there. It is also kubectl.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	args := os.Args[1:]
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		fmt.Fprintln(os.Stderr, "usage: kubestack serve|kubectl|"+strings.Join(componentNames(), "|")+" [flag ...]")
		os.Exit(2)
	}
	name := args[0]
	switch {
	case name == "serve":
		if err := serve(args[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "kubestack: %v\n", err)
			os.Exit(1)
		}
	case slices.Contains(componentNames(), name):
		os.Args = args // each of them reads the arguments for itself
		os.Exit(components[name]())
	default:
		fmt.Fprintf(os.Stderr, "kubestack: no command %q\n", name)
		os.Exit(2)
	}
}
