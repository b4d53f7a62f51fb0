package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/audit"
)

func namespace(uid, version string, finalizers string, meta ...string) string {
	more := ""
	if len(meta) > 0 {
		more = meta[0]
	}
	return object("v1", "Namespace", "", "shop", uid, version, more, `"spec":{"finalizers":[`+finalizers+`]}`)
}

var (
	shop       = coreRef("namespaces", "shop", "shop")
	controller = "system:serviceaccount:kube-system:namespace-controller"
	webPolicy  = list("networking.k8s.io/v1", "NetworkPolicyList", object("", "", "shop", "web", "p1", "4"))
)

// dying is the deletion of a namespace as it was measured (AL 12), from at on.
func dying(at time.Duration, uid string) (asked, contents, finalized []logged) {
	asked = []logged{{at: at, verb: "delete", ref: shop, response: namespace(uid, "50", `"kubernetes"`, deleting)}}
	contents = []logged{
		{at: at + 5*time.Second, verb: "delete", ref: coreRef("pods", "shop", "web-1"), response: pod("shop", "web-1", "pod"+uid, "60", grace0)},
		{at: at + 10400*time.Millisecond, verb: "deletecollection", ref: knpRef("shop", ""), user: controller, response: webPolicy},
	}
	finalized = []logged{
		{at: at + 10500*time.Millisecond, verb: "update", ref: shop.sub("status"), user: controller, response: namespace(uid, "61", `"kubernetes"`, deleting)},
		{at: at + 10600*time.Millisecond, verb: "update", ref: shop.sub("finalize"), user: controller, response: namespace(uid, "61", ``, deleting)},
	}
	return asked, contents, finalized
}

func join(parts ...[]logged) []logged {
	var all []logged
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

func TestNamespaceEnds(t *testing.T) {
	asked, contents, finalized := dying(time.Hour, "n1")
	late := day.End.Sub(day.Start) - 2*time.Second
	lateAsked, lateContents, lateFinalized := dying(late, "n1")
	secondAsked, secondContents, _ := dying(2*time.Hour, "n2")
	created := logged{at: time.Hour + 20*time.Second, verb: "create", code: 201, ref: coreRef("namespaces", "", "shop"), response: namespace("n2", "90", `"kubernetes"`)}
	at := func(d time.Duration) time.Time { return day.Start.Add(d) }
	for _, c := range []struct {
		name   string
		events []logged
		ends   []audit.NamespaceEnd
		last   []string // the last changes
	}{
		{"AL 12: finalize is the end, with the version it had", join(asked, contents, finalized),
			[]audit.NamespaceEnd{{Name: "shop", UID: "n1", Time: at(time.Hour + 10600*time.Millisecond), How: audit.EndFinalized}},
			[]string{"-NetworkPolicy.networking.k8s.io/v1(shop/web) p1", "+Namespace.v1(shop) n1 v61", "-Namespace.v1(shop) n1 v61"}},
		{"without finalize it ends with the last thing in it", join(asked, contents),
			[]audit.NamespaceEnd{{Name: "shop", UID: "n1", Time: at(time.Hour + 10400*time.Millisecond), How: audit.EndLastSeen}},
			[]string{"-NetworkPolicy.networking.k8s.io/v1(shop/web) p1", "-Namespace.v1(shop) n1"}},
		{"with nothing seen in it, it ends with its deletion", asked,
			[]audit.NamespaceEnd{{Name: "shop", UID: "n1", Time: at(time.Hour), How: audit.EndLastSeen}},
			[]string{"+Namespace.v1(shop) n1 v50", "-Namespace.v1(shop) n1"}},
		{"where finalize is logged, one that was not finalized is still there", join(asked, contents, finalized[:1]),
			[]audit.NamespaceEnd{{Name: "shop", UID: "n1", How: audit.EndPending}},
			[]string{"-NetworkPolicy.networking.k8s.io/v1(shop/web) p1", "+Namespace.v1(shop) n1 v61"}},
		{"the look-ahead finds a finalize after the end of the interval", join(lateAsked, lateContents, lateFinalized),
			[]audit.NamespaceEnd{{Name: "shop", UID: "n1", Time: at(late + 10600*time.Millisecond), How: audit.EndFinalized}},
			[]string{"+Namespace.v1(shop) n1 v50"}},
		{"the look-ahead finds contents that end after the interval", join(lateAsked, lateContents),
			[]audit.NamespaceEnd{{Name: "shop", UID: "n1", Time: at(late + 10400*time.Millisecond), How: audit.EndLastSeen}},
			[]string{"+Namespace.v1(shop) n1 v50"}},
		{"the next namespace of that name does not lengthen the life of the first", join(asked, contents, []logged{created}, secondAsked, secondContents),
			[]audit.NamespaceEnd{
				{Name: "shop", UID: "n1", Time: at(time.Hour + 10400*time.Millisecond), How: audit.EndLastSeen},
				{Name: "shop", UID: "n2", Time: at(2*time.Hour + 10400*time.Millisecond), How: audit.EndLastSeen}},
			[]string{"-NetworkPolicy.networking.k8s.io/v1(shop/web) p1", "-Namespace.v1(shop) n2"}},
		{"metadata only", []logged{
			{verb: "delete", ref: shop}, {at: time.Second, verb: "update", ref: shop.sub("finalize")}},
			[]audit.NamespaceEnd{{Name: "shop", Time: at(time.Second), How: audit.EndFinalized}},
			[]string{"-Namespace.v1(shop)"}},
		{"a finalize that leaves a finalizer is no end", []logged{
			{verb: "update", ref: shop.sub("finalize"), response: namespace("n1", "61", `"other"`, deleting)}},
			nil, []string{"+Namespace.v1(shop) n1 v61"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var parts [][][]byte
			for _, line := range lines(c.events...) {
				parts = append(parts, [][]byte{line}) // each in a partition of its own
			}
			entries, facts := merge(t, options(), parts...)
			require.Equal(t, c.ends, facts.NamespaceEnds)
			all := told(entries)
			require.Equal(t, c.last, all[len(all)-len(c.last):])
			whole, _ := merge(t, options(), lines(c.events...))
			require.Equal(t, entries, whole)
		})
	}
}

func TestEndInTheSliceOfTheNextNamespace(t *testing.T) {
	asked, contents, _ := dying(time.Hour, "n1")
	created := logged{at: time.Hour + 11*time.Second, verb: "create", code: 201, ref: coreRef("namespaces", "", "shop"), response: namespace("n2", "90", `"kubernetes"`)}
	soon := logged{at: time.Hour + 12*time.Second, verb: "delete", ref: coreRef("services", "shop", "web"), response: status("", "services", "web", "s2")}
	_, facts := merge(t, options(), lines(append(join(asked, contents), created, soon)...))
	require.Len(t, facts.NamespaceEnds, 1)
	end := facts.NamespaceEnds[0].Time
	require.True(t, end.Before(day.Start.Add(created.at)), "the first must be gone when the second comes")
	require.False(t, end.Before(day.Start.Add(contents[1].at)), "and not before what was in it")
}

func TestInferredEndIsMarked(t *testing.T) {
	asked, _, _ := dying(time.Hour, "n1")
	entries, facts := merge(t, options(), lines(asked...))
	require.Len(t, entries, 2)
	require.False(t, entries[0].Inferred)
	require.True(t, entries[1].Inferred)
	require.EqualValues(t, 2, facts.Entries)
}
