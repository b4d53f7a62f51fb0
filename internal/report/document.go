package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/evidence"
)

// Schema names the form of a Document. A change that an older reader would misread gets a new version.
const Schema = "probity.report/v1"

// Document is a report's data as the bundle keeps it: what the removed product's templates know, and beside it what its
// form cannot hold.
type Document struct {
	Schema string `json:"schema"`
	// Data is what templates render, exactly as the published type has it.
	Data v3.ReportData `json:"data"`
	// Lives has one row for each life of each endpoint in scope, sorted by kind, namespace, name and time. A name that two
	// lives shared is one row in Data and two here.
	Lives []Life `json:"lives,omitempty"`
	// Changes has one row for each object that an audit event in the report changed, sorted by time.
	Changes []audit.Row `json:"changes,omitempty"`
	// Refused has the refused attempts on the objects that the report's audit selection names, sorted by time.
	Refused []audit.Row `json:"refused,omitempty"`
	// Differences are the objects whose replayed state a later snapshot contradicts, sorted.
	Differences []evidence.Difference `json:"differences,omitempty"`
	// Warnings are full sentences about the inputs, sorted and distinct.
	Warnings []string `json:"warnings,omitempty"`
	// FlowTotals sums the flows of endpoints in scope by reporter and action, sorted; the two ends of a connection are
	// never added up.
	FlowTotals []FlowTotal `json:"flowTotals,omitempty"`
}

// FlowTotal sums the flows of one reporter and action.
type FlowTotal struct {
	Reporter    string `json:"reporter"`
	Action      string `json:"action"`
	Groups      int64  `json:"groups"`
	Records     int64  `json:"records"`
	Connections int64  `json:"connections"`
	BytesIn     int64  `json:"bytesIn"`
	BytesOut    int64  `json:"bytesOut"`
}

// Encode writes the document as JSON with one final newline. Equal documents give equal bytes.
func (d *Document) Encode(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("encode report document: %w", err)
	}
	return nil
}

// Decode reads what Encode wrote. Fields that this version does not know are tolerated; a document of another schema is an
// error that names it.
func Decode(raw []byte) (*Document, error) {
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("decode report document: %w", err)
	}
	if head.Schema != Schema {
		return nil, fmt.Errorf("decode report document: schema is %q, not %q", head.Schema, Schema)
	}
	var doc Document
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&doc); err != nil {
		return nil, fmt.Errorf("decode report document: %w", err)
	}
	return &doc, nil
}
