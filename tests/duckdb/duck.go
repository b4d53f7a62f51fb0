package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // the driver
)

// duck groups with DuckDB.
type duck struct {
	db   *sql.DB
	conn *sql.Conn
	file string
}

func newDuck(file string, threads int) (*duck, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	d := &duck{db, conn, file}
	if _, err := conn.ExecContext(context.Background(), fmt.Sprintf("SET threads=%d", threads)); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *duck) close() {
	d.conn.Close()
	d.db.Close()
}

// grouping is the query. The names of the columns are those of the log.
const grouping = `
CREATE OR REPLACE TABLE flow_groups AS
SELECT source_type, source_namespace, source_name, source_name_aggr, dest_type, dest_namespace, dest_name, dest_name_aggr,
	dest_service_namespace, dest_service_name, dest_service_port, dest_port, proto, action, reporter,
	policies.enforced_policies[-1] AS policy,
	sum(num_flows_started)::BIGINT AS connections, sum(bytes_in)::BIGINT AS bytes_in, sum(bytes_out)::BIGINT AS bytes_out,
	sum(packets_in)::BIGINT AS packets_in, sum(packets_out)::BIGINT AS packets_out, count(*) AS records,
	min(start_time) AS first, max(end_time) AS last
FROM read_json('%s', format='newline_delimited', columns={start_time: 'BIGINT', end_time: 'BIGINT', source_type: 'VARCHAR',
	source_namespace: 'VARCHAR', source_name: 'VARCHAR', source_name_aggr: 'VARCHAR', dest_type: 'VARCHAR',
	dest_namespace: 'VARCHAR', dest_name: 'VARCHAR', dest_name_aggr: 'VARCHAR', dest_service_namespace: 'VARCHAR',
	dest_service_name: 'VARCHAR', dest_service_port: 'VARCHAR', dest_port: 'INTEGER', proto: 'VARCHAR', action: 'VARCHAR',
	reporter: 'VARCHAR', policies: 'STRUCT(enforced_policies VARCHAR[])', num_flows_started: 'BIGINT', bytes_in: 'BIGINT',
	bytes_out: 'BIGINT', packets_in: 'BIGINT', packets_out: 'BIGINT'})
WHERE start_time < %d AND end_time > %d
GROUP BY ALL`

func (d *duck) group(ctx context.Context) error {
	_, err := d.conn.ExecContext(ctx, fmt.Sprintf(grouping, strings.ReplaceAll(d.file, "'", "''"), dayEnd.Unix(), dayStart.Unix()))
	return err
}

// row is one group, as both sides can print it.
type row struct {
	source, dest, service, port, protocol, action, reporter, policy string
	connections, bytesIn, bytesOut, packetsIn, packetsOut, records  int64
	first, last                                                     int64
}

// rows are the groups. A dash means that there is none, as in the log.
func (d *duck) rows(ctx context.Context) (map[string]row, error) {
	const query = `SELECT concat_ws('/', source_type, source_namespace, source_name, source_name_aggr),
	concat_ws('/', dest_type, dest_namespace, dest_name, dest_name_aggr),
	concat_ws('/', dest_service_namespace, dest_service_name, dest_service_port), dest_port::VARCHAR, proto, action, reporter,
	policy, connections, bytes_in, bytes_out, packets_in, packets_out, records, first, last FROM flow_groups`
	found, err := d.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	out := map[string]row{}
	for found.Next() {
		var r row
		if err := found.Scan(&r.source, &r.dest, &r.service, &r.port, &r.protocol, &r.action, &r.reporter, &r.policy,
			&r.connections, &r.bytesIn, &r.bytesOut, &r.packetsIn, &r.packetsOut, &r.records, &r.first, &r.last); err != nil {
			return nil, err
		}
		out[r.key()] = r
	}
	return out, found.Err()
}

func (r *row) key() string {
	return strings.Join([]string{r.source, r.dest, r.service, r.port, r.protocol, r.action, r.reporter, r.policy}, "|")
}
