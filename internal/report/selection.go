package report

import (
	"fmt"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/probity/probity/internal/selector"
)

func checkEndpoints(found *problems, selection *v3.EndpointsSelection) {
	if selection == nil {
		return
	}
	checkSelector(found, "spec.endpoints.selector", selection.Selector)
	checkMatch(found, "spec.endpoints.namespaces", selection.Namespaces, validation.IsDNS1123Label)
	checkMatch(found, "spec.endpoints.serviceAccounts", selection.ServiceAccounts, validation.IsDNS1123Subdomain)
}

func checkSelector(found *problems, field, text string) {
	if _, err := selector.Parse(text); err != nil {
		found.add(field, text, err.Error())
	}
}

func checkMatch(found *problems, field string, match *v3.NamesAndLabelsMatch, isName func(string) []string) {
	if match == nil {
		return
	}
	for i, name := range match.Names {
		for _, reason := range isName(name) {
			found.add(fmt.Sprintf("%s.names[%d]", field, i), name, reason)
		}
	}
	checkSelector(found, field+".selector", match.Selector)
}
