package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/policy"
)

func TestLabelsOfAnEndpoint(t *testing.T) {
	shop := &policy.Profile{Name: "shop", Known: true, Labels: policy.LabelSet{{Name: "team", Value: "blue"}}}
	clerk := &policy.Profile{Name: "clerk", Known: true, Labels: policy.LabelSet{{Name: "level", Value: "1"}}}
	own := policy.LabelSetOf(map[string]string{"app": "cart", "empty": "", "pcns.mine": "x", "projectcalico.org/namespace": "forged"})
	pod := &policy.Labels{Own: own, Namespace: shop, Account: clerk}
	set := &policy.Labels{Own: own, Namespace: shop}
	host := &policy.Labels{Own: own}
	long := &policy.Labels{Namespace: shop, Account: &policy.Profile{Name: strings.Repeat("a", 63), Known: true}}
	fits := &policy.Labels{Namespace: shop, Account: &policy.Profile{Name: strings.Repeat("a", 62)}}
	unseen := &policy.Labels{Namespace: &policy.Profile{Name: "shop"}, Account: &policy.Profile{Name: "clerk"}}

	const none = "(none)"
	for _, tc := range []struct {
		name   string
		labels *policy.Labels
		label  string
		want   string
	}{
		{"own", pod, "app", "cart"},
		{"own and empty", pod, "empty", ""},
		{"absent", pod, "nope", none},
		{"namespace", pod, policy.LabelNamespace, "shop"},
		{"orchestrator", pod, policy.LabelOrchestrator, "k8s"},
		{"service account", pod, policy.LabelServiceAccount, "clerk"},
		{"a service account name of 62 characters fits", fits, policy.LabelServiceAccount, strings.Repeat("a", 62)},
		{"one of 63 does not", long, policy.LabelServiceAccount, none},
		{"but it is inherited", long, "pcsa.projectcalico.org/name", strings.Repeat("a", 63)},
		{"the namespace's", pod, "pcns.team", "blue"},
		{"the namespace's name", pod, "pcns.projectcalico.org/name", "shop"},
		{"the service account's", pod, "pcsa.level", "1"},
		{"the service account's name", pod, "pcsa.projectcalico.org/name", "clerk"},
		{"own that looks inherited", pod, "pcns.mine", "x"},
		{"a network set has a namespace", set, policy.LabelNamespace, "shop"},
		{"and inherits from it", set, "pcns.team", "blue"},
		{"but has no orchestrator", set, policy.LabelOrchestrator, none},
		{"nor an account", set, "pcsa.projectcalico.org/name", none},
		{"a host endpoint has its own labels only", host, "pcns.projectcalico.org/name", none},
		{"whatever they are", host, policy.LabelNamespace, "forged"},
		{"nothing is inherited from a namespace that was not seen", unseen, "pcns.projectcalico.org/name", none},
		{"but the pod is in it", unseen, policy.LabelNamespace, "shop"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			value, ok := tc.labels.Get(tc.label)
			if !ok {
				value = none
			}
			require.Equal(t, tc.want, value)
		})
	}
}

func TestLabelSet(t *testing.T) {
	for _, size := range []int{0, 1, 5, 30} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			labels := map[string]string{}
			for i := range size {
				labels[fmt.Sprintf("name-%d", i)] = fmt.Sprint(i)
			}
			set := policy.LabelSetOf(labels)
			require.Len(t, set, size)
			require.True(t, set.EqualMap(labels))
			for name, want := range labels {
				value, ok := set.Get(name)
				require.True(t, ok)
				require.Equal(t, want, value)
			}
			_, ok := set.Get("name")
			require.False(t, ok)
			labels["more"] = ""
			require.False(t, set.EqualMap(labels))
			delete(labels, "more")
			if size > 0 {
				labels["name-0"] = "other"
				require.False(t, set.EqualMap(labels))
			}
		})
	}
}
