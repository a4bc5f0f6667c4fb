package oidc

import (
	"context"
	"time"
)

// Fetcher gets documents of clients: key sets, lists of redirect URIs, request objects and logos. It is bounded in time, size, redirects and addresses.
type Fetcher interface {
	// Fetch returns the body of an answer of 200, and how long the answer says it stays fresh; 0: it does not say. Of an address that
	// is only the word of a client itself (guarded) nothing inside the hospital's network is fetched.
	Fetch(ctx context.Context, target string, guarded bool) (body []byte, fresh time.Duration, err error)
}
