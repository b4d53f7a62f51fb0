package receivetest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Answer is what a push was answered with.
type Answer struct {
	StatusCode int
	Header     http.Header
}

// Push posts a body as Goldmane's emitter does and gives the answer and its text.
func Push(ctx context.Context, client *http.Client, url, body string) (Answer, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return Answer{}, "", err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header}, string(text), err
}

// Flows is the body of a push: n flows of the five minutes from start, from pods of the name, as encoding/json prints the
// emitter's structs. As there, the last line has no line feed.
func Flows(name string, start time.Time, n int) string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"Key":{"source_name":"%s-%d-*","source_namespace":"shop","source_type":1,"dest_name":"db-*",`+
			`"dest_namespace":"shop","dest_type":1,"dest_port":5432,"dest_service_name":"db","dest_service_namespace":"shop",`+
			`"dest_service_port_name":"sql","dest_service_port":5432,"proto":"tcp","reporter":1,"action":%d,"policies":{"enforced_policies":[`+
			`{"kind":1,"namespace":"shop","name":"allow-db","tier":"default","action":1}]}},"start_time":%d,"end_time":%d,`+
			`"source_labels":["app=%s"],"packets_in":%d,"packets_out":2,"bytes_in":300,"bytes_out":400,"num_connections_started":1}`,
			name, i%100, 1+i%2, start.Unix(), start.Unix()+300, name, i+1)
	}
	return strings.Join(lines, "\n")
}
