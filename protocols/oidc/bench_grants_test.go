package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// BenchmarkGrants are the calls of a client that has its code behind it: compare with the bare signature, the first of them. A refresh
// signs an ID token; client credentials and introspection sign nothing unless a JWT is asked for. cpu-ns/op is what the process used: on a
// busy machine it says more than the clock.
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
	b.Run("signature/ES256", func(b *testing.B) {
		defer used(b)()
		bare(b, keyring.ES256)
	})
	b.Run("refresh/ES256", func(b *testing.B) {
		b.ReportAllocs()
		token := w.tokens(w.redeem(app, w.browser().code(app, "scope", everything))).Refresh
		defer used(b)()
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
			defer used(b)()
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

// used reports the processor time of the process from now until it is called, garbage collection included.
func used(b *testing.B) func() {
	now := func() time.Duration {
		var u syscall.Rusage
		must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	from := now()
	return func() { b.ReportMetric(float64(now()-from)/float64(b.N), "cpu-ns/op") }
}
