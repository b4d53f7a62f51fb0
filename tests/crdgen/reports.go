package main

import "strings"

// Names of objects (RFC 1123) as the API server checks them.
const (
	labelName     = `^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$`
	subdomainName = `^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$`
	nodeLabel     = `^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`
	nodeValue     = `^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`
)

const (
	labelText     = "use 1 to 63 lower-case letters, digits and '-', with a letter or digit first and last"
	subdomainText = "use 1 to 253 lower-case letters, digits, '-' and '.', with a letter or digit first and last"
)

// escaped is a text inside a CEL string in single quotes.
func escaped(text string) string { return strings.ReplaceAll(text, `'`, `\'`) }

func reportFields() []field {
	fields := []field{
		{"", "GlobalReport is a report about the whole cluster or a part of it, made again and again over the intervals of its schedule.", nil},
		{"spec", "What to report on, how often, and about which endpoints.", nil},
		{"spec.reportType", "Name of the GlobalReportType that says what data the report holds and which files it has.", []addition{
			atMost(253), rule(`self.matches(`+raw(subdomainName)+`)`, "name a GlobalReportType, such as inventory: "+subdomainText)}},
		{"spec.schedule", "When intervals end, as five crontab fields in UTC; the end of one interval is the start of the next. " +
			"Empty for a report that is made on demand only.", scheduleRules()},
		{"spec.suspend", "No further scheduled reports are made while this is true. Those that run go on; those that were missed are made when it is false again.", nil},
		{"spec.jobNodeSelector", "Labels of the nodes on which the report is made: only workers that were started for exactly these labels make it.", []addition{
			entries(64), rule(`self.all(name, name.matches(`+raw(nodeLabel)+`))`, "the name of a label is not usable: write it as on a node, such as nodetype or example.com/role")}},
		{"spec.jobNodeSelector{}", "", []addition{
			atMost(63), rule(`self.matches(`+raw(nodeValue)+`)`, "this cannot be the value of a label: use at most 63 letters, digits, '-', '_' and '.', with a letter or digit first and last")}},
	}
	return append(append(append(fields, endpointFields()...), cisFields()...), reportStatusFields()...)
}

func endpointFields() []field {
	fields := []field{
		{"spec.endpoints", "Which endpoints the report is about: those that satisfied every term given here at any time of the interval. Left out: all of them.", nil},
		{"spec.endpoints.selector", "Calico selector over the endpoints' own and inherited labels; empty for all().", selectorRules()},
	}
	for _, term := range []struct {
		name, what, pattern, text string
		length                    int64
	}{
		{"namespaces", "namespaces", labelName, labelText, 63},
		{"serviceAccounts", "service accounts", subdomainName, subdomainText, 253},
	} {
		path := "spec.endpoints." + term.name
		fields = append(fields,
			field{path, "Only pods of " + term.what + " that have one of the names and satisfy the selector; no host endpoints.", nil},
			field{path + ".names", "Names of the " + term.what + "; empty for any.", []addition{items(maxNames)}},
			field{path + ".names[]", "", []addition{atMost(term.length), rule(`self.matches(`+raw(term.pattern)+`)`, "this cannot be a name of "+term.what+": "+term.text)}},
			field{path + ".selector", "Calico selector over the labels of the " + term.what + "; empty for all().", selectorRules()},
		)
	}
	return fields
}

func cisFields() []field {
	const tests = "spec.cis.resultsFilters[]"
	notBlank := pattern(`\S`)
	return []field{
		{"spec.cis", "What a report on CIS benchmarks shows, and how it rates nodes.", []addition{rule(
			`(has(self.highThreshold) ? self.highThreshold : 100) > (has(self.medThreshold) ? self.medThreshold : 50)`,
			"highThreshold must be greater than medThreshold; they are 100 and 50 where they are not set")}},
		{"spec.cis.highThreshold", "Percentage of passed tests from which on a node is rated HIGH; 100 when it is not set.", []addition{between(0, 100)}},
		{"spec.cis.medThreshold", "Percentage of passed tests from which on a node is rated MED; 50 when it is not set.", []addition{between(0, 100)}},
		{"spec.cis.includeUnscoredTests", "Whether tests that are not scored are in the report.", nil},
		{"spec.cis.numFailedTests", "How many of the tests that failed most often are listed; 5 when it is not set.", []addition{atLeast(1)}},
		{"spec.cis.resultsFilters", "The first of these that matches a node selects among its results; where none matches, all results stay.", []addition{items(1024)}},
		{tests, "", nil},
		{tests + ".benchmarkSelection", "Which nodes' results the filter is for; left out, all of them.", nil},
		{tests + ".benchmarkSelection.kubernetesVersion", "Significant parts of the node's version: 1.28 is that of 1.28.3 too. Empty for every version.", []addition{
			atMost(64), rule(`self.matches(`+raw(`^(?:v?[0-9]+(?:\.[0-9]+){0,2})?$`)+`)`, "write one to three numbers joined by dots, such as 1.28")}},
		{tests + ".exclude", "Indices of tests that are left out, such as 1.1.4.", nil},
		{tests + ".exclude[]", "", []addition{notBlank}},
		{tests + ".include", "Indices of tests that are shown, whatever exclude says.", nil},
		{tests + ".include[]", "", []addition{notBlank}},
	}
}

func reportStatusFields() []field {
	return []field{
		{"status", "How the scheduled reports stand. Reports that were made on demand are not in it.", nil},
		{"status.lastScheduledReportJob", "The newest report that was scheduled. Its end is the start of the next one.", nil},
		{"status.activeReportJobs", "The newest reports that are being made, at most five.", nil},
		{"status.lastFailedReportJobs", "The three newest reports that failed, or had nothing to evaluate.", nil},
		{"status.lastSuccessfulReportJobs", "The two newest reports that were made, completely or in part.", nil},
	}
}
