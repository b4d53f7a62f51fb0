package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// send stores the documents.
func (b *batch) send(ctx context.Context, docs []document) error {
	for len(docs) > 0 {
		results, err := b.once(ctx, docs)
		var refused *Error
		switch {
		case err == nil:
			left, err := b.settle(docs, results)
			if err != nil {
				return err
			}
			if len(left) < len(docs) {
				b.patient()
			}
			if docs = left; len(docs) > 0 && !b.rest(ctx) {
				return firstOf(ctx.Err(), busy(results, len(docs)))
			}
		case errors.As(err, &refused) && refused.Status == http.StatusRequestEntityTooLarge:
			return b.halve(ctx, docs, refused)
		case broken(err) && b.rest(ctx): // what was stored is found to be there
		default:
			return firstOf(ctx.Err(), err)
		}
	}
	return ctx.Err()
}

func (b *batch) rest(ctx context.Context) bool {
	b.attempt++
	return b.store.client.rest(ctx, b.attempt-1, 0, b.deadline)
}

// busy is the error for documents that a server goes on refusing.
func busy(results []result, left int) error {
	for i := range results {
		if repeatable(results[i].Status) {
			return fmt.Errorf("%d documents were refused again and again: %s", left, results[i].text())
		}
	}
	return fmt.Errorf("%d documents were refused again and again", left)
}

// halve sends documents in two requests, where one is larger than the server reads.
func (b *batch) halve(ctx context.Context, docs []document, refused *Error) error {
	if len(docs) == 1 {
		b.done.Refused++
		return b.putAside(docs[0].line, "larger than a request may be", refused.Error())
	}
	half := len(docs) / 2
	if err := b.send(ctx, docs[:half]); err != nil {
		return err
	}
	return b.send(ctx, docs[half:])
}

// once sends one request.
func (b *batch) once(ctx context.Context, docs []document) ([]result, error) {
	b.body = b.body[:0]
	for i := range docs {
		b.body = append(append(b.body, `{"create":{"_index":"`...), docs[i].index...)
		b.body = append(append(b.body, `","_id":"`...), docs[i].id[:]...)
		b.body = append(append(b.body, `"}}`+"\n"...), docs[i].line...)
		b.body = append(b.body, '\n')
	}
	query := url.Values{"filter_path": {"items.create.status,items.create.error"}}
	var answer struct {
		Items []struct {
			Create result `json:"create"`
		} `json:"items"`
	}
	err := b.store.client.send(ctx, &call{http.MethodPost, "/_bulk", query, b.body}, func(in io.Reader) error {
		answer.Items = answer.Items[:0]
		return transferred(json.NewDecoder(&bounded{in: in, left: maxMappings}).Decode(&answer))
	})
	if err != nil {
		return nil, err
	}
	if len(answer.Items) != len(docs) {
		return nil, fmt.Errorf("read answer: it tells of %d documents, and %d were sent", len(answer.Items), len(docs))
	}
	results := make([]result, len(docs))
	for i := range results {
		results[i] = answer.Items[i].Create
	}
	return results, nil
}

// result is what became of one document.
type result struct {
	Status int        `json:"status"`
	Error  *errorBody `json:"error"`
}

// settle counts the results, and returns the documents that are to be sent again.
func (b *batch) settle(docs []document, results []result) ([]document, error) {
	left := docs[:0]
	for i := range results {
		status := results[i].Status
		switch {
		case status == http.StatusConflict:
			b.done.Present++
		case status >= http.StatusOK && status < http.StatusMultipleChoices:
			b.done.Stored++
		case repeatable(status):
			left = append(left, docs[i])
		default:
			b.done.Refused++
			if err := b.putAside(docs[i].line, results[i].kind(), results[i].text()); err != nil {
				return nil, err
			}
		}
	}
	return left, nil
}

// kind is the type of the error, one of few.
func (r *result) kind() string {
	if r.Error == nil || r.Error.Type == "" {
		return fmt.Sprintf("status %d", r.Status)
	}
	return r.Error.Type
}

// text is what the server says of the error.
func (r *result) text() string {
	if r.Error == nil {
		return r.kind()
	}
	deepest := r.Error.deepest()
	text := r.kind() + ": " + r.Error.Reason
	if deepest != r.Error {
		text += ": " + deepest.Type + ": " + deepest.Reason
	}
	return short(text)
}

// drain reads an answer that says nothing more.
func drain(in io.Reader) error {
	_, err := io.Copy(io.Discard, io.LimitReader(in, maxError))
	return err
}
