package oidc

import (
	"context"
	"time"
)

// Fetcher gets documents of clients: key sets, and lists of redirect URIs. It is bounded in time, size, redirects and addresses.
type Fetcher interface {
	// Fetch returns the body of an answer of 200, and how long the answer says it stays fresh; 0: it does not say. Of an address that
	// is only the word of a client itself (guarded) nothing inside the hospital's network is fetched.
	Fetch(ctx context.Context, target string, guarded bool) (body []byte, fresh time.Duration, err error)
}

// FetcherFunc makes a Fetcher of a function.
type FetcherFunc func(ctx context.Context, target string, guarded bool) ([]byte, time.Duration, error)

// Fetch implements Fetcher.
func (f FetcherFunc) Fetch(ctx context.Context, target string, guarded bool) ([]byte, time.Duration, error) {
	return f(ctx, target, guarded)
}
