package flow

// enterprise reads the key of a Calico Enterprise record.
func (in *interpreter) enterprise(r *record, d *draft) Reason {
	read := reader{ok: true}
	d.action = lower(read.text(r.value(fieldAction)))
	source := read.end(r.value(fieldSourceType), r.value(fieldSourceNamespace), r.value(fieldSourceAggregate))
	dest := read.end(r.value(fieldDestType), r.value(fieldDestNamespace), r.value(fieldDestAggregate))
	source.name, dest.name = read.text(r.value(fieldSourceName)), read.text(r.value(fieldDestName))
	d.source, d.dest = source.tidy(), dest.tidy()
	d.service, d.serviceNamespace = read.text(r.value(fieldServiceName)), read.text(r.value(fieldServiceNamespace))
	d.servicePort = read.textOrNumber(r.value(fieldServicePort))
	if len(d.servicePort) == 0 {
		d.servicePort = read.servicePort(r.value(fieldServicePortNumber))
	}
	d.port = read.port(r.value(fieldDestPort))
	d.protocol = protocol(read.textOrNumber(r.value(fieldProtocol)))
	d.reporter = lower(read.text(r.value(fieldReporter)))
	policy, ok := in.policies(r.value(fieldPolicies))
	d.policy = policy
	return d.check(read.ok && ok)
}

// policies is the printed form of the deciding policy. Few different lists occur in a log, so they are remembered.
func (in *interpreter) policies(value []byte) ([]byte, bool) {
	if absent(value) {
		return nil, true
	}
	print := printOf(value)
	if number := in.lists.find(print); number != none {
		s := in.decided[number]
		return in.texts[s.from:s.to], true
	}
	decided, ok := enterprisePolicy(value)
	if !ok {
		return nil, false
	}
	if len(in.decided) >= maxLists || len(in.texts)+len(decided) > maxDecided {
		in.lists.reset()
		in.decided, in.texts = in.decided[:0], in.texts[:0]
	}
	from := len(in.texts)
	in.texts = append(in.texts, decided...)
	in.lists.add(print, len(in.decided))
	in.decided = append(in.decided, span{uint32(from), uint32(len(in.texts))})
	return decided, true
}

// enterprisePolicy looks at the enforced policies; records of older releases have all_policies only, which also holds the
// staged ones.
func enterprisePolicy(value []byte) ([]byte, bool) {
	if value[0] != '{' {
		return nil, false
	}
	var enforced, all []byte
	twice := false
	members(value, func(name []byte, from, to int) {
		switch string(name) {
		case "enforced_policies":
			twice = twice || enforced != nil
			enforced = value[from:to]
		case "all_policies":
			twice = twice || all != nil
			all = value[from:to]
		}
	})
	hits, ok := policyHits(enforced)
	rest, allOK := policyHits(all)
	if twice || !ok || !allOK {
		return nil, false
	}
	if len(hits) == 0 {
		hits = rest
	}
	return []byte(decide(hits)), true
}

// policyHits reads a list of policy strings, or a single one. An entry that is no policy string is left out.
func policyHits(list []byte) ([]hit, bool) {
	if absent(list) {
		return nil, true
	}
	var out []hit
	ok := true
	one := func(element []byte) {
		entry, isText := text(element)
		ok = ok && isText
		if h, known := parseHit(string(entry)); isText && known {
			out = append(out, h)
		}
	}
	if list[0] == '[' {
		elements(list, one)
	} else {
		one(list)
	}
	return out, ok
}
