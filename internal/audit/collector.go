package audit

import (
	"bytes"
	"io"
	"time"
	"unicode/utf8"

	"github.com/probity/probity/internal/resource"
)

// Collector reduces the lines of one partition of an audit log. It is not safe for concurrent use.
type Collector struct {
	options   CollectorOptions
	end       time.Time // of the look-ahead
	selection selection
	facts     Facts
	hours     map[int64]int64 // events by hours since 1970
	chunks    chunks
}

// NewCollector returns a Collector that has read nothing yet.
func NewCollector(o CollectorOptions) *Collector {
	o = o.withDefaults()
	end := o.Interval.End.Add(o.LookAhead)
	return &Collector{
		options:   o,
		end:       end,
		selection: o.Selection,
		facts:     newFacts(o, end),
		hours:     make(map[int64]int64),
		chunks:    chunks{max: o.MaxBytes, spill: o.Spill},
	}
}

// AddLine reads one line of a log, without its line end. A line that cannot be used is counted in the Facts by reason; what
// no line can do is fail. The line is not kept.
func (c *Collector) AddLine(line []byte) {
	c.facts.Lines++
	e, err := parseEvent(line)
	if err != nil {
		c.facts.Bad[BadJSON]++
		return
	}
	if e.kind != nil && !is(e.kind, "Event") {
		c.facts.Bad[BadEvent]++
		return
	}
	if !present(e.stage) {
		c.facts.Bad[BadStage]++
		return
	}
	at, ok := e.time()
	if !ok {
		c.facts.Bad[BadTime]++
		return
	}
	c.facts.seeEvent(stageName(e.stage), at)
	if reason := c.outside(at); reason != "" {
		c.facts.Skipped[reason]++
		return
	}
	if at.Before(c.options.Interval.End) {
		c.hours[at.Unix()/3600]++
	}
	c.addEvent(line, &e, at)
}

// Encode writes the collected entries as a sorted run: one JSON Entry a line. It returns the facts of the partition, and the
// first error of w or of a spill file, which makes the run useless. The Collector must not be used afterwards.
func (c *Collector) Encode(w io.Writer) (Facts, error) {
	c.facts.setHours(c.hours)
	return c.facts, c.chunks.writeTo(w)
}

// Err is the first error of a spill file. Encode returns it too; to look at it now and then saves reading the rest in vain.
func (c *Collector) Err() error { return c.chunks.err }

func (c *Collector) outside(at time.Time) string {
	switch {
	case at.Before(c.options.From):
		return SkippedBefore
	case !at.Before(c.end):
		return SkippedAfter
	}
	return ""
}

func stageName(stage []byte) string {
	for _, name := range []string{stageComplete, stageStarted, stageReceived, stagePanic} {
		if is(stage, name) {
			return name
		}
	}
	return "other" // bounds the map whatever the log holds
}

// The stages of a request (k8s.io/apiserver/pkg/apis/audit).
const (
	stageComplete = "ResponseComplete"
	stageStarted  = "ResponseStarted"
	stageReceived = "RequestReceived"
	stagePanic    = "Panic"
)

const codeUnauthorized = 401

// addEvent decides, cheapest question first, whether the event concerns anybody.
func (c *Collector) addEvent(line []byte, e *event, at time.Time) {
	verb := verbOf(e.verb)
	if verb == "" {
		c.facts.Skipped[SkippedVerb]++
		return
	}
	complete := is(e.stage, stageComplete)
	if !complete && !is(e.stage, stageStarted) {
		c.facts.Skipped[SkippedStage]++
		return
	}
	if !present(e.objectRef) {
		c.facts.Skipped[SkippedNoObject]++
		return
	}
	ref, err := parseReference(e.objectRef)
	code, codeErr := e.code()
	if err != nil || codeErr != nil {
		c.facts.Bad[BadReference]++
		return
	}
	// A request without valid credentials has no ResponseComplete (AL 20).
	if !complete && code != codeUnauthorized {
		c.facts.Skipped[SkippedStage]++
		return
	}
	r := request{event: e, ref: ref, kind: kindOf(&ref), verb: verb, time: at}
	if r.kind == resource.NoKind && !c.selection.resourceSelected(&ref) {
		c.facts.Skipped[SkippedNotFollowed]++
		return
	}
	c.addRequest(line, &r, code)
}

