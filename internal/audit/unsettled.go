package audit

import (
	"fmt"
	"slices"

	"github.com/probity/probity/internal/resource"
)

// maxUnsettled bounds what is named of writes without a known outcome: the earliest are.
const maxUnsettled = 100

// unsettledCode tells codes with which an API server may answer a write that it has done all the same: it gave up waiting, as when the
// client hangs up or its time is over, while its store went on. Measured on v1.36.3 with pods: of 126 creates that were answered with
// 504 at least 8 were done, and some of 78 deletes had marked their pod; the log shows them like the others.
//
// A collection is deleted object by object, and one refusal, as by an admission policy or a conflict, ends that with its code: those
// before it are gone, and no event names them (seen on v1.36.3 with a ValidatingAdmissionPolicy). Only codes of a request that was
// not begun say that nothing was done.
func unsettledCode(r *request, code int) bool {
	if code >= 500 || code == 408 {
		return true
	}
	if r.verb != "deletecollection" {
		return false
	}
	switch code {
	case 400, codeUnauthorized, 404, 405:
		return false
	case 403:
		return !r.event.forbidden()
	}
	return code >= 400
}

// seeUnsettled notes a write of a followed resource of which the log does not tell whether it was done. Status is left out: it is
// written again soon, and no policy depends on it.
func (f *Facts) seeUnsettled(r *request, code int) {
	if r.kind == resource.NoKind || r.ref.subresource == "status" || !unsettledCode(r, code) {
		return
	}
	f.addUnsettled(fmt.Sprintf("%s %s %s, answered with %d",
		r.time.UTC().Format("2006-01-02T15:04:05.000000Z"), r.verb, resource.Key{Kind: r.kind, Namespace: r.ref.namespace, Name: r.ref.name}, code))
}

// addUnsettled keeps each once, sorted, so that copies of an event and the order of reading do not show.
func (f *Facts) addUnsettled(text string) {
	at, found := slices.BinarySearch(f.Unsettled, text)
	if found {
		return
	}
	f.Unsettled = slices.Insert(f.Unsettled, at, text)
	if len(f.Unsettled) > maxUnsettled {
		f.Unsettled, f.MoreUnsettled = f.Unsettled[:maxUnsettled], true
	}
}
