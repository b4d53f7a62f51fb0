package main

import (
	"fmt"
	"strings"

	api "k8s.io/client-go/tools/clientcmd/api"
)

// prepareUsers reads the users that were asked for, and writes the tokens of those that have one: the API server reads that file when
// it starts.
func (s *stack) prepareUsers() ([]account, error) {
	var list []account
	var tokens strings.Builder
	for _, text := range s.options.users {
		a, err := parseUser(text)
		if err != nil {
			return nil, err
		}
		if a.token != "" {
			fmt.Fprintf(&tokens, "%s,%s,%s,%q\n", a.token, a.name, a.name, strings.Join(a.groups, ","))
		}
		list = append(list, a)
	}
	return list, s.keys.write("tokens.csv", []byte(tokens.String()))
}

// addUsers writes a kubeconfig for each user.
func (s *stack) addUsers() error {
	for _, a := range s.users {
		path := s.file("users", a.name)
		s.address.Users[a.name] = path
		var err error
		if a.token != "" {
			err = s.keys.writeKubeconfig(path, s.address.Server, a.name, &api.AuthInfo{Token: a.token})
		} else {
			_, err = s.keys.kubeconfig(path, s.address.Server, a.name, a.groups)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
