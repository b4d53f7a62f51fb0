package render

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"sigs.k8s.io/yaml"
)

// library is every function that is the same in each run, before it is counted and bounded.
var library = sync.OnceValue(func() map[string]any {
	all, funcs := sprig.GenericFuncMap(), map[string]any{}
	for _, name := range allowed {
		funcs[name] = all[name]
	}
	maps.Copy(funcs, map[string]any{
		// text/template's own, so that they are bounded too.
		"print": fmt.Sprint, "printf": fmt.Sprintf, "println": fmt.Sprintln,
		"html": template.HTMLEscaper, "js": template.JSEscaper, "urlquery": template.URLQueryEscaper,

		"date": date, "htmlDate": htmlDate, "dateInZone": dateInZone, "date_in_zone": dateInZone, "htmlDateInZone": htmlDateInZone,
		"toDate": toDate, "mustToDate": mustToDate, "durationRound": durationRound,
		"keys": sortedKeys, "values": sortedValues,

		"toYaml": toYAML, "joinN": joinN, "dateRfc3339": dateRFC3339,
	})
	return funcs
})

// functions returns the function set of one run. Every function counts its work and bounds what it is given and what it gives.
func (r *run) functions() template.FuncMap {
	funcs := template.FuncMap{stepName: r.step, showName: r.show, textName: r.text}
	for name, fn := range library() {
		funcs[name] = r.bounded(name, fn)
	}
	flows := flowFunctions{index: r.src.flows}
	for name, fn := range map[string]any{
		"flowsPrefix": flows.prefix, "flowsIngress": flows.ingress, "flowsEgress": flows.egress,
		"cisTopFailedTests": func(data any) ([]v3.CISBenchmarkResultCount, error) {
			d, err := reportData(data)
			if err != nil {
				return nil, err
			}
			return topFailedTests(d), nil
		},
	} {
		funcs[name] = r.bounded(name, fn)
	}
	// The builder's columns may call every function, csv included.
	funcs["csv"] = func() *columns { return &columns{run: r, funcs: funcs} }
	return funcs
}

// placeholders returns a function set to parse with.
var placeholders = sync.OnceValue(func() template.FuncMap {
	return (&run{src: &source{}}).functions()
})

var errorType = reflect.TypeFor[error]()

// bounded wraps a function: its cost is paid before it is called, and what it gives is looked at. The wrapper returns an error
// where the function did not.
func (r *run) bounded(name string, fn any) any {
	v, guard := reflect.ValueOf(fn), guards[name]
	t := v.Type()
	out := []reflect.Type{t.Out(0), errorType}
	ins := make([]reflect.Type, t.NumIn())
	for i := range ins {
		ins[i] = t.In(i)
	}
	call := v.Call
	if t.IsVariadic() {
		call = v.CallSlice
	}
	return reflect.MakeFunc(reflect.FuncOf(ins, out, t.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		if err := r.pay(name, guard, args); err != nil {
			return []reflect.Value{reflect.Zero(out[0]), reflect.ValueOf(&err).Elem()}
		}
		got := call(args)
		if len(got) == 2 && !got[1].IsNil() {
			return got
		}
		err := r.checkResult(got[0])
		return []reflect.Value{got[0], reflect.ValueOf(&err).Elem()}
	}).Interface()
}

// pay counts a call and refuses one whose result would be too large.
func (r *run) pay(name string, guard guardFunc, args []reflect.Value) error {
	if err := r.spend(unitsPerCall); err != nil {
		return err
	}
	for _, arg := range args {
		var err error
		if prints[name] {
			err = r.weigh(arg)
		} else {
			err = r.measure(arg)
		}
		if err != nil {
			return err
		}
	}
	if guard != nil {
		return guard(r, args)
	}
	return nil
}

func (r *run) checkResult(v reflect.Value) error {
	if v.Kind() == reflect.String {
		if int64(v.Len()) > r.limits.Output {
			return overLimit("it gives a text of %d bytes: at most %d are allowed", v.Len(), r.limits.Output)
		}
		return r.spendBytes(int64(v.Len()))
	}
	return r.measure(v)
}

func toYAML(v any) (string, error) {
	raw, err := yaml.Marshal(v)
	return string(raw), err
}

// joinN is sprig's join over at most limit elements; the rest is dropped.
func joinN(sep string, limit int, list any) string {
	strs := sprig.GenericFuncMap()["toStrings"].(func(any) []string)(list)
	return strings.Join(strs[:max(0, min(limit, len(strs)))], sep)
}

// sortedKeys is sprig's keys with the keys of each dictionary in order.
func sortedKeys(dicts ...map[string]any) []string {
	list := []string{}
	for _, d := range dicts {
		list = append(list, slices.Sorted(maps.Keys(d))...)
	}
	return list
}

// sortedValues is sprig's values in the order of the keys.
func sortedValues(d map[string]any) []any {
	list := []any{}
	for _, key := range slices.Sorted(maps.Keys(d)) {
		list = append(list, d[key])
	}
	return list
}
