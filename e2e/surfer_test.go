package e2e

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// surfer is a browser without JavaScript that can hold one card at a time.
type surfer struct {
	t      *testing.T
	client *http.Client
	hub    *hub
	url    *url.URL
	status int
	body   string
	trail  []string // every address visited, for failures
	whole  bool     // says that what it visits takes the whole window, as browsers do
}

// newSurfer opens a browser; card may be empty.
func (h *hub) newSurfer(uid string) *surfer {
	h.t.Helper()
	s := &surfer{t: h.t, hub: h}
	if uid == "" {
		s.client = components.Client(h.t, h.ca)
	} else {
		card := h.cards[uid].TLS()
		s.client = components.Client(h.t, h.ca)
		if transport, ok := s.client.Transport.(*http.Transport); ok { // presents the card whatever issuers the server hints at
			transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &card, nil }
		}
	}
	return s
}

// open visits an address and follows redirects.
func (s *surfer) open(address string) {
	s.t.Helper()
	s.do(http.MethodGet, address, nil)
}

func (s *surfer) do(method, address string, form url.Values) {
	s.t.Helper()
	for range 25 {
		s.trail = append(s.trail, method+" "+address)
		req, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html,*/*")
		if s.whole {
			req.Header.Set("Sec-Fetch-Dest", "document")
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := s.client.Do(req)
		if err != nil {
			s.t.Fatalf("%s %s: %v", method, address, err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		s.url, s.status, s.body = req.URL, resp.StatusCode, string(body)
		location := resp.Header.Get("Location")
		if resp.StatusCode < 300 || resp.StatusCode > 399 || location == "" {
			return
		}
		next, err := req.URL.Parse(location)
		if err != nil {
			s.t.Fatal(err)
		}
		method, address, form = http.MethodGet, next.String(), nil
	}
	s.t.Fatalf("too many redirects: %v", s.trail)
}

// form is one form of the page.
type form struct {
	action string
	method string
	fields url.Values
	text   string // everything printed in it, buttons included
}

func (s *surfer) forms() []form {
	s.t.Helper()
	doc, err := html.Parse(strings.NewReader(s.body))
	if err != nil {
		s.t.Fatal(err)
	}
	var out []form
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" {
			out = append(out, readForm(n))
		}
	}
	return out
}

func readForm(n *html.Node) form {
	f := form{action: attribute(n, "action"), method: strings.ToUpper(attribute(n, "method")), fields: url.Values{}}
	for c := range n.Descendants() {
		switch {
		case c.Type == html.TextNode:
			f.text += " " + strings.TrimSpace(c.Data)
		case c.Data == "input" && attribute(c, "type") == "radio":
			if has(c, "checked") && !has(c, "disabled") {
				f.fields.Set(attribute(c, "name"), attribute(c, "value"))
			}
		case c.Data == "input" && attribute(c, "name") != "":
			f.fields.Set(attribute(c, "name"), attribute(c, "value"))
		}
	}
	return f
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// pressAndForget sends the form that prints the text to a hub that may never answer.
func (s *surfer) pressAndForget(text string) {
	s.t.Helper()
	for _, f := range s.forms() {
		if !strings.Contains(f.text, text) {
			continue
		}
		target, err := s.url.Parse(f.action)
		if err != nil {
			s.t.Fatal(err)
		}
		if resp, err := s.client.PostForm(target.String(), f.fields); err == nil {
			_ = resp.Body.Close()
		}
		return
	}
	s.fail("no form says %q", text)
}

// submit sends the form that prints the text, with fields changed, and follows where it leads.
func (s *surfer) submit(text string, set ...string) {
	s.t.Helper()
	for _, f := range s.forms() {
		if !strings.Contains(strings.ToLower(f.text), strings.ToLower(text)) {
			continue
		}
		for i := 0; i+1 < len(set); i += 2 {
			f.fields.Set(set[i], set[i+1])
		}
		target, err := s.url.Parse(f.action)
		if err != nil {
			s.t.Fatal(err)
		}
		if f.method == http.MethodPost {
			s.do(http.MethodPost, target.String(), f.fields)
			return
		}
		target.RawQuery = f.fields.Encode()
		s.do(http.MethodGet, target.String(), nil)
		return
	}
	s.fail("no form says %q", text)
}

// follow clicks the link that prints the text.
func (s *surfer) follow(text string) {
	s.t.Helper()
	m := regexp.MustCompile(`(?is)<a [^>]*href="([^"]+)"[^>]*>[^<]*` + regexp.QuoteMeta(text)).FindStringSubmatch(s.body)
	if m == nil {
		s.fail("no link says %q", text)
	}
	target, err := s.url.Parse(html.UnescapeString(m[1]))
	if err != nil {
		s.t.Fatal(err)
	}
	s.open(target.String())
}

// see fails unless the page prints the text.
func (s *surfer) see(text string) {
	s.t.Helper()
	if !strings.Contains(html.UnescapeString(s.body), text) {
		s.fail("the page does not say %q", text)
	}
}

func (s *surfer) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf(format+"\nat %s (%d), trail:\n%s\n%s", append(args, s.url, s.status, strings.Join(s.trail, "\n"), s.body)...)
}

// autopost presses Continue on the page that posts a message to a partner.
func (s *surfer) autopost() {
	s.t.Helper()
	s.submit("Continue")
}

// signInByCard goes through the sign-in page with the card, and the role page if a role is given.
func (s *surfer) signInByCard(role string) {
	s.t.Helper()
	s.submit("smartcard")
	if role != "" {
		s.see("Choose your role")
		s.submit("Continue", "role", role)
	}
}
