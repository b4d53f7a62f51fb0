package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/audit"
)

func TestTheSameEventTwice(t *testing.T) {
	back := logged{id: "a1", verb: "patch", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "7")}
	front := logged{at: 3 * time.Millisecond, id: "a1", verb: "patch", ref: gnpRef("security.x"), uri: back.uri}
	with := func(l logged, change func(*logged)) logged { change(&l); return l }
	for _, c := range []struct {
		name   string
		events []logged
		want   []string
		kept   int
	}{
		{"AL 37: a copy from an overlapping file", []logged{back, back, back}, []string{"+GlobalNetworkPolicy(security.x) u1 v7"}, 1},
		{"the copy with the object wins over the front server's", []logged{front, back}, []string{"+GlobalNetworkPolicy(security.x) u1 v7"}, 1},
		{"also when the front server's clock is behind", []logged{with(front, func(l *logged) { l.at = time.Second - time.Millisecond }), with(back, func(l *logged) { l.at = time.Second })},
			[]string{"+GlobalNetworkPolicy(security.x) u1 v7"}, 1},
		{"also when other events lie between", []logged{back, front, {at: time.Millisecond, verb: "patch", ref: gnpRef("security.y"), response: gnp("security.y", "u2", "8")}},
			[]string{"+GlobalNetworkPolicy(security.x) u1 v7", "+GlobalNetworkPolicy(security.y) u2 v8"}, 2},
		{"AL 34: a create and a delete may share an audit ID", []logged{
			with(back, func(l *logged) { l.verb = "create"; l.code = 201 }),
			{at: time.Second, id: "a1", verb: "delete", ref: gnpRef("security.x"), response: status("", "", "security.x", "u1")},
		}, []string{"+GlobalNetworkPolicy(security.x) u1 v7", "-GlobalNetworkPolicy(security.x) u1"}, 2},
		{"AL 34: two patches that share an audit ID and a URI have different versions", []logged{
			back, with(back, func(l *logged) { l.at = time.Second; l.response = gnp("security.x", "u1", "8") }),
		}, []string{"+GlobalNetworkPolicy(security.x) u1 v7", "+GlobalNetworkPolicy(security.x) u1 v8"}, 2},
		{"AL 34: two deletes that share an audit ID and a URI have different uids", []logged{
			{id: "a1", verb: "delete", ref: gnpRef("security.x"), response: status("", "", "security.x", "u1")},
			{at: time.Second, id: "a1", verb: "delete", ref: gnpRef("security.x"), response: status("", "", "security.x", "u2")},
		}, []string{"-GlobalNetworkPolicy(security.x) u1", "-GlobalNetworkPolicy(security.x) u2"}, 2},
		{"two deletecollections that share an audit ID removed different things", []logged{
			{id: "a1", verb: "deletecollection", ref: gnpRef(""), response: list("projectcalico.org/v3", "GlobalNetworkPolicyList", gnp("a", "u1", "1"))},
			{at: time.Second, id: "a1", verb: "deletecollection", ref: gnpRef(""), response: list("projectcalico.org/v3", "GlobalNetworkPolicyList", gnp("a", "u2", "2"))},
		}, []string{"-GlobalNetworkPolicy(a) u1", "-GlobalNetworkPolicy(a) u2"}, 2},
		{"an answer and a refusal contradict each other", []logged{back, with(front, func(l *logged) { l.code = 409 })},
			[]string{"+GlobalNetworkPolicy(security.x) u1 v7"}, 2},
		{"a minute apart is no copy", []logged{back, with(front, func(l *logged) { l.at = time.Minute })},
			[]string{"+GlobalNetworkPolicy(security.x) u1 v7"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries, facts := merge(t, options(), lines(c.events...))
			require.Equal(t, c.want, told(entries))
			require.Len(t, entries, c.kept)
			require.EqualValues(t, c.kept, facts.Entries)
			require.EqualValues(t, len(c.events)-c.kept, facts.Duplicates)
		})
	}
}

