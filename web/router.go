package web

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Router serves the route tables of all front ends on the hub's own host.
func (k *Kit) Router(tables ...[]Route) http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect() // forwarded addresses are resolved by peer, from configured proxies only
	e.HTTPErrorHandler = func(err error, c echo.Context) { k.routeError(c.Response(), c.Request(), err) }
	e.GET("/static/:file", echo.WrapHandler(http.HandlerFunc(serveAsset)))
	for _, table := range tables {
		for _, route := range table {
			h := k.handler(route)
			e.Add(route.Method, route.Path, func(c echo.Context) error { h(c.Response(), withParams(c)); return nil })
			if route.CORS {
				e.Add(http.MethodOptions, route.Path, func(c echo.Context) error { h(c.Response(), c.Request()); return nil })
			}
		}
	}
	return k.hostCheck(e)
}

// withParams makes echo's path parameters readable by net/http's PathValue.
func withParams(c echo.Context) *http.Request {
	r := c.Request()
	for i, name := range c.ParamNames() {
		r.SetPathValue(name, c.ParamValues()[i])
	}
	return r
}

// hostCheck answers only to the hub's own host name: issuer and endpoints come from the configuration, never from a header.
func (k *Kit) hostCheck(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Host, k.Issuer.Host) && !strings.EqualFold(r.Host, k.Issuer.Hostname()+k.defaultPort()) {
			http.Error(w, "This host is not served here.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (k *Kit) defaultPort() string {
	if k.Issuer.Port() != "" {
		return ":" + k.Issuer.Port()
	}
	if k.Secure() {
		return ":443"
	}
	return ":80"
}

// handler wraps a route with its reference, limits, headers and count.
func (k *Kit) handler(route Route) http.HandlerFunc {
	limit := route.MaxBody
	if limit == 0 {
		limit = 64 << 10
	}
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx := bridge.WithPeer(bridge.WithRef(r.Context(), k.Hub.NewRef()), k.peer(r))
		r = r.WithContext(ctx)
		securityHeaders(w.Header(), k.Secure())
		w.Header().Set("X-Reference", bridge.Ref(ctx))
		if route.CORS {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			if r.Method == http.MethodOptions {
				preflight(w.Header(), route.Method)
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			if p := recover(); p != nil {
				k.Log.ErrorContext(ctx, "panic", "ref", bridge.Ref(ctx), "route", route.Name, "panic", p)
				if !rec.wrote {
					k.Refuse(rec, r, &bridge.Refusal{Reason: bridge.Internal})
				}
			}
			if k.Observe != nil {
				k.Observe.Request(route.Name, rec.status, time.Since(start).Seconds())
			}
		}()
		if r.ContentLength > limit {
			k.tooLarge(rec, r)
			return
		}
		r.Body = http.MaxBytesReader(rec, r.Body, limit)
		route.Handler(rec, r)
	}
}

func preflight(h http.Header, method string) {
	h.Set("Access-Control-Allow-Methods", method)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
	h.Set("Access-Control-Max-Age", "3600")
}

func securityHeaders(h http.Header, secure bool) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func (k *Kit) tooLarge(w http.ResponseWriter, r *http.Request) {
	k.Page(w, r, "error", "The request is too large", struct{ Detail, Reason string }{"The app sent more than can be accepted.", "too_large"}, PageOptions{Status: http.StatusRequestEntityTooLarge})
}

func (k *Kit) routeError(w http.ResponseWriter, r *http.Request, err error) {
	status, title := http.StatusNotFound, "There is no such page"
	if he, ok := err.(*echo.HTTPError); ok && he.Code == http.StatusMethodNotAllowed {
		status, title = http.StatusMethodNotAllowed, "This page cannot be used in this way"
	}
	r = r.WithContext(bridge.WithRef(r.Context(), k.Hub.NewRef()))
	securityHeaders(w.Header(), k.Secure())
	k.Page(w, r, "error", title, struct{ Detail, Reason string }{"", http.StatusText(status)}, PageOptions{Status: status})
}

type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// peer is the address the request came from: the connection's, or what configured proxies say of it,
// read from the right and only as far as they are trusted.
func (k *Kit) peer(r *http.Request) string {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	addr := ap.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && k.trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr.String()
}

func (k *Kit) trusted(a netip.Addr) bool {
	for _, p := range k.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
