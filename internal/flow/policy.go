package flow

import (
	"strconv"
	"strings"
)

// policyKind is the kind of a policy that a record names.
type policyKind uint8

const (
	unknownPolicy policyKind = iota
	calicoPolicy
	globalPolicy
	kubePolicy
	clusterPolicy // a Kubernetes ClusterNetworkPolicy
	profile
	staged  // of any kind
	tierEnd // the end of a tier, without the policy that led to it
)

// Rule indices with a meaning of their own.
const (
	ruleTierDefault = -1
	ruleUnknown     = -2
)

const profileTier = "__PROFILE__"

// hit is a policy that a record names: one of those that the connection went through.
type hit struct {
	index           int64 // position among the policies of the record
	kind            policyKind
	tier            string
	namespace, name string
	action          string
	rule            int64
}

// decide prints the policy that decided: of those that allowed or denied, and are not staged, the last. A pass only leads
// to the next tier. Of several with one index, which a record has when it covers connections that different rules
// decided, the one that prints first is taken, so that the order in the record does not matter.
func decide(hits []hit) string {
	var best string
	var bestIndex int64
	for _, h := range hits {
		if h.kind == staged || h.kind == unknownPolicy || (h.action != "allow" && h.action != "deny") {
			continue
		}
		printed := h.String()
		if best == "" || h.index > bestIndex || (h.index == bestIndex && printed < best) {
			best, bestIndex = printed, h.index
		}
	}
	return best
}

// String prints the policy as reports print resources, and the rule: "NetworkPolicy(shop/app.cart) rule 2". Rules count from 1, as
// people and package policy count them; the log counts from 0.
func (h hit) String() string {
	switch h.rule {
	case ruleUnknown:
		return h.resource()
	case ruleTierDefault:
		return h.resource() + " tier default"
	}
	return h.resource() + " rule " + strconv.FormatInt(h.rule+1, 10)
}

func (h hit) resource() string {
	switch h.kind {
	case kubePolicy:
		return "NetworkPolicy.networking.k8s.io/v1(" + h.namespace + "/" + h.name + ")"
	case clusterPolicy:
		return "ClusterNetworkPolicy.policy.networking.k8s.io/v1alpha2(" + h.name + ")"
	case profile:
		return "profile:" + h.name
	case tierEnd:
		return "Tier(" + h.tier + ")"
	}
	name := h.name
	if h.tier != "" && !strings.HasPrefix(name, h.tier+".") {
		name = h.tier + "." + name
	}
	if h.namespace == "" {
		return "GlobalNetworkPolicy(" + name + ")"
	}
	return "NetworkPolicy(" + h.namespace + "/" + name + ")"
}

// typed are the prefixes by which newer releases name the kind of a policy.
var typed = map[string]policyKind{
	"np": calicoPolicy, "gnp": globalPolicy, "knp": kubePolicy, "kcnp": clusterPolicy, "pro": profile,
	"snp": staged, "sgnp": staged, "sknp": staged,
}

// parseHit reads "index|tier|name|action|ruleIndex"; old records lack the last part. It is false for anything else.
func parseHit(entry string) (hit, bool) {
	parts := strings.Split(entry, "|")
	if len(parts) < 4 || len(parts) > 5 {
		return hit{}, false
	}
	index, err := strconv.ParseInt(parts[0], 10, 32)
	h := hit{index: index, tier: parts[1], action: strings.ToLower(parts[3]), rule: ruleUnknown}
	if len(parts) == 5 && err == nil {
		h.rule, err = strconv.ParseInt(parts[4], 10, 32)
	}
	h.kind, h.namespace, h.name = parseName(parts[2], h.tier)
	return h, err == nil && h.name != ""
}

// parseName reads the name of a policy string: "tier.name", "namespace/tier.name", "namespace/knp.default.name",
// "__PROFILE__.kns.name", any of them with "staged:"; or, from newer releases, "np:namespace/name" and so on.
func parseName(text, tier string) (kind policyKind, namespace, name string) {
	if prefix, rest, ok := strings.Cut(text, ":"); ok && typed[prefix] != unknownPolicy {
		namespace, name = cutNamespace(rest)
		return typed[prefix], namespace, name
	}
	namespace, name = cutNamespace(text)
	if strings.Contains(text, "staged:") {
		return staged, namespace, name
	}
	if tier == profileTier {
		return profile, "", strings.TrimPrefix(text, profileTier+".")
	}
	if plain, ok := strings.CutPrefix(name, "knp.default."); ok && namespace != "" {
		return kubePolicy, namespace, plain
	}
	if namespace == "" {
		return globalPolicy, "", name
	}
	return calicoPolicy, namespace, name
}

func cutNamespace(text string) (namespace, name string) {
	if before, after, ok := strings.Cut(text, "/"); ok {
		return before, after
	}
	return "", text
}
