package sample

import (
	"container/heap"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/probity/probity/internal/resource"
)

// margin is how much of the days before and after the logs hold: a report's edges can then be seen to be whole.
const margin = 10 * time.Minute

// world is the simulated cluster: what exists now, and what will happen.
type world struct {
	opts  Options
	files *sink
	audit *auditLog
	flows *flowLog
	rnd   random

	now     time.Time
	version uint64
	// quiet is set while the cluster is built: nobody logged that.
	quiet   bool
	objects map[resource.Key]*object
	todo    agenda
	steps   int

	nodes    []string
	apps     []*app
	policies []*policy
	sets     []*netSet
	addrs    int // addresses given out
	podCount int
	story    []Event
}

func newWorld(opts Options, files *sink) *world {
	return &world{
		opts: opts, files: files, rnd: newRandom(opts.Seed, 1), objects: map[resource.Key]*object{}, version: 180_000,
		audit: newAuditLog(opts, files), flows: newFlowLog(opts, files),
	}
}

// clock is a moment of the day: clock(9, 12, 0) is 09:12:00.
func (w *world) clock(hour, minute, second int) time.Time {
	return w.opts.Day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second)
}

// task is something that will happen.
type task struct {
	at   time.Time
	step int // tasks of one moment happen in the order in which they were planned
	do   func()
}

type agenda []task

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if !a[i].at.Equal(a[j].at) {
		return a[i].at.Before(a[j].at)
	}
	return a[i].step < a[j].step
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(t any)   { *a = append(*a, t.(task)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// at plans something.
func (w *world) at(when time.Time, do func()) {
	w.steps++
	heap.Push(&w.todo, task{when, w.steps, do})
}

// after plans something from now on.
func (w *world) after(d time.Duration, do func()) { w.at(w.now.Add(d), do) }

// run lets everything happen, up to the end of the margin. It stops when the output fails.
func (w *world) run() {
	end := w.clock(24, 0, 0).Add(margin)
	for w.todo.Len() > 0 && w.files.err == nil {
		next := heap.Pop(&w.todo).(task)
		if next.at.After(end) {
			return
		}
		w.now = next.at
		next.do()
	}
}

// nextVersion moves the cluster's version on: other objects, such as leases, change in between.
func (w *world) nextVersion() string {
	w.version += 1 + w.rnd.Uint64N(9)
	return strconv.FormatUint(w.version, 10)
}

func (w *world) get(kind resource.Kind, namespace, name string) *object {
	return w.objects[resource.Key{Kind: kind, Namespace: namespace, Name: name}]
}

// all lists what exists, in the order of keys.
func (w *world) all() []*object {
	keys := slices.SortedFunc(maps.Keys(w.objects), resource.Key.Compare)
	objects := make([]*object, len(keys))
	for i, key := range keys {
		objects[i] = w.objects[key]
	}
	return objects
}

// allOf lists the objects of a kind in a namespace; "" is every namespace.
func (w *world) allOf(kind resource.Kind, namespace string) []*object {
	return slices.DeleteFunc(w.all(), func(o *object) bool {
		return o.kind != kind || namespace != "" && o.Namespace != namespace
	})
}

func ptr[T any](v T) *T { return &v }
