package main

import (
	"fmt"
	"time"
)

// day is when everything happens.
var day = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// flowFields are the fields that are read.
var flowFields = []string{"start_time", "end_time", "source_namespace", "source_name_aggr", "source_type", "dest_namespace", "dest_name_aggr",
	"dest_type", "dest_port", "proto", "action", "reporter", "policies", "num_flows_started", "bytes_in", "bytes_out"}

// flowMapping is how Calico Enterprise maps flow logs, as far as they are read.
const flowMapping = `{"settings":{"number_of_shards":1,"number_of_replicas":0,"refresh_interval":"-1","requests.cache.enable":false},"mappings":{"dynamic":false,"properties":{
"start_time":{"type":"date","format":"epoch_second"},"end_time":{"type":"date","format":"epoch_second"},
"source_namespace":{"type":"keyword"},"source_name_aggr":{"type":"keyword"},"source_name":{"type":"keyword"},"source_type":{"type":"keyword"},"source_ip":{"type":"keyword"},
"dest_namespace":{"type":"keyword"},"dest_name_aggr":{"type":"keyword"},"dest_name":{"type":"keyword"},"dest_type":{"type":"keyword"},"dest_ip":{"type":"keyword"},
"dest_port":{"type":"long"},"proto":{"type":"keyword"},"action":{"type":"keyword"},"reporter":{"type":"keyword"},
"dest_service_namespace":{"type":"keyword"},"dest_service_name":{"type":"keyword"},"dest_service_port":{"type":"keyword"},"dest_service_port_num":{"type":"long"},
"policies":{"properties":{"all_policies":{"type":"keyword"},"enforced_policies":{"type":"keyword"}}},
"num_flows_started":{"type":"long"},"num_flows":{"type":"long"},"bytes_in":{"type":"long"},"bytes_out":{"type":"long"},"packets_in":{"type":"long"},"packets_out":{"type":"long"}}}}`

// flowDocument is one of some documents that fall into groups over one day; every group is seen all day long. As in real logs some
// fields have one value (pods are told by their controller, so names are "-"), some two, some many.
func flowDocument(n, docs, endpoints, groups int) []byte {
	group := n % groups
	from, to := group%endpoints, (group/endpoints*7+group*13+1)%endpoints
	start := day.Unix() + int64(n)*86_100/int64(docs)
	namespace := func(endpoint int) string { return fmt.Sprintf("team-%02d", endpoint%40) }
	name := func(endpoint int) string { return fmt.Sprintf("service-%04d-7d9c5b6f8-*", endpoint) }
	port := 8000 + group/endpoints%200
	one := func(of int, first, second string) string {
		if group%of == 0 {
			return second
		}
		return first
	}
	proto, action, reporter, kind := one(10, "tcp", "udp"), one(50, "allow", "deny"), one(2, "dst", "src"), one(20, "wep", "net")
	return fmt.Appendf(nil, `{"start_time":%d,"end_time":%d,"source_ip":null,"source_name":"-","source_name_aggr":%q,"source_namespace":%q,"nat_outgoing_ports":null,`+
		`"source_port":null,"source_type":"wep","source_labels":{"labels":["app=service-%04d","env=prod","pod-template-hash=7d9c5b6f8"]},"dest_ip":null,"dest_name":"-",`+
		`"dest_name_aggr":%q,"dest_namespace":%q,"dest_service_namespace":%q,"dest_service_name":"service-%04d","dest_service_port":"http","dest_service_port_num":%d,`+
		`"dest_port":%d,"dest_type":%q,"dest_labels":{"labels":["app=service-%04d","env=prod"]},"dest_domains":null,"proto":%q,"action":%q,"reporter":%q,`+
		`"policies":{"all_policies":["0|platform|platform.rule-%02d|%s|1"],"enforced_policies":["0|platform|platform.rule-%02d|%s|1"]},`+
		`"bytes_in":%d,"bytes_out":%d,"num_flows":3,"num_flows_started":1,"num_flows_completed":1,"packets_in":12,"packets_out":9,"http_requests_allowed_in":0}`,
		start, start+300, name(from), namespace(from), from, name(to), namespace(to), namespace(to), to, port, port, kind, to, proto, action, reporter,
		to%40, action, to%40, action, 1000+n%9000, 500+n%700)
}

const auditMapping = `{"settings":{"number_of_shards":1,"number_of_replicas":0,"refresh_interval":"-1","requests.cache.enable":false},"mappings":{"dynamic":false,"properties":{
"kind":{"type":"keyword"},"auditID":{"type":"keyword"},"stage":{"type":"keyword"},"verb":{"type":"keyword"},
"stageTimestamp":{"type":"date"},"requestReceivedTimestamp":{"type":"date"},
"objectRef":{"properties":{"resource":{"type":"keyword"},"namespace":{"type":"keyword"},"name":{"type":"keyword"}}}}}}`

// matchOneIn is how many audit events there are for each that policy-audit wants.
const matchOneIn = 500

// auditDocument is one of some audit events of one day: reads of what nobody follows, and now and then a policy that is changed.
func auditDocument(n, events int) []byte {
	at := day.Add(time.Duration(float64(n) / float64(events) * float64(23*time.Hour))).Format("2006-01-02T15:04:05.000000Z")
	verb, resource, object := "get", "secrets", ""
	if n%matchOneIn == 0 {
		verb, resource = "patch", "globalnetworkpolicies"
		object = fmt.Sprintf(`,"responseObject":{"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"platform.rule-%d","uid":"u-%d","resourceVersion":"%d"},`+
			`"spec":{"tier":"platform","order":%d,"selector":"app == 'service-%d'","types":["Ingress"]}}`, n%977, n%977, n+1, n, n)
	}
	return fmt.Appendf(nil, `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"%08d-0000-4000-8000-000000000000","stage":"ResponseComplete",`+
		`"requestURI":"/apis/projectcalico.org/v3/%s/rule-%d","verb":%q,"user":{"username":"system:serviceaccount:team-%02d:deployer","groups":["system:authenticated"]},`+
		`"sourceIPs":["10.0.0.%d"],"userAgent":"kubectl/v1.36.3","objectRef":{"resource":%q,"name":"platform.rule-%d","apiGroup":"projectcalico.org","apiVersion":"v3"},`+
		`"responseStatus":{"metadata":{},"code":200}%s,"requestReceivedTimestamp":%q,"stageTimestamp":%q}`,
		n, resource, n%977, verb, n%40, n%250, resource, n%977, object, at, at)
}
