package web

import (
	"context"
	"net/http"
	"net/netip"
)

// Hop is the other end of a connection as its listener knows it, before a word that it says of itself is heard.
type Hop struct {
	Addr netip.Addr // of the socket; invalid: a unix socket
	// Proxy reports that it proved to be a proxy of ours: the listener lets nobody else in. Its Client-Cert is believed.
	Proxy bool
	// Silent reports that a PROXY header was demanded of it and named no client, so that it speaks for itself; nil: none was demanded.
	Silent func() bool
}

type hopKey struct{}

// WithHop keeps what a listener knows of a connection with all requests on it.
func WithHop(ctx context.Context, h Hop) context.Context { return context.WithValue(ctx, hopKey{}, h) }

// hop is that of a request; the zero one, which proved nothing, for a listener that kept none.
func hop(r *http.Request) Hop {
	h, _ := r.Context().Value(hopKey{}).(Hop)
	return h
}
