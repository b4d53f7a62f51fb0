package selector

import "testing"

const benchmarkSelector = "projectcalico.org/orchestrator == 'k8s' && (app in {'cart', 'checkout', 'frontend', 'payment'} || !has(tier)) && pcns.env != 'test'"

var benchmarkLabels = map[string]string{
	"projectcalico.org/orchestrator": "k8s", "projectcalico.org/namespace": "shop", "projectcalico.org/serviceaccount": "default",
	"app": "payment", "tier": "backend", "pod-template-hash": "5d45565464", "pcns.env": "production",
}

func BenchmarkMatches(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"equal", "app == 'payment'"},
		{"policy", benchmarkSelector},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, err := Parse(c.text)
			if err != nil {
				b.Fatal(err)
			}
			var labels Labels = Map(benchmarkLabels)
			b.ReportAllocs()
			for b.Loop() {
				if !s.Matches(labels) {
					b.Fatal("the selector must match")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(benchmarkSelector); err != nil {
			b.Fatal(err)
		}
	}
}
