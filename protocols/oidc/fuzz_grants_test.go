package oidc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

// FuzzTokenRequest: whatever the form, the answer is an error of a client, or tokens for nobody but those whom the terms name and with no
// scope beyond them.
func FuzzTokenRequest(f *testing.F) {
	w := newNetwork(f)
	b := w.browser()
	set := w.tokens(w.redeem(app, b.code(app, "scope", "openid fhir.read")))
	form := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	f.Add(form("grant_type", trust.GrantClient, "scope", "fhir.read lab.read", "resource", recordsURI))
	f.Add(form("grant_type", trust.GrantClient, "resource", labURI, "resource", gatewayURI))
	f.Add(form("grant_type", trust.GrantExchange, "subject_token", set.Access, "subject_token_type", typeAccess, "audience", records, "scope", "fhir.read"))
	f.Add(form("grant_type", trust.GrantExchange, "subject_token", set.ID, "subject_token_type", typeIDToken, "resource", labURI, "requested_token_type", typeAccess))
	f.Add(form("grant_type", trust.GrantRefresh, "refresh_token", "x", "resource", "urn:%00"))
	f.Add("grant_type=" + trust.GrantExchange + "&audience=&audience=&resource=%ff;")
	client, err := w.p.partner(app)
	must(f, err)
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodPost, issuer+tokenPath, strings.NewReader(raw))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(app, secret)
		rec := httptest.NewRecorder()
		w.router.ServeHTTP(rec, r)
		body := rec.Body.String()
		if rec.Code != http.StatusOK {
			if rec.Code >= 500 || !strings.Contains(body, `"error"`) || strings.Contains(body, `"access_token"`) {
				t.Fatalf("%d %s", rec.Code, body)
			}
			return
		}
		var set tokenSet
		must(t, json.Unmarshal([]byte(body), &set))
		at, err := w.p.readAccess(set.Access)
		if err != nil || at.Client != app {
			t.Fatalf("%+v %v", at, err)
		}
		for _, s := range at.Scopes {
			if !slices.Contains(client.scopes, s) || at.Own && w.p.scopes.known(s) {
				t.Fatalf("scope %s", s)
			}
		}
		for _, a := range at.Audience {
			if a.Partner != "" && !slices.Contains(client.terms.Tokens.ResourceServers, a.Partner) && !slices.Contains(client.terms.Tokens.Exchange, a.Partner) {
				t.Fatalf("audience %+v", a)
			}
		}
	})
}

// FuzzAccessToken: nothing opens as an access token but what was issued as one, in either form.
func FuzzAccessToken(f *testing.F) {
	w := newNetwork(f)
	w.hub.Secret = w.hub.Random(32) // each worker is a process: what another one issued is not good here
	var err error
	w.p.sealer, err = newSealer(w.hub)
	must(f, err)
	b := w.browser()
	opaque := w.tokens(w.redeem(app, b.code(app)))
	byJWT := w.tokens(w.redeem(app, w.grantFor(b, everything, recordsURI)))
	good := map[string]bool{opaque.Access: true, byJWT.Access: true}
	for token := range good {
		f.Add(token)
		f.Add(token[:len(token)-1])
	}
	for _, other := range []string{opaque.ID, opaque.Refresh, b.code(app), "a.b.c", ".."} {
		f.Add(other)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, ok := w.p.openAccess(token); ok && !good[token] {
			t.Fatalf("taken for an access token: %q", token)
		}
	})
}

// FuzzAccept: an Accept header names the media type of a signed answer, or does not.
func FuzzAccept(f *testing.F) {
	const media = "application/" + typIntrospection
	f.Add(media)
	f.Add("text/html, " + media + ";q=0.1;x=\"a,b\"")
	f.Add(media + ";q=NaN")
	f.Fuzz(func(t *testing.T, header string) {
		if accepts([]string{header}, media) && !strings.Contains(strings.ToLower(header), media) {
			t.Fatalf("%q", header)
		}
		if !accepts([]string{"text/html", media}, media) {
			t.Fatal("a second header is not read")
		}
	})
}
