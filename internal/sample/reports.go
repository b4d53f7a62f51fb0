package sample

// definitions are the reports of the demo: one of each type, all daily.
var definitions = map[string]string{
	inventory: `apiVersion: projectcalico.org/v3
kind: GlobalReport
metadata:
  name: daily-inventory
spec:
  reportType: inventory
  schedule: 0 0 * * *
`,
	networkAccess: `apiVersion: projectcalico.org/v3
kind: GlobalReport
metadata:
  name: daily-shop-network-access
spec:
  reportType: network-access
  endpoints:
    selector: part-of == 'shop'
  schedule: 0 0 * * *
`,
	policyAudit: `apiVersion: projectcalico.org/v3
kind: GlobalReport
metadata:
  name: daily-policy-audit
spec:
  reportType: policy-audit
  schedule: 0 0 * * *
`,
	cisBenchmark: `apiVersion: projectcalico.org/v3
kind: GlobalReport
metadata:
  name: daily-cis-benchmark
spec:
  reportType: cis-benchmark
  schedule: 0 0 * * *
  cis:
    highThreshold: 100
    medThreshold: 60
    includeUnscoredTests: true
    numFailedTests: 5
    resultsFilters:
      - benchmarkSelection: {kubernetesVersion: "1.36"}
        exclude: ["1.9.1"]
`,
}

func writeReports(w *world) {
	for _, name := range []string{inventory, networkAccess, policyAudit, cisBenchmark} {
		w.files.file("reports/"+name+".yaml", []byte(definitions[name]))
	}
}
