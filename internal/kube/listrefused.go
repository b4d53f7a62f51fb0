package kube

import (
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// refusedUser finds, in an API server's refusal, who was refused.
var refusedUser = regexp.MustCompile(`User "([^"]{1,400})" cannot`)

// refusal tells which list was refused to whom, and the server's own words, which name the right that is missing.
func refusal(place schema.GroupVersionResource, err error) string {
	const most = 1000 // bytes of the server's words
	words := err.Error()
	if len(words) > most {
		words = words[:most]
	}
	who := "this account"
	if found := refusedUser.FindStringSubmatch(words); found != nil {
		who = found[1]
	}
	return fmt.Sprintf("list %s: forbidden for %s: %s", place.GroupResource(), who, words)
}
