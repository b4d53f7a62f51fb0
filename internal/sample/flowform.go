package sample

import (
	"maps"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/resource"
)

// end is one end of a connection as flow logs name it: aggregated where the connection was allowed, exact where it was denied
// (calico-compliance.md section 8, "Aggregation default").
type end struct {
	kind      string // wep, ns, net
	namespace string
	exact     string // "" when aggregated
	aggregate string
	ip        string // "" when aggregated
	labels    []string
}

func (r *record) name(p party) end {
	switch {
	case p.watched():
		e := end{kind: "wep", namespace: p.pod.Namespace, aggregate: p.pod.Name, labels: flowLabels(p.pod.Labels)}
		if p.pod.GenerateName != "" {
			e.aggregate = p.pod.GenerateName + "*"
		}
		if !r.allowed {
			e.exact, e.ip = p.pod.Name, p.pod.addr.String()
		}
		return e
	case p.set != nil:
		return end{kind: "ns", namespace: p.set.namespace, aggregate: p.set.name, labels: flowLabels(p.set.labels)}
	case p.pod != nil:
		return end{kind: "net", aggregate: "pvt"}
	case p.addr.IsPrivate():
		return end{kind: "net", aggregate: "pvt"}
	}
	return end{kind: "net", aggregate: "pub"}
}

func flowLabels(labels map[string]string) []string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, key+"="+labels[key])
	}
	return list
}

type enterpriseLabels struct {
	Labels []string `json:"labels"`
}

type enterprisePolicies struct {
	All      []string `json:"all_policies"`
	Enforced []string `json:"enforced_policies"`
	Pending  []string `json:"pending_policies"`
}

// enterpriseFlow is a line of Calico Enterprise's flow log.
type enterpriseFlow struct {
	Start        int64              `json:"start_time"`
	End          int64              `json:"end_time"`
	SourceIP     *string            `json:"source_ip"`
	SourceName   string             `json:"source_name"`
	SourceAggr   string             `json:"source_name_aggr"`
	SourceNS     string             `json:"source_namespace"`
	SourcePort   *int               `json:"source_port"`
	SourceType   string             `json:"source_type"`
	SourceLabels *enterpriseLabels  `json:"source_labels"`
	DestIP       *string            `json:"dest_ip"`
	DestName     string             `json:"dest_name"`
	DestAggr     string             `json:"dest_name_aggr"`
	DestNS       string             `json:"dest_namespace"`
	DestPort     uint16             `json:"dest_port"`
	DestType     string             `json:"dest_type"`
	DestLabels   *enterpriseLabels  `json:"dest_labels"`
	ServiceNS    string             `json:"dest_service_namespace"`
	ServiceName  string             `json:"dest_service_name"`
	ServicePort  string             `json:"dest_service_port"`
	Proto        string             `json:"proto"`
	Action       string             `json:"action"`
	Reporter     string             `json:"reporter"`
	Policies     enterprisePolicies `json:"policies"`
	BytesIn      int64              `json:"bytes_in"`
	BytesOut     int64              `json:"bytes_out"`
	PacketsIn    int64              `json:"packets_in"`
	PacketsOut   int64              `json:"packets_out"`
	Flows        int64              `json:"num_flows"`
	Started      int64              `json:"num_flows_started"`
	Completed    int64              `json:"num_flows_completed"`
	Host         string             `json:"host"`
	Timestamp    int64              `json:"@timestamp"`
}

func (l *flowLog) enterpriseForm(r *record) enterpriseFlow {
	from, to := r.name(r.from), r.name(r.to)
	f := enterpriseFlow{
		Start: r.start.Unix(), End: r.end.Unix(), Timestamp: r.end.UnixMilli(), Host: r.node,
		SourceIP: orNull(from.ip), SourceName: orDash(from.exact), SourceAggr: from.aggregate, SourceNS: orDash(from.namespace), SourceType: from.kind,
		SourceLabels: labelsOrNull(from.labels), DestLabels: labelsOrNull(to.labels),
		DestIP: orNull(to.ip), DestName: orDash(to.exact), DestAggr: to.aggregate, DestNS: orDash(to.namespace), DestType: to.kind, DestPort: r.port,
		ServiceNS: "-", ServiceName: "-", ServicePort: "-",
		Proto: strings.ToLower(r.protocol), Action: strings.ToLower(string(actionOf(r.allowed))), Reporter: r.reporter,
		Policies: enterprisePolicies{All: texts(r.hits), Enforced: texts(r.hits), Pending: texts(r.pending)},
		Flows:    r.count, Started: r.count,
	}
	if r.service != nil && !r.service.noService {
		f.ServiceNS, f.ServiceName, f.ServicePort = r.service.namespace, r.service.serviceName(), "main"
	}
	f.PacketsIn, f.PacketsOut, f.BytesIn, f.BytesOut = l.volume(r)
	if r.allowed {
		f.Completed = r.count
	}
	return f
}

// volume draws what a connection carried; a refused one carried one packet each.
func (l *flowLog) volume(r *record) (packetsIn, packetsOut, bytesIn, bytesOut int64) {
	if !r.allowed {
		if r.reporter == "dst" {
			return r.count, 0, r.count * 60, 0
		}
		return 0, r.count, 0, r.count * 60
	}
	packetsIn, packetsOut = r.count*(4+l.rnd.Int64N(9)), r.count*(4+l.rnd.Int64N(9))
	return packetsIn, packetsOut, packetsIn * (90 + l.rnd.Int64N(900)), packetsOut * (90 + l.rnd.Int64N(900))
}

