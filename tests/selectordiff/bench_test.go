package selectordiff

import (
	"testing"

	calico "github.com/projectcalico/calico/libcalico-go/lib/selector"

	"github.com/probity/probity/internal/selector"
)

const benchmarkText = "projectcalico.org/orchestrator == 'k8s' && (app in {'cart', 'checkout', 'frontend', 'payment'} || !has(tier)) && pcns.env != 'test'"

var benchmarkLabels = map[string]string{
	"projectcalico.org/orchestrator": "k8s", "projectcalico.org/namespace": "shop", "app": "payment", "tier": "backend", "pcns.env": "production",
}

// BenchmarkMatches puts both implementations side by side in one run.
func BenchmarkMatches(b *testing.B) {
	ours, err := selector.Parse(benchmarkText)
	if err != nil {
		b.Fatal(err)
	}
	theirs, err := calico.Parse(benchmarkText)
	if err != nil {
		b.Fatal(err)
	}
	var labels selector.Labels = selector.Map(benchmarkLabels)
	for _, c := range []struct {
		name    string
		matches func() bool
	}{
		{"probity", func() bool { return ours.Matches(labels) }},
		{"calico", func() bool { return theirs.Evaluate(benchmarkLabels) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !c.matches() {
					b.Fatal("the selector must match")
				}
			}
		})
	}
}
