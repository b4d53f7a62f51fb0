package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// The day that the lines are about.
var (
	dayStart = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	dayEnd   = dayStart.Add(24 * time.Hour)
)

// talk is a pair of workloads that speak to each other: what the lines of one group have in common.
type talk struct {
	source, sourceNamespace, dest, destNamespace string
	port                                         int
	service, action, reporter, policy            string
	sourceApp, destApp, hash                     string
}

// talks makes n different groups, the same ones every time.
func talks(n int) []talk {
	random := rand.New(rand.NewPCG(20261121, uint64(n)))
	ports := []int{80, 443, 5432, 6379, 8080, 9090, 50051}
	out := make([]talk, n)
	for i := range out {
		from, to := random.IntN(4000), random.IntN(800)
		t := &out[i]
		t.sourceApp, t.destApp = fmt.Sprintf("svc-%d", from), fmt.Sprintf("db-%d", to)
		t.hash = fmt.Sprintf("%09x", 0x5d454655+uint64(from)*7919)
		t.source, t.dest = t.sourceApp+"-"+t.hash+"-*", fmt.Sprintf("%s-%09x-*", t.destApp, 0x7f6b4c8d+uint64(to)*104729)
		t.sourceNamespace, t.destNamespace = fmt.Sprintf("team-%d", from%60), fmt.Sprintf("platform-%d", to%20)
		t.port = ports[random.IntN(len(ports))]
		t.service = t.destApp
		t.action, t.reporter = "allow", []string{"src", "dst"}[i%2]
		if random.IntN(20) == 0 {
			t.action = "deny"
		}
		t.policy = fmt.Sprintf("1|app|%s/app.%s|%s|%d", t.destNamespace, t.destApp, t.action, random.IntN(4))
	}
	return out
}

// generate writes lines Calico Enterprise flow records of about 840 bytes, in the order of time, the same ones every time.
// It returns the file's size.
func generate(path string, lines, groups int) (int64, error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<20)
	random := rand.New(rand.NewPCG(3, uint64(lines)))
	all := talks(groups)
	var buf []byte
	for i := range lines {
		start := dayStart.Unix() + int64(i)*86100/int64(lines)/300*300
		buf = all[random.IntN(len(all))].appendLine(buf[:0], start, random)
		if _, err := out.Write(buf); err != nil {
			return 0, err
		}
	}
	if err := out.Flush(); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (t *talk) appendLine(out []byte, start int64, random *rand.Rand) []byte {
	started := random.IntN(50)
	return fmt.Appendf(out, `{"start_time":%d,"end_time":%d,"source_ip":null,"source_name":"-","source_name_aggr":"%s",`+
		`"source_namespace":"%s","source_port":null,"source_type":"wep","source_labels":{"labels":["app=%s","pod-template-hash=%s"]},`+
		`"dest_ip":null,"dest_name":"-","dest_name_aggr":"%s","dest_namespace":"%s","dest_port":%d,"dest_type":"wep",`+
		`"dest_labels":{"labels":["app=%s"]},"dest_service_namespace":"%s","dest_service_name":"%s","dest_service_port":"main",`+
		`"proto":"tcp","action":"%s","reporter":"%s","policies":{"enforced_policies":["0|security|security.tenants|pass|0","%s"]},`+
		`"bytes_in":%d,"bytes_out":%d,"num_flows":%d,"num_flows_started":%d,"num_flows_completed":%d,"packets_in":%d,"packets_out":%d,`+
		`"host":"node-%d"}`+"\n",
		start, start+300, t.source, t.sourceNamespace, t.sourceApp, t.hash, t.dest, t.destNamespace, t.port, t.destApp,
		t.destNamespace, t.service, t.action, t.reporter, t.policy, random.IntN(1<<20), random.IntN(1<<22), started+3, started,
		random.IntN(50), random.IntN(2000), random.IntN(2000), random.IntN(40))
}
