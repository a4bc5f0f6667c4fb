package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

// BenchmarkGrants are the calls of a client that has its code behind it: compare with BenchmarkBareES256 of the same run. A refresh
// signs an ID token; client credentials and introspection sign nothing unless a JWT is asked for.
func BenchmarkGrants(b *testing.B) {
	w := newNetwork(b)
	set := w.tokens(w.redeem(app, w.browser().code(app, "scope", everything)))
	forJWT := w.tokens(w.redeem(app, w.grantFor(w.browser(), everything, recordsURI)))
	forLab := w.tokens(w.redeem(app, w.grantFor(w.browser(), everything, labURI)))
	own := url.Values{"grant_type": {trust.GrantClient}, "scope": {"fhir.read"}}
	ownJWT := url.Values{"grant_type": {trust.GrantClient}, "resource": {recordsURI}}
	swap := url.Values{
		"grant_type": {trust.GrantExchange}, "subject_token": {set.Access}, "subject_token_type": {typeAccess}, "audience": {pathology},
	}
	b.Run("refresh/ES256", func(b *testing.B) {
		b.ReportAllocs()
		token := w.tokens(w.redeem(app, w.browser().code(app, "scope", everything))).Refresh
		for b.Loop() {
			token = w.tokens(benchCall(b, w, tokenPath, app, url.Values{"grant_type": {trust.GrantRefresh}, "refresh_token": {token}})).Refresh
		}
	})
	for _, c := range []struct {
		name, path, client string
		form               url.Values
	}{
		{"client_credentials/opaque", tokenPath, app, own},
		{"client_credentials/ES256", tokenPath, app, ownJWT},
		{"exchange/opaque", tokenPath, app, swap},
		{"introspection/client", introspectPath, app, url.Values{"token": {set.Access}}},
		{"introspection/resource_server", introspectPath, pathology, url.Values{"token": {forLab.Access}}},
		{"introspection/JWT", introspectPath, records, url.Values{"token": {forJWT.Access}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				benchCall(b, w, c.path, c.client, c.form)
			}
		})
	}
}

func benchCall(b *testing.B, w *world, path, client string, form url.Values) reply {
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, secret)
	rec := httptest.NewRecorder()
	w.router.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		b.Fatal(rec.Code, rec.Body.String())
	}
	return reply{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
}
