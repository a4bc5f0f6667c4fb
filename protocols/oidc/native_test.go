package oidc

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

// TestAppsOnADevice: an app on a device is answered at any port, and at its own scheme, and redeems the code with the address it used.
func TestAppsOnADevice(t *testing.T) {
	w := newWorld(t)
	w.change("public", func(p *trust.Partner) {
		p.OIDC.Native, p.OIDC.RedirectURIs = true, []string{"http://127.0.0.1/cb", "uk.example.epr:/cb", "uk.example.epr://host/cb"}
	})
	b := w.browser()
	b.code("basic")
	for _, uri := range []string{"http://127.0.0.1:51004/cb", "http://127.0.0.1/cb", "uk.example.epr:/cb", "uk.example.epr://host/cb"} {
		got := b.authorize("public", "redirect_uri", uri)
		location := got.header.Get("Location")
		if !strings.HasPrefix(location, uri+"?code=") {
			t.Errorf("%s: answered at %q", uri, location)
			continue
		}
		query, err := url.ParseQuery(location[len(uri)+1:])
		must(t, err)
		if got := w.redeem("public", query.Get("code"), "redirect_uri", "http://127.0.0.1:1/cb"); got.status != 400 {
			t.Errorf("%s: redeemed with another address", uri)
		}
		query, err = url.ParseQuery(b.authorize("public", "redirect_uri", uri).header.Get("Location")[len(uri)+1:])
		must(t, err)
		w.tokens(w.redeem("public", query.Get("code"), "redirect_uri", uri))
	}
	for _, uri := range []string{"uk.example.epr:/cb", "uk.example.epr://host/cb"} {
		got := b.authorize("public", "redirect_uri", uri, "response_mode", "form_post")
		if location := got.header.Get("Location"); !strings.HasPrefix(location, uri+"?error=invalid_request&") {
			t.Errorf("a form for a scheme: %d %q", got.status, location)
		}
	}
	if got := b.authorize("public", "redirect_uri", "http://127.0.0.1:8/cb", "response_mode", "form_post"); !strings.Contains(got.body, `name="code"`) {
		t.Errorf("a form for the device: %d %v", got.status, got.to)
	}
	for redirect, want := range map[string]string{
		"https://epr.example/cb": "https://epr.example", "http://127.0.0.1:8/cb": "http://127.0.0.1:8", "uk.example.epr:/cb": "uk.example.epr:", "uk.example.epr://x/cb": "uk.example.epr:",
	} {
		if got := answerSource(redirect); got != want {
			t.Errorf("policy for %s: %q", redirect, got)
		}
	}
}
