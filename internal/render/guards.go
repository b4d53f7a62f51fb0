package render

import (
	"math"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// guardFunc looks at the arguments of a call whose result or work could be far larger than they are.
type guardFunc func(r *run, args []reflect.Value) error

// prints lists the functions that turn whatever they are given into text, or look at all of it.
var prints = set(`print printf println html js urlquery toString toStrings join joinN quote squote cat sortAlpha dict toYaml
	toJson toPrettyJson toRawJson mustToJson mustToPrettyJson mustToRawJson deepCopy mustDeepCopy deepEqual`)

func set(names string) map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(names) {
		m[name] = true
	}
	return m
}

// guards has the functions that could make much out of little.
var guards = map[string]guardFunc{
	"repeat":  func(r *run, a []reflect.Value) error { return r.bytes(a[0].Int(), int64(a[1].Len())) },
	"until":   func(r *run, a []reflect.Value) error { return r.elements(abs(a[0].Int())) },
	"indent":  guardIndent,
	"nindent": guardIndent,
	"replace": guardReplace,
	"join":    func(r *run, a []reflect.Value) error { return r.bytes(length(a[1]), int64(a[0].Len())) },
	"joinN":   func(r *run, a []reflect.Value) error { return r.bytes(length(a[2]), int64(a[0].Len())) },
	"wrapWith": func(r *run, a []reflect.Value) error {
		return r.bytes(int64(a[1].Len())+1, int64(a[2].Len())+1)
	},
	"printf":    guardPrintf,
	"untilStep": guardSteps,
	"seq":       guardSeq,
	"split":     guardSplit, "splitList": guardSplit,
	"uniq": guardPairs, "mustUniq": guardPairs, "without": guardWithout, "mustWithout": guardWithout,
	"has": guardHas, "mustHas": guardHas,

	"regexMatch": guardRegex, "mustRegexMatch": guardRegex, "regexFind": guardRegex, "mustRegexFind": guardRegex,
	"regexFindAll": guardRegex, "mustRegexFindAll": guardRegex, "regexSplit": guardRegex, "mustRegexSplit": guardRegex,
	"regexReplaceAll": guardRegexReplace, "mustRegexReplaceAll": guardRegexReplace,
	"regexReplaceAllLiteral": guardRegexReplace, "mustRegexReplaceAllLiteral": guardRegexReplace,
}

// bytes refuses a text of count times size bytes where that is more than one value may have.
func (r *run) bytes(count, size int64) error {
	if count > 0 && size > 0 && count > r.limits.Value/size {
		return overLimit("it makes a text of more than %d bytes", r.limits.Value)
	}
	return r.spendBytes(max(count, 0) * size)
}

// elements refuses a list of more elements than one may have.
func (r *run) elements(n int64) error {
	if n > maxElements || n < 0 {
		return overLimit("it makes a list of more than %d elements", maxElements)
	}
	return r.spend(n)
}

func abs(n int64) int64 {
	if n < 0 {
		return -n // of the least number that is itself, which elements refuses
	}
	return n
}

// length is the number of elements of a list, 1 for anything else.
func length(v reflect.Value) int64 {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return 0
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice || v.Kind() == reflect.Array {
		return int64(v.Len())
	}
	return 1
}

func guardIndent(r *run, a []reflect.Value) error {
	return r.bytes(max(a[0].Int(), 0)+1, int64(strings.Count(a[1].String(), "\n"))+1)
}

func guardReplace(r *run, a []reflect.Value) error {
	from, to, text := a[0].String(), a[1].String(), a[2].String()
	if err := r.bytes(int64(strings.Count(text, from)), int64(len(to))); err != nil {
		return err
	}
	return r.spendBytes(int64(len(text)))
}

// maxStep bounds the numbers that a list is counted up with: far above any use, far below where adding overflows.
const maxStep = 1 << 40

