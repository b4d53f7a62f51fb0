package sample

import authnv1 "k8s.io/api/authentication/v1"

// actor is who sends requests, from where and with what.
type actor struct {
	user   string
	groups []string
	as     string // impersonated
	agent  string
	ip     string
}

const (
	kubectlAgent = "kubectl/v1.36.3 (linux/amd64) kubernetes/9a1f3de"
	managerAgent = "kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/9a1f3de"
)

func person(name, ip string, groups ...string) actor {
	return actor{user: name, groups: append(groups, "system:authenticated"), agent: kubectlAgent, ip: ip}
}

func account(namespace, name, agent, ip string) actor {
	return actor{
		user:   "system:serviceaccount:" + namespace + ":" + name,
		groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
		agent:  agent, ip: ip,
	}
}

func controller(name string) actor {
	return account("kube-system", name, managerAgent+"/system:serviceaccount:kube-system:"+name, "10.0.0.11")
}

func kubelet(node string) actor {
	return actor{
		user: "system:node:" + node, groups: []string{"system:nodes", "system:authenticated"},
		agent: "kubelet/v1.36.3 (linux/amd64) kubernetes/9a1f3de", ip: nodeIP(node),
	}
}

var (
	dana    = person("dana@shop.example", "192.0.2.21", "shop-developers")
	alex    = person("alex@shop.example", "192.0.2.34", "platform-team")
	robin   = person("robin@shop.example", "192.0.2.40", "platform-team")
	mallory = person("mallory@contractor.example", "198.51.100.77", "contractors")
	cicd    = account("ci", "deployer", "argocd-application-controller/v3.2.0", "10.0.0.31")
	feeder  = account("ci", "threat-feed", "threat-feed/1.4", "10.0.0.32")
	planner = actor{
		user: "system:kube-scheduler", groups: []string{"system:authenticated"},
		agent: "kube-scheduler/v1.36.3 (linux/amd64) kubernetes/9a1f3de/scheduler", ip: "10.0.0.11",
	}
)

func (a actor) impersonating(name string) actor {
	a.as = name
	return a
}

func (a actor) info() authnv1.UserInfo { return authnv1.UserInfo{Username: a.user, Groups: a.groups} }

func (a actor) acted() *authnv1.UserInfo {
	if a.as == "" {
		return nil
	}
	return &authnv1.UserInfo{Username: a.as, Groups: []string{"system:authenticated"}}
}
