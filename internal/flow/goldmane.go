package flow

// The numbers of Goldmane's enumerations (goldmane/proto/api.proto of Calico 3.30 and later).
const (
	goldmaneAllow = 1
	goldmaneDeny  = 2
)

var (
	goldmaneEnds      = map[int64]EndType{1: Workload, 2: Host, 3: NetworkSet, 4: Network}
	goldmaneActions   = map[int64]string{goldmaneAllow: "allow", goldmaneDeny: "deny"}
	goldmaneReporters = map[int64]string{1: "src", 2: "dst"}
)

// The members of Goldmane's "Key" that are read, as positions.
const (
	keySourceType = iota
	keySourceNamespace
	keySourceName
	keyDestType
	keyDestNamespace
	keyDestName
	keyDestPort
	keyServiceNamespace
	keyServiceName
	keyServicePortName
	keyServicePort
	keyProtocol
	keyReporter
	keyAction
	keyPolicies
	keyMembers
)

var goldmaneNames = map[string]int{
	"source_type": keySourceType, "source_namespace": keySourceNamespace, "source_name": keySourceName,
	"dest_type": keyDestType, "dest_namespace": keyDestNamespace, "dest_name": keyDestName, "dest_port": keyDestPort,
	"dest_service_namespace": keyServiceNamespace, "dest_service_name": keyServiceName,
	"dest_service_port_name": keyServicePortName, "dest_service_port": keyServicePort, "proto": keyProtocol,
	"reporter": keyReporter, "action": keyAction, "policies": keyPolicies,
}

// goldmaneKey reads the "Key" of a Goldmane record. Its names are always aggregated ones.
func goldmaneKey(value []byte, d *draft) Reason {
	var at [keyMembers][]byte
	read := reader{ok: value[0] == '{'}
	members(value, func(name []byte, from, to int) {
		if i, ok := goldmaneNames[string(name)]; ok {
			read.ok = read.ok && at[i] == nil
			at[i] = value[from:to]
		}
	})
	d.action = []byte(goldmaneActions[read.integer(at[keyAction])])
	d.source = read.goldmaneEnd(at[keySourceType], at[keySourceNamespace], at[keySourceName])
	d.dest = read.goldmaneEnd(at[keyDestType], at[keyDestNamespace], at[keyDestName])
	d.serviceNamespace, d.service = read.text(at[keyServiceNamespace]), read.text(at[keyServiceName])
	if d.servicePort = read.text(at[keyServicePortName]); len(d.servicePort) == 0 {
		d.servicePort = read.servicePort(at[keyServicePort])
	}
	d.port = read.port(at[keyDestPort])
	d.protocol = protocol(read.textOrNumber(at[keyProtocol]))
	reporter := read.integer(at[keyReporter])
	d.reporter = []byte(goldmaneReporters[reporter])
	policy, ok := goldmanePolicy(at[keyPolicies])
	d.policy = []byte(policy)
	return d.check(read.ok && ok && (reporter == 0 || len(d.reporter) > 0))
}

func (rd *reader) goldmaneEnd(kind, namespace, name []byte) draftEnd {
	e := draftEnd{kind: goldmaneEnds[rd.integer(kind)], namespace: rd.text(namespace), aggregate: rd.text(name)}
	return e.tidy()
}

// goldmanePolicy is the printed form of the deciding policy of a PolicyTrace.
func goldmanePolicy(value []byte) (string, bool) {
	if absent(value) {
		return "", true
	}
	if value[0] != '{' {
		return "", false
	}
	var hits []hit
	ok := true
	seen := 0
	members(value, func(name []byte, from, to int) {
		if string(name) != "enforced_policies" {
			return
		}
		list := value[from:to]
		seen++
		ok = ok && (absent(list) || list[0] == '[')
		elements(list, func(element []byte) {
			h, read := goldmaneHit(element, true)
			ok = ok && read
			hits = append(hits, h)
		})
	})
	return decide(hits), ok && seen <= 1
}

// Goldmane's kinds of policies.
const (
	goldmaneCalico       = 1
	goldmaneGlobal       = 2
	goldmaneStaged       = 3
	goldmaneStagedGlobal = 4
	goldmaneStagedKube   = 5
	goldmaneKube         = 6
	goldmaneAdmin        = 7
	goldmaneBaseline     = 8
	goldmaneProfile      = 9
	goldmaneEndOfTier    = 10
)

var goldmaneKinds = map[int64]policyKind{
	goldmaneCalico: calicoPolicy, goldmaneGlobal: globalPolicy, goldmaneKube: kubePolicy, goldmaneAdmin: clusterPolicy,
	goldmaneBaseline: clusterPolicy, goldmaneProfile: profile, goldmaneStaged: staged, goldmaneStagedGlobal: staged,
	goldmaneStagedKube: staged, goldmaneEndOfTier: tierEnd,
}

// goldmaneHit reads a PolicyHit. The end of a tier names, as its trigger, the first policy of the tier that selected the
// flow; a trigger has none of its own.
func goldmaneHit(value []byte, withTrigger bool) (hit, bool) {
	read := reader{ok: len(value) > 0 && value[0] == '{'}
	var h hit
	var kind int64
	var trigger *hit
	members(value, func(name []byte, from, to int) {
		v := value[from:to]
		switch string(name) {
		case "kind":
			kind = read.integer(v)
		case "namespace":
			h.namespace = string(read.text(v))
		case "name":
			h.name = string(read.text(v))
		case "tier":
			h.tier = string(read.text(v))
		case "action":
			h.action = goldmaneActions[read.integer(v)]
		case "policy_index":
			h.index = read.integer(v)
		case "rule_index":
			h.rule = read.integer(v)
		case "trigger":
			if withTrigger && !absent(v) {
				t, ok := goldmaneHit(v, false)
				trigger, read.ok = &t, read.ok && ok
			}
		}
	})
	h.kind = goldmaneKinds[kind]
	if h.kind == tierEnd {
		h.rule = ruleTierDefault
		if trigger != nil {
			h.kind, h.namespace, h.name = trigger.kind, trigger.namespace, trigger.name
		}
	}
	return h, read.ok
}