var writeVerbs = [...]string{"create", "update", "patch", "delete", "deletecollection"}

// verbOf is the verb of a write; "" for all others.
func verbOf(raw []byte) string {
	for _, verb := range writeVerbs {
		if is(raw, verb) {
			return verb
		}
	}
	return ""
}

func (c *Collector) addRequest(line []byte, r *request, code int) {
	success := code >= 200 && code < 300
	within := r.time.Before(c.options.Interval.End)
	if !success && within && !r.event.dryRun() {
		c.facts.seeUnsettled(r, code)
	}
	if !success && !(code >= 400 && within && c.selection.resourceSelected(&r.ref)) {
		c.facts.Skipped[SkippedCode]++
		return
	}
	if r.event.dryRun() {
		c.facts.Skipped[SkippedDryRun]++
		return
	}
	if !utf8.Valid(line) {
		c.facts.Repaired++
		line = bytes.ToValidUTF8(line, []byte("\uFFFD"))
		fresh, err := parseEvent(line)
		if err != nil {
			c.facts.Bad[BadJSON]++
			return
		}
		r.event = &fresh
	}
	var err error
	if r.answer, err = parseAnswer(r.event.response, r.kind); err != nil {
		c.facts.Bad[BadObject]++
		return
	}
	if success && r.kind != resource.NoKind {
		c.facts.seeWrite(r)
	}
	c.addEntry(line, r, code)
}

// addEntry makes the request an entry if it changed something or is selected. Behind the interval's end it only leaves marks.
func (c *Collector) addEntry(line []byte, r *request, code int) {
	entry := Entry{
		Time: r.time, AuditID: text(r.event.auditID), Verb: r.verb, URI: text(r.event.uri), Code: code,
		Answer: r.answer.identity(), Version: r.answer.meta.version, Refused: code >= 300,
	}
	if !entry.Refused && r.kind != resource.NoKind {
		changes, err := r.changes()
		if err != nil {
			c.facts.Bad[badAnswer(r.answer.form)]++
		}
		entry.Changes = changes
		c.facts.seeChanges(r, changes)
	}
	if !r.time.Before(c.options.Interval.End) {
		c.facts.Skipped[SkippedAfter]++
		return
	}
	if c.selection.selects(&r.ref, r.names()) && !(entry.Refused && r.time.Before(c.options.Interval.Start)) {
		entry.Who = r.event.who()
		entry.Event = line
		entry.Prior = r.time.Before(c.options.Interval.Start)
	}
	if len(entry.Changes) == 0 && entry.Event == nil {
		c.facts.Skipped[SkippedNoChange]++
		return
	}
	c.keep(&entry)
}

func (c *Collector) keep(entry *Entry) {
	encoded, err := entry.encode()
	if err != nil { // the parts that nobody had to decode so far are no JSON
		c.facts.Bad[BadJSON]++
		return
	}
	c.facts.Used++
	if entry.Event != nil && !entry.Prior {
		if entry.Refused {
			c.facts.Refused++
		} else {
			c.facts.Selected++
		}
	}
	c.chunks.add(record{at: entry.Time.UnixMicro(), order: entry.order(), line: encoded})
}

func badAnswer(f form) string {
	if f == formList {
		return BadList
	}
	return BadObject
}

// names are the objects that the request names or was answered with.
func (r *request) names() []string {
	if r.ref.name != "" {
		return []string{r.ref.name}
	}
	switch r.answer.form {
	case formList:
		items, err := r.answer.listMetadata()
		if err != nil {
			return nil
		}
		names := make([]string, len(items))
		for i := range items {
			names[i] = items[i].name
		}
		return names
	case formObject, formPartial:
		return []string{r.answer.meta.name}
	}
	if meta, err := itemMetadata(r.event.request); err == nil && meta.name != "" {
		return []string{meta.name}
	}
	return nil
}

// followed finds the kind of a reference by its plural; several kinds may share one.
var followed = func() map[string]bool {
	plurals := make(map[string]bool)
	for _, kind := range resource.Kinds() {
		plurals[kind.Plural()] = true
	}
	return plurals
}()

func kindOf(r *reference) resource.Kind {
	if !followed[r.resource] {
		return resource.NoKind
	}
	return resource.KindOfPlural(r.group, r.resource)
}
