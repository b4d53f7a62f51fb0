// Package render turns a report's data into files: the downloads and the summary that a GlobalReportType's templates ask for,
// and the files of Probity's own (flows.csv, changes.csv, refused.csv, endpoint-lives.csv, report.html).
//
// # Templates
//
// Templates are Go text/template with the functions of the product that the report types come from: sprig without what reaches
// environment, network, clock, randomness or keys, and toYaml, joinN, dateRfc3339, csv, flowsPrefix, flowsIngress, flowsEgress
// and cisTopFailedTests (calico-compliance.md section 2). Type manifests written for that product render unchanged.
// A template is untrusted: its text, its output, each value it makes and the work it does are bounded ([Limits]), and it has
// no way to the machine. It prints the same bytes every time: maps are ordered, times are UTC, rows are sorted.
//
// # What is normalised in a CSV download
//
// A download whose name ends in ".csv" is written through a filter that knows the quotes of RFC 4180. Outside quoted cells
//
//  1. lines that hold nothing but blanks are dropped (the old files began and ended with one),
//  2. the blanks before the first line are taken off it, and off every later line that begins with the same ones,
//  3. a plain field ({{ .Name }}, {{ $test.TestDesc }}) is data: a cell that has a comma, a quote or a line break in such a
//     field is quoted. What functions print is left alone there, since templates use it to write several cells,
//  4. a cell with a stray quote is quoted,
//  5. the last line ends with a newline.
//
// Within a cell that the template quotes itself, every quote of a value is doubled. Cells made by the csv builder are quoted
// where RFC 4180 asks for it; a value that is a well-formed quoted cell already is left as it is. In a download whose name ends
// in ".json" and in the summary, plain fields within a JSON string are escaped. All other bytes are the template's.
//
// # Spreadsheets
//
// A spreadsheet program may take a cell that begins with =, +, -, @, a tab or a carriage return for a formula. In the files of
// Probity's own such a cell gets an apostrophe in front of it where it holds free text that a stranger may choose (users, agents,
// what changed, reasons); names of Kubernetes objects cannot begin so. The old downloads are not touched: programs read them.
package render
