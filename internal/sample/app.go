package sample

// form is how an app's pods are made.
type form int

const (
	deployment form = iota
	daemonSet
	job
)

// app is one workload: its pods share a service account, labels and a port.
type app struct {
	namespace string
	name      string
	form      form
	replicas  int // at scale 1; a daemon has one on each node
	port      uint16
	protocol  string // "" = TCP
	host      bool   // on the host's network
	envoy     bool   // with Istio's sidecar
	noService bool
	labels    map[string]string // besides "app"

	hash  string // of the pod template
	pods  []*pod // that exist, oldest first
	slice *object
	calls []call
}

// call is a connection that an app makes again and again.
type call struct {
	to    string  // "namespace/app", or "pub", "pvt", or "set:name"
	port  uint16  // 0 = the called app's
	often float64 // chance for each five minutes
}

func (a *app) id() string { return a.namespace + "/" + a.name }

func (a *app) proto() string {
	if a.protocol == "" {
		return "TCP"
	}
	return a.protocol
}

func (a *app) podLabels() map[string]string {
	labels := map[string]string{"app": a.name}
	for key, value := range a.labels {
		labels[key] = value
	}
	if a.form == deployment {
		labels["pod-template-hash"] = a.hash
	}
	return labels
}

// generateName is what the pods' names begin with.
func (a *app) generateName() string {
	if a.form == deployment {
		return a.name + "-" + a.hash + "-"
	}
	return a.name + "-"
}

func (w *world) app(id string) *app {
	for _, a := range w.apps {
		if a.id() == id {
			return a
		}
	}
	return nil
}

// namespaces of the cluster, with labels besides the name.
var namespaces = []struct {
	name   string
	labels map[string]string
}{
	{"kube-system", nil},
	{"calico-system", map[string]string{"team": "platform"}},
	{"monitoring", map[string]string{"team": "platform"}},
	{"logging", map[string]string{"team": "platform"}},
	{"ingress", map[string]string{"team": "platform"}},
	{"shop", map[string]string{"team": "shop", "pci": "true"}},
	{"warehouse", map[string]string{"team": "logistics"}},
	{"accounts", map[string]string{"team": "finance", "department": "accounts"}},
	{"loyalty", map[string]string{"team": "marketing", "istio-injection": "enabled"}},
	{"batch", map[string]string{"team": "finance"}},
	{"sandbox", map[string]string{"team": "shop", "purpose": "trial"}},
}

func shopApp(name string, replicas int, port uint16, calls ...call) *app {
	return &app{namespace: "shop", name: name, replicas: replicas, port: port, labels: map[string]string{"part-of": "shop"}, calls: calls}
}

func to(target string) call { return call{to: target, often: 0.95} }

func toPort(target string, port uint16, often float64) call {
	return call{to: target, port: port, often: often}
}

// catalogue lists every app of a fresh cluster.
func catalogue() []*app {
	return append(shopApps(), []*app{
		{namespace: "kube-system", name: "kube-proxy", form: daemonSet, host: true, noService: true},
		{namespace: "kube-system", name: "coredns", replicas: 3, port: 53, protocol: "UDP", labels: map[string]string{"k8s-app": "kube-dns"}},
		{namespace: "calico-system", name: "calico-node", form: daemonSet, host: true, noService: true},
		{namespace: "calico-system", name: "calico-typha", replicas: 2, port: 5473, host: true},
		{namespace: "calico-system", name: "calico-kube-controllers", replicas: 1, port: 9094},
		{namespace: "monitoring", name: "node-exporter", form: daemonSet, host: true, port: 9100},
		{namespace: "monitoring", name: "prometheus", replicas: 2, port: 9090, calls: []call{toPort("pvt", 9100, 0.9), to("warehouse/stock")}},
		{namespace: "monitoring", name: "grafana", replicas: 2, port: 3000, calls: []call{to("monitoring/prometheus")}},
		{namespace: "monitoring", name: "alertmanager", replicas: 3, port: 9093},
		{namespace: "logging", name: "collector", form: daemonSet, noService: true, calls: []call{to("logging/store")}},
		{namespace: "logging", name: "store", replicas: 3, port: 9200},
		{namespace: "ingress", name: "gateway", replicas: 4, port: 8443, calls: []call{to("shop/frontend"), to("loyalty/api")}},
		{namespace: "warehouse", name: "stock", replicas: 6, port: 8080, calls: []call{to("warehouse/postgres")}},
		{namespace: "warehouse", name: "picker", replicas: 5, port: 8080, calls: []call{to("warehouse/stock")}},
		{namespace: "warehouse", name: "postgres", replicas: 3, port: 5432},
		{namespace: "accounts", name: "invoices", replicas: 5, port: 8080, calls: []call{to("accounts/ledger")}},
		{namespace: "accounts", name: "ledger", replicas: 4, port: 8080},
		{namespace: "accounts", name: "statements", replicas: 3, port: 8080, calls: []call{to("accounts/ledger"), toPort("pub", 587, 0.2)}},
		{namespace: "loyalty", name: "api", replicas: 4, port: 8080, envoy: true, calls: []call{to("loyalty/points"), to("loyalty/rewards")}},
		{namespace: "loyalty", name: "points", replicas: 4, port: 8080, envoy: true},
		{namespace: "loyalty", name: "rewards", replicas: 3, port: 8080, envoy: true},
		{namespace: "batch", name: "settle", form: job, noService: true, calls: []call{to("accounts/invoices")}},
		{namespace: "sandbox", name: "trial", replicas: 5, port: 8080},
		{namespace: "sandbox", name: "scratch", replicas: 2, port: 8080, calls: []call{to("sandbox/trial"), toPort("set:block-list", 443, 0.06)}},
	}...)
}

func shopApps() []*app {
	return []*app{
		shopApp("frontend", 9, 8080, to("shop/cart"), to("shop/catalogue"), to("shop/checkout"), to("shop/recommendation"),
			to("shop/search"), to("shop/ads"), to("shop/currency")),
		shopApp("cart", 6, 7070, to("shop/sessions")),
		shopApp("checkout", 5, 5050, to("shop/payment"), to("shop/cart"), to("shop/shipping"), to("shop/email"), to("shop/currency"), to("shop/orders")),
		shopApp("payment", 5, 8443, toPort("set:payment-provider", 443, 0.9)),
		shopApp("catalogue", 7, 3550),
		shopApp("search", 5, 9300, to("shop/catalogue")),
		shopApp("recommendation", 5, 8080, to("shop/catalogue")),
		shopApp("currency", 4, 7000),
		shopApp("shipping", 4, 50051, toPort("set:partners", 443, 0.5)),
		shopApp("email", 3, 8080, toPort("pub", 587, 0.4)),
		shopApp("ads", 3, 9555),
		shopApp("orders", 5, 8080, to("shop/inventory"), to("accounts/invoices")),
		shopApp("inventory", 4, 8080, to("warehouse/stock")),
		shopApp("sessions", 3, 6379),
	}
}

// serviceName is the name of the service in front of an app.
func (a *app) serviceName() string {
	if a.name == "coredns" {
		return "kube-dns"
	}
	return a.name
}
