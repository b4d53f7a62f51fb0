package opensearch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// keepAlive is how long a point in time lives without being asked; each page prolongs it.
const keepAlive = "5m"

// openPIT fixes what a series of searches sees of the indices.
func (c *Client) openPIT(ctx context.Context, indices string) (id string, missing *incompleteError, err error) {
	query := url.Values{"keep_alive": {keepAlive}, "allow_partial_pit_creation": {"true"}}
	var opened struct {
		ID     string `json:"pit_id"`
		Shards shards `json:"_shards"`
	}
	err = c.send(ctx, &call{http.MethodPost, "/" + indices + "/_search/point_in_time", query, nil}, func(in io.Reader) error {
		return transferred(json.NewDecoder(in).Decode(&opened))
	})
	if err != nil {
		return "", nil, fmt.Errorf("open point in time of %s: %w", indices, err)
	}
	return opened.ID, (&answer{Shards: opened.Shards}).incomplete(indices), nil
}

// closePIT frees a point in time, also when ctx has ended. One that cannot be freed expires.
func (c *Client) closePIT(ctx context.Context, id string) {
	if id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	body, err := json.Marshal(m{"pit_id": []string{id}})
	if err != nil {
		return
	}
	_, _ = c.once(ctx, &call{http.MethodDelete, "/_search/point_in_time", nil, body}, func(io.Reader) error { return nil })
}
