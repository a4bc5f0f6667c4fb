package demo

import (
	"net/http"
	"net/url"
	"strings"
)

// seen is the answer to one request, as far as the ladder tells of it.
type seen struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (s *seen) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// step is what a page of the hub means on the ladder.
type step struct {
	title string
	ask   bool   // the browser brings something; else the hub shows something
	story string // begins a story of this name
}

func steps() map[string]step {
	return map[string]step{
		"GET /signin":             {title: "Sign-in page"},
		"POST /signin/card":       {title: "A card host of its own for this try"},
		"GET /signin/card/done":   {title: "The card host's proof is taken, and the browser gets a session", ask: true},
		"POST /signin/key/begin":  {title: "WebAuthn options with a fresh challenge"},
		"POST /signin/key/finish": {title: "The key's answer is checked, and the browser gets a session", ask: true},
		"POST /signin/cancel":     {title: "Sign-in cancelled", ask: true},
		"GET /role":               {title: "Role page"},
		"POST /role":              {title: "Role chosen", ask: true},
		"POST /signout":           {title: "Sign out", ask: true, story: "At the hub: sign out everywhere"},
		"POST /switch":            {title: "Switch user", ask: true, story: "At the hub: switch user"},
		"GET /signout/result":     {title: "What became of each app"},
	}
}

// watch notes on the ladder what passes between browser and hub. Nothing is changed.
func (d *Demo) watch(next http.Handler) http.Handler {
	known := steps()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, ok := known[r.Method+" "+r.URL.Path]
		if !ok && quiet(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		switch {
		case s.story != "":
			d.ladder.begin("%s", s.story)
		case r.URL.Path == "/signin" && !r.URL.Query().Has("tx"):
			d.ladder.begin("At the hub: sign in")
		}
		answer := &seen{ResponseWriter: w}
		if s.ask && s.story != "" { // before what follows from it
			d.ladder.add(message{From: atBrowser, To: atHub, Title: s.title})
			s.title = ""
		}
		next.ServeHTTP(answer, r)
		d.note(s, r, answer)
	})
}

// quiet are addresses that the ladder does not tell of, or that partners tell of themselves.
func quiet(path string) bool {
	for _, prefix := range []string{"/static/", "/demo", "/.well-known/", "/oidc/jwks", "/saml2/metadata", "/saml2/mdq/", "/favicon.ico"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

func (d *Demo) note(s step, r *http.Request, answer *seen) {
	m := message{From: atHub, To: atBrowser, Title: s.title}
	if s.ask {
		m.From, m.To = atBrowser, atHub
	}
	if to, err := url.Parse(answer.Header().Get("Location")); err == nil && to.Host != "" && strings.HasSuffix(to.Hostname(), ".card."+hubHost) {
		m.Body = "host " + to.Host
	}
	if answer.status >= http.StatusBadRequest {
		if m.Title == "" {
			m.Title = "Refused, with a page that says why"
		}
		m.Ticks = []tick{failed("Refused: HTTP %d", answer.status)}
		m.Ref = answer.Header().Get("X-Reference")
		if r.URL.Path == "/saml/RoleAssertion" || strings.HasPrefix(r.URL.Path, "/oidc/") {
			m.How = "server to server or through the browser"
		}
	}
	if m.Title != "" {
		d.ladder.add(m)
	}
}
