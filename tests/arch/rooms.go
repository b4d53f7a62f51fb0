package arch

import (
	"path"
	"slices"
	"strings"
)

// room is a kind of package. Imports point from later rooms to earlier ones, never back (DESIGN.md, "The rooms").
type room int

const (
	elsewhere room = iota // tests, tools and nested modules
	domain                // pure
	adapter               // talks to the outside; built only by worker and cmd
	activity
	workflow
	shell // worker, starter, web, configuration, and what they and the commands share
	command
)

// rooms says in which room each package of the product is. A package below internal that is missing here is a finding: where
// it belongs is a decision, not an accident.
var rooms = map[string]room{
	"internal/report": domain, "internal/cron": domain, "internal/selector": domain, "internal/policy": domain,
	"internal/timeline": domain, "internal/flow": domain, "internal/audit": domain, "internal/benchmark": domain,
	"internal/render": domain, "internal/evidence": domain, "internal/recording": domain, "internal/resource": domain, "internal/interval": domain,
	"deploy":        domain, // manifests as data
	"internal/kube": adapter, "internal/opensearch": adapter, "internal/logfile": adapter, "internal/blob": adapter,
	"internal/config": shell, "internal/definitions": shell, "internal/catalogue": shell, "internal/devstack": shell, "internal/recorder": shell, "internal/receive": shell,
	"internal/web": shell, "internal/sample": shell, "worker": shell, "starter": shell,
	"activities": activity, "workflows": workflow, "cmd/probity": command,
}

// roomOf finds the room of a package by its folder or the nearest folder above it.
func roomOf(folder string) room {
	for ; folder != "." && folder != "/"; folder = path.Dir(folder) {
		if r, ok := rooms[folder]; ok {
			return r
		}
	}
	return elsewhere
}

// CheckRooms finds imports that point the wrong way, and packages below internal that have no room.
func CheckRooms(s *Source) []Finding {
	const rule = "rooms"
	from := roomOf(s.Folder())
	if from == elsewhere && strings.HasPrefix(s.Path, "internal/") {
		return []Finding{s.find(rule, s.File.Name, "package %s is in no room: add it to rooms in tests/arch", s.Folder())}
	}
	if from == elsewhere || s.IsTest() {
		return nil
	}
	var found []Finding
	for _, i := range s.Imports() {
		folder, ok := i.inModule()
		if ok && !mayImport(from, roomOf(folder)) {
			found = append(found, Finding{rule, s.Path, i.Line, "must not import " + folder + ": imports point from cmd to the domain only"})
		}
	}
	return found
}

// mayImport: adapters are ports' implementations, so only what assembles the process knows them.
func mayImport(from, to room) bool {
	switch to {
	case elsewhere:
		return false
	case adapter:
		return from == adapter || from == shell || from == command
	case domain:
		return true
	}
	if from == adapter {
		return false
	}
	return from >= to
}

// outside are the parts of the standard library through which a package would reach the machine, the network or chance.
var outside = []string{"net", "net/http", "net/rpc", "net/smtp", "os", "os/exec", "os/signal", "os/user", "syscall", "plugin",
	"path/filepath", "io/ioutil", "math/rand", "math/rand/v2", "crypto/rand", "runtime/debug", "log", "log/slog"}

// clients are the libraries that talk to other systems.
var clients = []string{"go.temporal.io/", "github.com/aws/", "k8s.io/client-go", "sigs.k8s.io/controller-runtime",
	"github.com/opensearch-project/", "github.com/spf13/cobra", "github.com/prometheus/"}

// CheckPure finds, in the domain, imports that are not pure and uses of the clock (DESIGN.md, import rule 1).
func CheckPure(s *Source) []Finding {
	const rule = "pure"
	if roomOf(s.Folder()) != domain || s.IsTest() {
		return nil
	}
	found := s.clockUses(rule)
	for _, i := range s.Imports() {
		if slices.Contains(outside, i.Path) || hasAnyPrefix(i.Path, clients) {
			found = append(found, Finding{rule, s.Path, i.Line, "must not import " + i.Path + ": the domain is pure"})
		}
	}
	return found
}

func hasAnyPrefix(text string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(text, prefix) })
}
