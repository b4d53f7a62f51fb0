package main

// Bounds of internal/render.
const (
	maxTemplates    = 64
	maxTemplateText = 1 << 20
	maxTemplateName = 100
	templateName    = `^[A-Za-z0-9][A-Za-z0-9._-]*$`
)

func typeFields() []field {
	const summary, download, audit = "spec.uiSummaryTemplate", "spec.downloadTemplates[]", "spec.auditEventsSelection"
	name := []addition{atMost(maxTemplateName), rule(`self.matches(`+raw(templateName)+`)`,
		"use letters, digits, '.', '_' and '-', with a letter or digit first, since this becomes the end of a file name")}
	text := []addition{atMost(maxTemplateText), pattern(`\S`)}
	const textDoc = "Text of a Go template over the report's data, as it is and not encoded."
	return []field{
		{"", "GlobalReportType says what data the reports of this type hold, and which files are made of it.", nil},
		{"spec", "The data and the files.", []addition{required("uiSummaryTemplate")}},
		{"spec.includeEndpointData", "Whether the report lists endpoints, namespaces and services with the policies that applied to them.", nil},
		{"spec.includeEndpointFlowLogData", "Whether the report lists what endpoints talked to.", nil},
		{"spec.includeCISBenchmarkData", "Whether the report lists the nodes' results of CIS benchmarks.", nil},
		{audit, "Which audit events are in the report; left out, none.", nil},
		{audit + ".resources", "Resources whose events are in the report. An empty field stands for anything.", nil},
		{audit + ".resources[]", "", nil},
		{audit + ".resources[].resource", "Lower-case plural, such as networkpolicies.", nil},
		{audit + ".resources[].apiGroup", "API group, such as projectcalico.org.", nil},
		{audit + ".resources[].apiVersion", "Version of the API group, such as v3.", nil},
		{audit + ".resources[].name", "Name of the resource.", nil},
		{audit + ".resources[].namespace", "Namespace of the resource.", nil},
		{summary, "Template of the summary that a list of reports shows; it prints JSON.", []addition{required("template")}},
		{summary + ".name", "Name of the summary; ui-summary.json when it is not set.", name},
		{summary + ".description", "What the summary shows, for a person.", nil},
		{summary + ".template", textDoc, text},
		{"spec.downloadTemplates", "Templates of the files that a report has.", []addition{items(maxTemplates),
			rule(`self.all(t, !has(t.name) || self.exists_one(u, has(u.name) && u.name == t.name))`, "two templates have the same name: names must differ within a type")}},
		{download, "", []addition{required("name", "template")}},
		{download + ".name", "Name of the template and end of the file's name, such as summary.csv.", name},
		{download + ".description", "What the file shows, for a person.", nil},
		{download + ".template", textDoc, text},
	}
}
