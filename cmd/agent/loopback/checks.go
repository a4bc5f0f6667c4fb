package loopback

import (
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
)

// asked is a request and the route it is for.
type asked struct {
	*http.Request
	routes []route
	route  route
}

// check is one rule: the status of its refusal, 0 if the request passes.
type check struct {
	name   string
	refuse func(*asked) int
}

// Header is what a page can send only after a preflight, and what a program sends to say that it is one.
const Header = "X-Lanyard-Agent"

// checks in order. A refusal carries no CORS header: a page learns nothing from it.
func (s *Server) checks() []check {
	return []check{
		{"the name that was called is ours", calledByName},
		{"there is such a route", findRoute},
		{"the asker is the same user", sameUser},
		{"the origin is allowed", s.originAllowed},
		{"a page may have tickets", s.ticketAllowed},
		{"without an origin it is no browser", noBrowser},
		{"who changes something means it", meant},
	}
}

// calledByName stops DNS rebinding: a page of another name that resolves to 127.0.0.1 still says its own name.
func calledByName(a *asked) int {
	_, port, err := net.SplitHostPort(a.Host)
	local, ok := a.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if err != nil || !ok || port != strconv.Itoa(local.Port) {
		return http.StatusMisdirectedRequest
	}
	switch a.Host {
	case "127.0.0.1:" + port, "[::1]:" + port, "localhost:" + port:
		return 0
	}
	return http.StatusMisdirectedRequest
}

// findRoute also takes the preflight of a route.
func findRoute(a *asked) int {
	wrong := false
	method := a.Method
	if method == http.MethodOptions {
		method = a.Header.Get("Access-Control-Request-Method")
	}
	for _, r := range a.routes {
		if r.Path != a.URL.Path {
			continue
		}
		if r.Method == method {
			a.route = r
			return 0
		}
		wrong = true
	}
	if wrong {
		return http.StatusMethodNotAllowed
	}
	return http.StatusNotFound
}

func sameUser(a *asked) int {
	if a.route.Everyone || ownerOf(a.Context()).own {
		return 0
	}
	return http.StatusForbidden
}

func (s *Server) originAllowed(a *asked) int {
	origins := a.Header.Values("Origin")
	if len(origins) == 0 && a.Method != http.MethodOptions {
		return 0
	}
	if len(origins) != 1 || !slices.Contains(s.Origins, origins[0]) {
		return http.StatusForbidden
	}
	return 0
}

// ticketAllowed: an origin that may ask for other things may not therefore have a ticket.
func (s *Server) ticketAllowed(a *asked) int {
	if origin := a.Header.Get("Origin"); a.route.Ticket && origin != "" && !slices.Contains(s.TicketOrigins, origin) {
		return http.StatusForbidden
	}
	return 0
}

// noBrowser: programs have no Origin and say so; browsers leave it out of simple requests only, and mark those.
func noBrowser(a *asked) int {
	if a.Header.Get("Origin") != "" || a.route.Everyone && a.Method == http.MethodGet {
		return 0
	}
	if a.Header.Get("Sec-Fetch-Site") != "" || a.Header.Get(Header) != "1" {
		return http.StatusForbidden
	}
	return 0
}

// meant: what changes something has a kind of body and a header for which a page needs a preflight.
func meant(a *asked) int {
	if a.Method != http.MethodPost {
		return 0
	}
	if kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return http.StatusUnsupportedMediaType
	}
	if a.Header.Get(Header) != "1" {
		return http.StatusForbidden
	}
	return 0
}

// allow lets the page of an allowed origin read the answer, and answers its preflight: also that of browsers which ask before a page
// of the internet may reach the local machine.
func allow(head http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	head.Set("Access-Control-Allow-Origin", origin)
	head.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if r.Method != http.MethodOptions {
		return
	}
	head.Set("Access-Control-Allow-Methods", r.Header.Get("Access-Control-Request-Method"))
	head.Set("Access-Control-Allow-Headers", "Content-Type, "+Header)
	head.Set("Access-Control-Max-Age", "600")
	head.Set("Access-Control-Allow-Private-Network", "true")
	head.Set("Access-Control-Allow-Local-Network", "true")
}
