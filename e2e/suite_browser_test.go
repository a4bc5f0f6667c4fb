package e2e

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// suiteBrowser signs in where it is asked to, and brings the suite what a page with a script would.
type suiteBrowser struct {
	*surfer
	role    string
	rejects bool     // the person gives up at the first page
	rotates bool     // an administrator adds a signing key when the module is ready for it
	looks   int      // visits at which the person only looks
	pages   []string // of the hub, as they were seen
}

func (b *suiteBrowser) rotating() bool { return b.rotates }

func (b *suiteBrowser) seen() []string { return b.pages }

// behave has the person do what the module's instructions say, where that is not signing in.
func (b *suiteBrowser) behave(module string) {
	switch {
	case strings.HasSuffix(module, "user-rejects-authentication"):
		b.rejects = true
	case module == "oidcc-server-rotate-keys":
		b.rotates = true
	case strings.HasSuffix(module, "reused-request-uri-prior-to-auth-completion-succeeds"):
		b.looks = 1
	}
}

// visit opens an address as the suite says and goes on until there is nothing left to press.
func (b *suiteBrowser) visit(method, address string) {
	b.t.Helper()
	if method == http.MethodPost {
		at, query, _ := strings.Cut(address, "?")
		form, err := url.ParseQuery(query)
		if err != nil {
			b.t.Fatal(err)
		}
		b.do(http.MethodPost, at, form)
	} else {
		b.open(address)
	}
	b.settle()
}

// settle presses what there is to press, page after page.
func (b *suiteBrowser) settle() {
	b.t.Helper()
	for range 10 {
		if b.url.Hostname() == suiteHost {
			b.deliver()
			return
		}
		b.pages = append(b.pages, b.body)
		if b.looks > 0 {
			b.looks--
			return
		}
		if !b.press() {
			return
		}
	}
	b.fail("the browser goes round in circles")
}

// press answers one page of the hub. It reports whether there was something to press.
func (b *suiteBrowser) press() bool {
	b.t.Helper()
	for _, f := range b.forms() {
		switch {
		case b.rejects && strings.Contains(f.text, "Cancel"):
			b.submit("Cancel")
		case !b.rejects && strings.Contains(strings.ToLower(f.text), "smartcard"):
			b.submit("smartcard")
		case f.fields.Has("role") || strings.Contains(b.body, "Choose your role"):
			b.submit("Continue", "role", b.role)
		case strings.Contains(f.text, "Continue"):
			b.submit("Continue")
		case strings.Contains(f.text, "Sign out") && strings.Contains(b.url.Path, "logout"):
			b.submit("Sign out")
		default:
			continue
		}
		return true
	}
	return false
}

var submitTo = regexp.MustCompile(`xhr\.open\('POST', "([^"]+)"`)

// deliver posts the fragment of the address where the suite's script would.
func (b *suiteBrowser) deliver() {
	b.t.Helper()
	m := submitTo.FindStringSubmatch(b.body)
	if m == nil {
		return
	}
	fragment := ""
	if b.url.Fragment != "" {
		fragment = "#" + b.url.EscapedFragment()
	}
	target := strings.ReplaceAll(m[1], `\/`, "/")
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, target, strings.NewReader(fragment))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/plain")
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = resp.Body.Close()
}