func texts(hits []hit) []string {
	list := make([]string, len(hits))
	for i, h := range hits {
		list[i] = h.text(i)
	}
	return list
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func labelsOrNull(labels []string) *enterpriseLabels {
	if labels == nil {
		return nil
	}
	return &enterpriseLabels{labels}
}

// goldmaneFlow is a line of Goldmane's emitter: names are always aggregated, enums are numbers, and zeros are left out.
type goldmaneFlow struct {
	Key         goldmaneKey
	Start       int64    `json:"start_time,omitempty"`
	End         int64    `json:"end_time,omitempty"`
	SourceLabel []string `json:"source_labels,omitempty"`
	DestLabels  []string `json:"dest_labels,omitempty"`
	PacketsIn   int64    `json:"packets_in,omitempty"`
	PacketsOut  int64    `json:"packets_out,omitempty"`
	BytesIn     int64    `json:"bytes_in,omitempty"`
	BytesOut    int64    `json:"bytes_out,omitempty"`
	Started     int64    `json:"num_connections_started,omitempty"`
	Completed   int64    `json:"num_connections_completed,omitempty"`
}

type goldmaneKey struct {
	SourceName  string           `json:"source_name,omitempty"`
	SourceNS    string           `json:"source_namespace,omitempty"`
	SourceType  int              `json:"source_type,omitempty"`
	DestName    string           `json:"dest_name,omitempty"`
	DestNS      string           `json:"dest_namespace,omitempty"`
	DestType    int              `json:"dest_type,omitempty"`
	DestPort    int64            `json:"dest_port,omitempty"`
	Service     string           `json:"dest_service_name,omitempty"`
	ServiceNS   string           `json:"dest_service_namespace,omitempty"`
	ServicePort string           `json:"dest_service_port_name,omitempty"`
	ServiceNum  int64            `json:"dest_service_port,omitempty"`
	Proto       string           `json:"proto,omitempty"`
	Reporter    int              `json:"reporter,omitempty"`
	Action      int              `json:"action,omitempty"`
	Policies    goldmanePolicies `json:"policies"`
}

type goldmanePolicies struct {
	Enforced []*goldmaneHit `json:"enforced_policies,omitempty"`
	Pending  []*goldmaneHit `json:"pending_policies,omitempty"`
}

type goldmaneHit struct {
	Kind      int          `json:"kind,omitempty"`
	Namespace string       `json:"namespace,omitempty"`
	Name      string       `json:"name,omitempty"`
	Tier      string       `json:"tier,omitempty"`
	Action    int          `json:"action,omitempty"`
	Index     int          `json:"policy_index,omitempty"`
	Rule      int          `json:"rule_index,omitempty"`
	Trigger   *goldmaneHit `json:"trigger,omitempty"`
}

// The numbers that Goldmane's protocol gives to its names.
var (
	goldmaneTypes   = map[string]int{"wep": 1, "hep": 2, "ns": 3, "net": 4}
	goldmaneActions = map[v3.Action]int{v3.Allow: 1, v3.Deny: 2, v3.Pass: 3}
	goldmaneKinds   = map[resource.Kind]int{
		resource.NetworkPolicy: 1, resource.GlobalNetworkPolicy: 2, resource.StagedNetworkPolicy: 3, resource.StagedGlobalNetworkPolicy: 4,
		resource.StagedKubernetesNetworkPolicy: 5, resource.KubernetesNetworkPolicy: 6,
	}
)

const (
	goldmaneProfile   = 9
	goldmaneEndOfTier = 10
)

func (l *flowLog) goldmaneForm(r *record) goldmaneFlow {
	from, to := r.name(r.from), r.name(r.to)
	reporter := 1
	if r.reporter == "dst" {
		reporter = 2
	}
	f := goldmaneFlow{
		Key: goldmaneKey{
			SourceName: from.aggregate, SourceNS: from.namespace, SourceType: goldmaneTypes[from.kind],
			DestName: to.aggregate, DestNS: to.namespace, DestType: goldmaneTypes[to.kind], DestPort: int64(r.port),
			Proto: strings.ToLower(r.protocol), Reporter: reporter, Action: goldmaneActions[actionOf(r.allowed)],
			Policies: goldmanePolicies{Enforced: goldmaneHits(r.hits), Pending: goldmaneHits(r.pending)},
		},
		Start: r.start.Unix(), End: r.end.Unix(), SourceLabel: from.labels, DestLabels: to.labels, Started: r.count, Completed: r.count,
	}
	if r.service != nil && !r.service.noService {
		f.Key.Service, f.Key.ServiceNS, f.Key.ServicePort, f.Key.ServiceNum = r.service.serviceName(), r.service.namespace, "main", int64(r.service.port)
	}
	f.PacketsIn, f.PacketsOut, f.BytesIn, f.BytesOut = l.volume(r)
	return f
}

func goldmaneHits(hits []hit) []*goldmaneHit {
	var list []*goldmaneHit
	for i, h := range hits {
		g := &goldmaneHit{Kind: goldmaneProfile, Name: h.name, Action: goldmaneActions[h.action], Index: i, Rule: h.rule, Tier: h.tier}
		if h.policy != nil {
			g.Kind, g.Namespace, g.Name = goldmaneKinds[h.policy.kind], h.policy.namespace, h.policy.name
		} else {
			g.Tier, g.Name = "", strings.TrimPrefix(h.name, "__PROFILE__.")
		}
		if h.ending {
			trigger := *g
			trigger.Action, trigger.Rule = 0, 0
			g = &goldmaneHit{Kind: goldmaneEndOfTier, Tier: h.tier, Action: goldmaneActions[h.action], Index: i, Rule: -1, Trigger: &trigger}
		}
		list = append(list, g)
	}
	return list
}
