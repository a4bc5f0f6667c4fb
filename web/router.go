package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Router serves the route tables of all front ends on the hub's own host.
func (k *Kit) Router(tables ...[]Route) http.Handler { return k.RouterAt(k.Issuer, tables...) }

// RouterAt serves route tables on another host of the hub, and on that alone.
func (k *Kit) RouterAt(at *url.URL, tables ...[]Route) http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect() // forwarded addresses are resolved by peer, from configured proxies only
	e.HTTPErrorHandler = func(err error, c echo.Context) { k.routeError(c.Response(), c.Request(), err) }
	own := []Route{{Method: http.MethodGet, Path: "/static/:file", Name: "static", Handler: k.serveAsset, Class: Cheap}}
	all := slices.Concat(append([][]Route{own}, tables...)...)
	open := map[string][]string{} // methods by path of the routes with CORS
	for _, route := range all {
		k.mount(e, route, all)
		if route.CORS {
			open[route.Path] = append(open[route.Path], route.Method)
		}
	}
	for path, methods := range open {
		e.OPTIONS(path, func(c echo.Context) error { k.preflight(c.Response(), methods); return nil })
	}
	return hostCheck(at, e)
}

func (k *Kit) mount(e *echo.Echo, route Route, all []Route) {
	h := k.Handler(route)
	serve := func(c echo.Context) error { h(c.Response(), withParams(c)); return nil }
	e.Add(route.Method, route.Path, serve)
	head := func(o Route) bool { return o.Method == http.MethodHead && o.Path == route.Path }
	if route.Method == http.MethodGet && !route.Once && !slices.ContainsFunc(all, head) {
		e.HEAD(route.Path, serve) // net/http leaves the body out
	}
}

// withParams makes echo's path parameters readable by net/http's PathValue.
func withParams(c echo.Context) *http.Request {
	r := c.Request()
	for i, name := range c.ParamNames() {
		r.SetPathValue(name, c.ParamValues()[i])
	}
	return r
}

// hostCheck answers only to a host name of the hub's own: issuer and endpoints come from the configuration, never from a header.
func hostCheck(at *url.URL, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsAt(r, at) {
			http.Error(w, "This host is not served here.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// IsAt reports whether a request names the host of an address, with or without the default port.
func IsAt(r *http.Request, at *url.URL) bool {
	return strings.EqualFold(r.Host, at.Host) || strings.EqualFold(r.Host, at.Hostname()+defaultPort(at))
}

func defaultPort(at *url.URL) string {
	switch {
	case at.Port() != "":
		return ":" + at.Port()
	case at.Scheme == "https":
		return ":443"
	}
	return ":80"
}

func (k *Kit) preflight(w http.ResponseWriter, methods []string) {
	h := w.Header()
	securityHeaders(h, k.Secure())
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
	h.Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
}

// routeError answers for paths and methods that no front end serves.
func (k *Kit) routeError(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusNotFound
	if he, ok := errors.AsType[*echo.HTTPError](err); ok {
		status = he.Code
	}
	show := k.notFound
	switch status {
	case http.StatusNotFound:
	case http.StatusMethodNotAllowed:
		show = k.notAllowed
	default:
		show = func(w http.ResponseWriter, r *http.Request) {
			k.Refuse(w, r, (&bridge.Refusal{Reason: bridge.Internal}).Because(err))
		}
	}
	k.Handler(Route{Name: "none", Handler: show})(w, r)
}
