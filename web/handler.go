package web

import (
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// answerWithin is how long a request may take once its header was read; the listeners write no longer either.
const answerWithin = 30 * time.Second

// Handler wraps a route with its reference, limits, headers, count and a net for panics. Router does it for
// every route; the card hosts, which have no router, do it themselves. A caller that hangs up does not stop the
// handler: what was tried is recorded, and the store is not taken for broken.
func (k *Kit) Handler(route Route) http.HandlerFunc {
	limit := route.MaxBody
	if limit == 0 {
		limit = 64 << 10
	}
	return func(w http.ResponseWriter, r *http.Request) {
		start := k.Hub.Clock()
		caller := r.Context() // ends when the caller hangs up, which only one who waits for admission heeds
		ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), answerWithin)
		defer cancel()
		ctx = bridge.WithPeer(bridge.WithRef(ctx, k.Hub.NewRef()), k.peer(r))
		r = r.WithContext(ctx)
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		securityHeaders(rec.Header(), k.Secure() || r.TLS != nil)
		rec.Header().Set("X-Reference", bridge.Ref(ctx))
		defer k.finish(rec, r, route, start)
		if route.CORS {
			rec.Header().Set("Access-Control-Allow-Origin", "*")
			rec.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce, Retry-After, X-Reference")
		}
		if r.ContentLength > limit {
			k.tooLarge(rec, r)
			return
		}
		class := route.classOf(r)
		if k.Tolls != nil && !k.toll(r, class) {
			k.throttled(rec, r, route)
			return
		}
		r.Body = http.MaxBytesReader(rec, r.Body, limit)
		if k.Gate != nil && class != Cheap {
			whole(r)
		}
		leave, ok := k.Gate.enter(caller, class)
		if !ok {
			k.busy(rec, r, route)
			return
		}
		defer leave()
		route.Handler(rec, r)
	}
}

// finish answers for a handler that panicked, and counts.
func (k *Kit) finish(rec *recorder, r *http.Request, route Route, start time.Time) {
	p := recover()
	if p == http.ErrAbortHandler { //nolint:errorlint // compared as net/http compares it
		panic(p)
	}
	if p != nil {
		k.Log.ErrorContext(r.Context(), "panic", "ref", bridge.Ref(r.Context()), "route", route.Name, "panic", p, "stack", string(debug.Stack()))
		rec.status = http.StatusInternalServerError
		if !rec.wrote {
			k.Refuse(rec, r, &bridge.Refusal{Reason: bridge.Internal})
		}
	}
	if k.Observe != nil {
		k.Observe.Request(route.Name, rec.status, k.Hub.Clock().Sub(start).Seconds())
	}
}

func securityHeaders(h http.Header, secure bool) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
