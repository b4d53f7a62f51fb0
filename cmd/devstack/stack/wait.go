package stack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// pollEvery is short, since a stack is ready in about a second.
const pollEvery = 20 * time.Millisecond

// poll asks until the answer is no error, the context ends or done is closed. Its error is the last answer.
func poll(ctx context.Context, done <-chan struct{}, ask func(ctx context.Context) error) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-done:
			return fmt.Errorf("it ended: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("%w (the last answer: %v)", context.Cause(ctx), err)
		}
	}
}

func waitHTTP(ctx context.Context, url string, done <-chan struct{}) error {
	return poll(ctx, done, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("get %s: %s", url, answer.Status)
		}
		return nil
	})
}

// frontendHealth is the name by which the frontend's health is asked for.
const frontendHealth = "temporal.api.workflowservice.v1.WorkflowService"

func waitTemporal(ctx context.Context, address string) error {
	quick := grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: pollEvery, Multiplier: 1, MaxDelay: pollEvery}, MinConnectTimeout: time.Second}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(quick))
	if err != nil {
		return err
	}
	defer conn.Close()
	health := grpc_health_v1.NewHealthClient(conn)
	return poll(ctx, nil, func(ctx context.Context) error {
		answer, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: frontendHealth})
		if err != nil {
			return err
		}
		if answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
			return fmt.Errorf("the frontend is %s", answer.Status)
		}
		return nil
	})
}