// guardSteps takes the arguments of untilStep: start, stop, step.
func guardSteps(r *run, a []reflect.Value) error { return r.steps(a[0].Int(), a[1].Int(), a[2].Int()) }

func (r *run) steps(start, stop, step int64) error {
	if max(abs(start), abs(stop), abs(step)) > maxStep || min(start, stop, step) == math.MinInt64 {
		return overLimit("it counts beyond %d", int64(maxStep))
	}
	if step == 0 {
		return nil // an empty list
	}
	return r.elements(abs((stop - start) / step))
}

// guardSeq takes the arguments of seq: [start [step]] stop.
func guardSeq(r *run, a []reflect.Value) error {
	params, _ := a[0].Interface().([]int)
	switch len(params) {
	case 1:
		return r.steps(1, int64(params[0]), 1)
	case 2:
		return r.steps(int64(params[0]), int64(params[1]), 1)
	case 3:
		return r.steps(int64(params[0]), int64(params[2]), int64(params[1]))
	}
	return nil
}

func guardSplit(r *run, a []reflect.Value) error {
	return r.elements(int64(strings.Count(a[1].String(), a[0].String())) + 1)
}

// guardPairs pays for comparing each element with each other.
func guardPairs(r *run, a []reflect.Value) error {
	n := min(length(a[0]), maxElements)
	return r.spend(n * n / 2)
}

func guardWithout(r *run, a []reflect.Value) error { return r.spend(length(a[0]) * length(a[1])) }

func guardHas(r *run, a []reflect.Value) error { return r.spend(length(a[1])) }

// maxFormatWidth bounds the widths and precisions of printf.
const maxFormatWidth = 1000

// widths finds the numbers and stars between the percent sign and the verb of a format.
var widths = regexp.MustCompile(`%[-+# 0-9.*\[\]]*`)

// guardPrintf refuses formats that pad or repeat without bound.
func guardPrintf(r *run, a []reflect.Value) error {
	format := a[0].String()
	verbs := widths.FindAllString(format, -1)
	for _, verb := range verbs {
		if strings.Contains(verb, "*") {
			return overLimit("its format takes a width from an argument (%s): write the width as a number", verb)
		}
		for _, number := range strings.FieldsFunc(verb, func(c rune) bool { return c < '0' || c > '9' }) {
			if n, err := strconv.Atoi(number); err != nil || n > maxFormatWidth {
				return overLimit("its format has a number above %d (%s)", maxFormatWidth, verb)
			}
		}
	}
	s := &scale{run: r, deep: true, limit: r.limits.Output}
	if err := s.add(a[1], 0); err != nil {
		return err
	}
	return r.bytes(int64(len(verbs)), s.total+maxFormatWidth)
}

// Bounds on regular expressions. Matching takes time in the order of instructions times bytes.
const (
	maxPattern      = 4096
	unitsPerPattern = 1000
)

func guardRegex(r *run, a []reflect.Value) error {
	pattern, text := a[0].String(), a[1].String()
	if len(pattern) > maxPattern {
		return overLimit("its regular expression has %d bytes: at most %d are allowed", len(pattern), maxPattern)
	}
	if int64(len(text)) > r.limits.Value/8 {
		return overLimit("it searches a text of %d bytes: at most %d are allowed", len(text), r.limits.Value/8)
	}
	return r.spend(unitsPerPattern + instructions(pattern)*int64(len(text)+1)/4)
}

// instructions is the size of the program that a regular expression becomes; 0 for one that the function itself will refuse.
func instructions(pattern string) int64 {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err == nil {
		if program, err := syntax.Compile(parsed.Simplify()); err == nil {
			return int64(len(program.Inst))
		}
	}
	return 0
}

// guardRegexReplace also bounds the result: a match is replaced by a text that may name parts of the match.
func guardRegexReplace(r *run, a []reflect.Value) error {
	if err := guardRegex(r, a[:2]); err != nil {
		return err
	}
	return r.bytes(int64(a[1].Len())+1, int64(a[2].Len())+1)
}