func TestTheFrontServerKnowsWhoImpersonates(t *testing.T) {
	back := logged{id: "a1", user: "bob", verb: "patch", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "7")}
	front := logged{at: time.Millisecond, id: "a1", user: "alice", as: "bob", verb: "patch", ref: gnpRef("security.x")}
	entries, _ := merge(t, options(), lines(front), lines(back))
	require.Len(t, entries, 1)
	require.Equal(t, "alice", entries[0].Who.User)
	require.Equal(t, "bob", entries[0].Who.As)
	require.Contains(t, string(entries[0].Event), "responseObject")
}

func TestOrder(t *testing.T) {
	check(t, []expect{
		{"AL 35: time orders the stream, versions are told", []logged{
			{at: 2000, verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "9")},
			{at: 1000, verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "10")},
		}, []string{"+GlobalNetworkPolicy(a) u1 v10", "+GlobalNetworkPolicy(a) u1 v9"}},
		{"AL 35: at one time, versions order an object's changes and its end is last", []logged{
			{verb: "delete", ref: gnpRef("a"), response: status("", "", "a", "u1")},
			{verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "10")},
			{verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "9")},
		}, []string{"+GlobalNetworkPolicy(a) u1 v9", "+GlobalNetworkPolicy(a) u1 v10", "-GlobalNetworkPolicy(a) u1"}},
		{"AL 36, 38: lines need not be sorted, one object's history may be in several files", []logged{
			{at: 3 * time.Hour, verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "12")},
			{at: time.Hour, verb: "create", code: 201, ref: gnpRef("a"), response: gnp("a", "u1", "5")},
			{at: 2 * time.Hour, verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "8")},
		}, []string{"+GlobalNetworkPolicy(a) u1 v5", "+GlobalNetworkPolicy(a) u1 v8", "+GlobalNetworkPolicy(a) u1 v12"}},
	})
}

// AL 42: as text, "…:20.598Z" is less than "…:20Z".
func TestTimesAreNotText(t *testing.T) {
	event := string(logged{verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "5")}.line())
	stamp := micro(day.Start)
	all := [][]byte{
		[]byte(strings.ReplaceAll(event, `"stageTimestamp":"`+stamp, `"stageTimestamp":"2026-11-21T04:00:20.598Z`)),
		[]byte(strings.ReplaceAll(strings.ReplaceAll(event, `"stageTimestamp":"`+stamp, `"stageTimestamp":"2026-11-21T05:00:20+01:00`), `"uid":"u1"`, `"uid":"u0"`)),
	}
	entries, _ := merge(t, options(), all)
	require.Equal(t, []string{"+GlobalNetworkPolicy(a) u0 v5", "+GlobalNetworkPolicy(a) u1 v5"}, told(entries))
	require.Equal(t, time.UTC, entries[0].Time.Location())
}

// history is a log of many events: creations, changes, ends, copies, refusals and rubbish.
func history(seed uint64, count int) [][]byte {
	random := rand.New(rand.NewPCG(seed, 1))
	var all [][]byte
	for i := range count {
		name := fmt.Sprintf("n%d", random.IntN(5))
		uid, version := fmt.Sprintf("u%d", random.IntN(3)), fmt.Sprint(random.IntN(20))
		e := logged{at: time.Duration(random.IntN(3000)) * 10 * time.Millisecond, id: fmt.Sprintf("id%d", random.IntN(count))}
		switch random.IntN(8) {
		case 0:
			e.verb, e.code, e.ref, e.response = "create", 201, coreRef("pods", "shop", ""), pod("shop", name, uid, version)
		case 1:
			e.verb, e.ref, e.response = "delete", coreRef("pods", "shop", name), pod("shop", name, uid, version, grace0)
		case 2:
			e.verb, e.ref, e.response = "delete", gnpRef(name), status("", "", name, uid)
		case 3:
			e.verb, e.ref = "patch", gnpRef(name) // a front server's
		case 4:
			e.verb, e.code, e.ref, e.response = "update", 409, gnpRef(name), failure(409, "Conflict", "changed")
		case 5:
			e.verb, e.ref, e.response = "delete", shop, namespace(uid, version, `"kubernetes"`, deleting)
		case 6:
			e.verb, e.ref, e.response = "deletecollection", gnpRef(""), list("projectcalico.org/v3", "GlobalNetworkPolicyList", gnp(name, uid, version))
		default:
			e.verb, e.ref, e.response = "patch", gnpRef(name), gnp(name, uid, version)
		}
		all = append(all, e.line())
		if i%7 == 0 {
			all = append(all, []byte("rubbish"), all[random.IntN(len(all))])
		}
	}
	return all
}

