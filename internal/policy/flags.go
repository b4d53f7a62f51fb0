package policy

import v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

// published is what the published definitions look at in an allow rule: its peer, and whether the policy is global.
type published struct {
	peer   *v3.EntityRule
	global bool
}

// flag adds the published flags that an allow rule sets without any network set (calico-compliance.md section 3, "Definitions";
// decisions.md, "The peer has a selector" and the rows after it).
func (e *Evaluator) flag(flags *exposures, compiled *rule, from published) {
	hasCIDR := len(from.peer.Nets) > 0
	hasSelector := compiled.peer != noPeer
	open := !hasSelector && !hasCIDR
	if !compiled.service {
		public := hasCIDR && !hasSelector && e.isPublic(from.peer.Nets)
		flags.internet = flags.internet || open || public
	}
	otherNamespace := !isBlank(from.peer.NamespaceSelector) || open || from.global && !hasCIDR
	flags.otherNamespace = flags.otherNamespace || otherNamespace
}

// isPublic tells whether the CIDRs hold any address that is not private: a CIDR is private only if all of it is. What cannot be
// read counts as public.
func (e *Evaluator) isPublic(texts []string) bool {
	nets, bad := ParseNets(texts)
	return len(bad) > 0 || !nets.Intersect(e.public).Empty()
}
