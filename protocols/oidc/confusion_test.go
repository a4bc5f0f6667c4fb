package oidc

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// TestNothingPassesForAnother: whatever the hub signs or seals for a client, and what the client signs itself, is good in its own place
// and in no other.
func TestNothingPassesForAnother(t *testing.T) {
	w := newNetwork(t)
	w.change(app, func(p *trust.Partner) {
		p.OIDC.JWKS = w.clients["jwt"].OIDC.JWKS
		p.OIDC.Request.Modes = append(slices.Clone(p.OIDC.Request.Modes), trust.ModeFragment)
	})
	b := w.browser()
	set := w.tokens(w.redeem(app, b.code(app, "scope", everything)))
	byJWT := w.tokens(w.redeem(app, w.grantFor(b, everything, recordsURI)))
	c, err := w.p.partner(app)
	must(t, err)
	logout, err := w.p.logoutToken(w.clients[app], nurse, "sid")
	must(t, err)
	answer, err := w.p.signAnswer(c, url.Values{"code": {"x"}, "iss": {issuer}})
	must(t, err)
	told, err := w.p.sign(keyring.ES256, typJWT, map[string]any{"iss": issuer, "aud": app, "sub": nurse})
	must(t, err)
	looked, err := w.p.sign(keyring.ES256, typIntrospection, signedIntrospection{issuer, app, w.clock().Unix(), map[string]any{"active": true}})
	must(t, err)
	userCode, err := w.p.sealer.seal(sealUserCode, "BCDFGHJK")
	must(t, err)
	things := map[string]string{
		"code": b.code(app, "scope", everything), "access": set.Access, "access JWT": byJWT.Access, "refresh": set.Refresh, "ID": set.ID, "logout": logout, "answer": answer,
		"userinfo": told, "introspection": looked, "user code": userCode, "nonce": w.p.nonces.now(),
		"request URI": strings.TrimPrefix(w.uri(w.pushes(app)), pushedPrefix), "assertion": w.assertion(app, nil), "proof": w.prover().proof("GET", userinfoPath, "", nil),
		"object": w.object(app, func(claims map[string]any, _ *jose.SignerOptions) { claims["jti"], claims["sub"] = "j", app }),
	}
	ok := func(got reply) bool { return got.status == http.StatusOK }
	for _, place := range []struct {
		name string
		take func(x string) bool
		good []string
	}{
		{"introspection", func(x string) bool { return w.active(app, x) }, []string{"access", "access JWT", "refresh"}},
		{"userinfo", func(x string) bool { return ok(w.userinfo(x)) }, []string{"access"}},
		{"exchange", func(x string) bool { return ok(w.swap(app, x, "audience", pathology)) }, []string{"access", "access JWT"}},
		{"exchange of a JWT", func(x string) bool {
			return ok(w.swap(app, x, "audience", pathology, "subject_token_type", typeJWT))
		}, []string{"access JWT"}},
		{"exchange of an ID token", func(x string) bool {
			return ok(w.swap(app, x, "audience", pathology, "subject_token_type", typeIDToken))
		}, []string{"ID"}},
		{"hint", func(x string) bool { return b.authorize(app, "id_token_hint", x).query("code") != "" }, []string{"ID"}},
		{"assertion", func(x string) bool {
			_, err := w.p.checkAssertion(t.Context(), c, x)
			return err == nil
		}, []string{"assertion"}},
		{"refresh token", func(x string) bool { return ok(w.refresh(app, x)) }, []string{"refresh"}},
		{"code", func(x string) bool { return ok(w.redeem(app, x)) }, []string{"code"}},
	} {
		for name, x := range things {
			if got := place.take(x); got != slices.Contains(place.good, name) {
				t.Errorf("%s as %s: %t", name, place.name, got)
			}
		}
	}
}