func text(t require.TestingT, entries []audit.Entry) string {
	raw, err := json.MarshalIndent(entries, "", " ")
	require.NoError(t, err)
	return string(raw)
}

func TestPartitionsDoNotShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := history(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 60).Draw(t, "count"))
		entries, facts := merge(t, options(), all)
		want := text(t, entries)

		parts := make([][][]byte, rapid.IntRange(1, 6).Draw(t, "partitions"))
		for _, i := range rapid.Permutation(indexes(len(all))).Draw(t, "order") {
			to := rapid.IntRange(0, len(parts)-1).Draw(t, "partition")
			parts[to] = append(parts[to], all[i])
		}
		split, splitFacts := merge(t, options(), parts...)
		require.Equal(t, want, text(t, split))
		require.Equal(t, facts, splitFacts)

		extra := append(append([][]byte{}, all...), all[:rapid.IntRange(0, len(all)).Draw(t, "copies")]...)
		doubled, _ := merge(t, options(), extra)
		require.Equal(t, want, text(t, doubled))

		small := options()
		small.MaxBytes = 2000
		small.Spill = func() (audit.SpillFile, error) { return &memorySpill{}, nil }
		spilled, spilledFacts := merge(t, small, all)
		require.Equal(t, want, text(t, spilled))
		require.Equal(t, facts, spilledFacts)
	})
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestTheStreamIsSorted(t *testing.T) {
	entries, _ := merge(t, options(), history(1, 400))
	require.NotEmpty(t, entries)
	for i := 1; i < len(entries); i++ {
		require.False(t, entries[i].Time.Before(entries[i-1].Time))
	}
}

func TestMergeRefusesBadRuns(t *testing.T) {
	run, facts := encode(t, options(), history(2, 30))
	rows := bytes.SplitAfter(run, []byte("\n"))
	swapped := bytes.Join([][]byte{rows[5], rows[0]}, nil)
	for name, c := range map[string]struct {
		run  io.Reader
		want string
	}{
		"not sorted":   {bytes.NewReader(swapped), "run 1 of audit entries is not sorted"},
		"not JSON":     {strings.NewReader("{}}\n"), "run 1: decode audit entry"},
		"cannot read":  {iotest.ErrReader(errors.New("disk on fire")), "read run 1 of audit entries: disk on fire"},
		"cut off":      {bytes.NewReader(run[:len(run)-20]), "run 1: decode audit entry"},
		"breaks later": {io.MultiReader(bytes.NewReader(run), iotest.ErrReader(errors.New("disk on fire"))), "disk on fire"},
	} {
		t.Run(name, func(t *testing.T) {
			m := audit.Merge([]audit.Facts{facts}, []io.Reader{bytes.NewReader(run), c.run})
			var err error
			for ok := true; ok && err == nil; {
				_, ok, err = m.Next()
			}
			require.ErrorContains(t, err, c.want)
			_, _, again := m.Next()
			require.Equal(t, err, again, "an error is final")
		})
	}
}

func TestMergeOfNothing(t *testing.T) {
	_, ok, err := audit.Merge(nil, nil).Next()
	require.NoError(t, err)
	require.False(t, ok)
}
