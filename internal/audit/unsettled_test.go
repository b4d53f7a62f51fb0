package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A request that the API server gave up on may have been done: the log does not tell.
func TestWritesWithoutAKnownOutcomeAreNamed(t *testing.T) {
	for _, test := range []struct {
		name  string
		event logged
		want  []string
	}{
		{"given up", logged{at: time.Hour, verb: "delete", code: 504, ref: gnpRef("a")},
			[]string{"2026-11-21T01:00:00.000000Z delete GlobalNetworkPolicy(a), answered with 504"}},
		{"a server that failed", logged{at: time.Hour, verb: "create", code: 500, ref: coreRef("pods", "shop", "a")},
			[]string{"2026-11-21T01:00:00.000000Z create Pod.v1(shop/a), answered with 500"}},
		{"refused: it was not done", logged{at: time.Hour, verb: "delete", code: 409, ref: gnpRef("a")}, nil},
		{"a collection of which some may be gone", logged{at: time.Hour, verb: "deletecollection", code: 422, ref: coreRef("pods", "shop", "")},
			[]string{"2026-11-21T01:00:00.000000Z deletecollection Pod.v1(shop/), answered with 422"}},
		{"a collection with a conflict", logged{at: time.Hour, verb: "deletecollection", code: 409, ref: gnpRef("")},
			[]string{"2026-11-21T01:00:00.000000Z deletecollection GlobalNetworkPolicy(), answered with 409"}},
		{"a collection of which admission forbids one", logged{at: time.Hour, verb: "deletecollection", code: 403, ref: gnpRef(""), decision: "allow"},
			[]string{"2026-11-21T01:00:00.000000Z deletecollection GlobalNetworkPolicy(), answered with 403"}},
		{"a collection that nobody may delete", logged{at: time.Hour, verb: "deletecollection", code: 403, ref: gnpRef(""), decision: "forbid"}, nil},
		{"a collection of nothing known", logged{at: time.Hour, verb: "deletecollection", code: 404, ref: gnpRef("")}, nil},
		{"a dry run", logged{at: time.Hour, verb: "delete", code: 504, uri: "/x?dryRun=All", ref: gnpRef("a")}, nil},
		{"status is written again", logged{at: time.Hour, verb: "patch", code: 504, ref: coreRef("pods", "shop", "a").sub("status")}, nil},
		{"another kind", logged{at: time.Hour, verb: "delete", code: 504, ref: coreRef("configmaps", "shop", "a")}, nil},
		{"after the interval", logged{at: 30 * time.Hour, verb: "delete", code: 504, ref: gnpRef("a")}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, facts := merge(t, options(), lines(test.event, test.event))
			require.Equal(t, test.want, facts.Unsettled, "once, though the log has it twice")
		})
	}
}

func TestNamesOfUnsettledWritesAreBounded(t *testing.T) {
	var early, late []logged
	for n := range 90 {
		early = append(early, logged{at: time.Duration(n) * time.Minute, verb: "delete", code: 504, ref: gnpRef(fmt.Sprint("p", n))})
		late = append(late, logged{at: time.Duration(90+n) * time.Minute, verb: "delete", code: 504, ref: gnpRef(fmt.Sprint("p", n))})
	}
	_, one := merge(t, options(), lines(early...), lines(late...))
	_, other := merge(t, options(), lines(late...), lines(early...))
	require.Equal(t, one.Unsettled, other.Unsettled)
	require.Len(t, one.Unsettled, 100)
	require.True(t, one.MoreUnsettled)
	require.Contains(t, one.Unsettled[0], "2026-11-21T00:00:00.000000Z delete GlobalNetworkPolicy(p0)")
}
