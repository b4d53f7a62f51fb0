package recorder

import (
	"context"
	"sync"

	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/resource"
)

// board shows what the API server has, and lets who waits for news know of them.
type board struct {
	mu    sync.Mutex
	kinds map[resource.Kind]kube.Served
	news  chan struct{} // closed with the next post
}

func newBoard() *board { return &board{news: make(chan struct{})} }

func (b *board) post(found []kube.Served) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kinds = map[resource.Kind]kube.Served{}
	for _, served := range found {
		b.kinds[served.Kind] = served
	}
	close(b.news)
	b.news = make(chan struct{})
}

// of tells how a kind is served, once that is known, and gives what is closed with the next news.
func (b *board) of(ctx context.Context, kind resource.Kind) (kube.Served, <-chan struct{}, error) {
	for {
		b.mu.Lock()
		served, known := b.kinds[kind]
		news := b.news
		b.mu.Unlock()
		if known {
			return served, news, nil
		}
		select {
		case <-ctx.Done():
			return kube.Served{}, nil, ctx.Err()
		case <-news:
		}
	}
}
