package devstack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// recovered waits until the server has read its indices from disk: until then it refuses, or does not find their shards. A shard
// that is lost for good is no reason not to start.
func (c *OpenSearchChild) recovered(ctx context.Context, client *http.Client) error {
	const pause, lostAfter = 50 * time.Millisecond, 3 * time.Second
	settled := time.Now() // since then, nothing has moved
	for {
		health, err := c.health(ctx, client)
		switch {
		case err == nil && health.Status != "red":
			return nil
		case err != nil || health.moves():
			settled = time.Now()
		case time.Since(settled) > lostAfter:
			return nil
		}
		select {
		case <-c.done:
			return c.failure()
		case <-ctx.Done():
			return fmt.Errorf("wait for OpenSearch at %s (health %+v, last error: %v): %w", c.Address.Address, health, err, context.Cause(ctx)) //nolint:errorlint // one cause
		case <-time.After(pause):
		}
	}
}

// health is what a server says about its shards. It is red while a shard has no copy that serves.
type health struct {
	Status       string `json:"status"`
	Initializing int    `json:"initializing_shards"`
	Fetching     int    `json:"number_of_in_flight_fetch"`
	Pending      int    `json:"number_of_pending_tasks"`
}

func (h *health) moves() bool { return h.Initializing+h.Fetching+h.Pending > 0 }

// health first asks for what is refused until the state is read from disk: before that there are no shards, and health knows of none.
func (c *OpenSearchChild) health(ctx context.Context, client *http.Client) (health, error) {
	var h health
	if _, err := c.ask(ctx, client, "/_alias"); err != nil {
		return h, err
	}
	raw, err := c.ask(ctx, client, "/_cluster/health")
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return h, fmt.Errorf("read the health of OpenSearch: %w", err)
	}
	return h, nil
}

// maxAnswer bounds what is read of an answer; the aliases of many indices are cut.
const maxAnswer = 64 << 10

func (c *OpenSearchChild) ask(ctx context.Context, client *http.Client, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Address.Address+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask OpenSearch: %w", err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask OpenSearch: %w", err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("ask OpenSearch for %s: %w", path, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask OpenSearch for %s: %s: %.1000s", path, answer.Status, raw)
	}
	return raw, nil
}
