package resource_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/resource"
)

// FuzzRead: whatever the bytes, Read gives an error, or an object that has an identity and the part that its kind needs, and that
// keeps through storage.
func FuzzRead(f *testing.F) {
	for _, kind := range resource.Kinds() {
		f.Add([]byte(`{"apiVersion":"` + kind.APIVersion() + `","kind":"` + kind.String() + `","metadata":{"name":"x","labels":{"a":"b"}},"spec":{},"status":{}}`))
	}
	f.Add([]byte(`{"apiVersion":"crd.projectcalico.org/v1","kind":"Tier","metadata":{"name":"x","annotations":{"projectcalico.org/metadata":"{}"}},"spec":{"order":1e3}}`))
	f.Add([]byte(`{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{"name":"x"},"spec":{"ingress":[{"action":"Allow","protocol":6,"source":{"ports":["1:2",3]}}]}}`))
	f.Add([]byte(`{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"x"},"subsets":[{"addresses":[{"ip":"1","targetRef":{"kind":"Pod","name":"p"}}]}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		obj, err := resource.Read(raw)
		if err != nil {
			require.Nil(t, obj)
			return
		}
		kind := obj.ID.Kind
		require.NotEqual(t, resource.NoKind, kind)
		require.NotEmpty(t, obj.ID.Name)
		require.Equal(t, kind.Namespaced(), obj.ID.Namespace != "")
		require.Equal(t, kind == resource.Pod, obj.Pod != nil)
		require.Equal(t, kind == resource.Service, obj.Service != nil)
		require.Equal(t, kind == resource.Endpoints || kind == resource.EndpointSlice, obj.Backends != nil)
		require.Equal(t, kind.IsPolicy(), obj.Policy != nil)
		require.Equal(t, kind == resource.Tier, obj.Tier != nil)
		require.Equal(t, kind == resource.HostEndpoint, obj.HostEndpoint != nil)

		stored, err := json.Marshal(obj)
		require.NoError(t, err)
		var back resource.Object
		require.NoError(t, json.Unmarshal(stored, &back))
		again, err := json.Marshal(&back)
		require.NoError(t, err)
		require.Equal(t, string(stored), string(again))
	})
}
