package oidc

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
)

// fapiForm is a form of the client fapi with its assertion, changed by how.
func (w *world) fapiForm(form url.Values, how func(map[string]any, *jose.SignerOptions)) url.Values {
	w.t.Helper()
	return with(form, "client_assertion_type", assertionType, "client_assertion", w.assertion("fapi", how))
}

// TestFAPI2 goes through FAPI 2.0 Security Profile (Final), section 5.3.2 and 5.4, item by item.
func TestFAPI2(t *testing.T) {
	for clause, keeps := range map[string]func(t *testing.T, w *world){
		"5.3.2.1, items 4 and 5: every token is bound to its sender":            fapiBound,
		"5.3.2.1, item 6: private_key_jwt or mutual TLS":                        fapiMethods,
		"5.3.2.1, item 8: the aud of an assertion is the issuer as a string":    fapiAudience,
		"5.3.2.1, item 9: refresh tokens are not rotated":                       fapiRefresh,
		"5.3.2.1, item 11: a code lives 60 seconds":                             fapiCodeLife,
		"5.3.2.1, item 12: a code can be bound to a key":                        fapiCodeKey,
		"5.3.2.1, item 13: clocks may differ by 10 seconds, not by a minute":    fapiClocks,
		"5.3.2.2, items 1, 5 and 6: code, PKCE with S256, redirect_uri":         fapiPushed,
		"5.3.2.2, items 2, 3 and 4: pushed by an authenticated client":          fapiPushing,
		"5.3.2.2, items 7, 10 and 11: iss is in the answer, which is a 303":     fapiAnswer,
		"5.3.2.2, item 9: a code is used once":                                  fapiOnce,
		"5.4.1: PS256, ES256 and EdDSA":                                         fapiAlgorithms,
		"Message Signing, 5.3.1: request objects say for whom and for how long": fapiObjects,
		"Message Signing, 5.4.1: answers by JWT":                                fapiAnswers,
	} {
		t.Run(clause, func(t *testing.T) { keeps(t, newWorld(t)) })
	}
}

func fapiBound(t *testing.T, w *world) {
	code, after := w.codeOf("fapi"), w.lastSeq()
	w.denied(t, "code", w.redeem("fapi", code), after, 400, "invalid_dpop_proof", "dpop_missing")
	set := w.tokens(w.prover().redeem("fapi", code)) // the code is as good as new
	after = w.lastSeq()
	w.denied(t, "refresh", w.refresh("fapi", set.Refresh), after, 400, "invalid_dpop_proof", "dpop_missing")
}

func fapiMethods(t *testing.T, w *world) {
	after := w.lastSeq()
	for name, form := range map[string]url.Values{"none": {"client_id": {"fapi"}}, "a secret": {"client_id": {"fapi"}, "client_secret": {secret}}} {
		w.denied(t, name, w.form(tokenPath, with(codeForm("x"), "client_id", "fapi", "client_secret", form.Get("client_secret"))), after, 401, "invalid_client", "auth_method")
	}
}

func fapiAudience(t *testing.T, w *world) {
	for _, aud := range []any{
		[]string{issuer}, issuer + tokenPath, issuer + pushPath, []string{issuer, issuer + tokenPath}, []string{issuer, "https://other.example"}, "https://sso.rx1.example:443", issuer + "/", "https://other.example",
	} {
		after := w.lastSeq()
		w.denied(t, "token endpoint", w.form(tokenPath, w.fapiForm(codeForm("x"), set("aud", aud))), after, 401, "invalid_client", "assertion_aud")
		w.denied(t, "pushing", w.form(pushPath, w.fapiForm(request("fapi"), set("aud", aud))), after, 401, "invalid_client", "assertion_aud")
	}
}

func fapiRefresh(t *testing.T, w *world) {
	key := w.prover()
	first := key.tokens("fapi")
	for range 3 {
		again := w.tokens(w.prove(tokenPath, "fapi", w.refreshForm(first.Refresh), key.proof("POST", tokenPath, "", nil)))
		if again.Refresh != "" || again.Type != "DPoP" || again.Access == first.Access {
			t.Errorf("%+v", again)
		}
	}
}

func fapiCodeLife(t *testing.T, w *world) {
	w.p.life.Code = 10 * time.Minute // as far as other clients go
	code, other := w.codeOf("fapi"), w.codeOf("basic")
	w.advance(60 * time.Second)
	after := w.lastSeq()
	w.denied(t, "after a minute", w.prover().redeem("fapi", code), after, 400, "invalid_grant", "code_expired")
	w.tokens(w.redeem("basic", other))
}

func fapiCodeKey(t *testing.T, w *world) {
	key := w.prover()
	got := w.prove(pushPath, "fapi", request("fapi"), key.proof("POST", pushPath, "", nil))
	code := w.browser().bring("fapi", w.uri(got)).query("code")
	after := w.lastSeq()
	w.denied(t, "another key", w.prover().redeem("fapi", code), after, 400, "invalid_grant", "code_key")
}

func fapiClocks(t *testing.T, w *world) {
	at := func(d time.Duration) int64 { return w.clock().Add(d).Unix() }
	key := w.prover()
	for _, ahead := range []time.Duration{8 * time.Second, 10 * time.Second} {
		form := w.fapiForm(codeForm(w.codeOf("fapi")), func(claims map[string]any, _ *jose.SignerOptions) {
			claims["iat"], claims["nbf"] = at(ahead), at(ahead)
		})
		r := w.prepare(tokenPath, "basic", form)
		r.Header.Del("Authorization")
		r.Header.Set("DPoP", key.proof("POST", tokenPath, "", claim("iat", at(ahead))))
		w.tokens(w.send(r))
	}
	after := w.lastSeq()
	for _, name := range []string{"iat", "nbf"} {
		w.denied(t, name, w.form(tokenPath, w.fapiForm(codeForm("x"), set(name, at(61*time.Second)))), after, 401, "invalid_client", "assertion_"+name)
	}
	w.denied(t, "proof", w.prove(tokenPath, "fapi", codeForm("x"), key.proof("POST", tokenPath, "", claim("iat", at(61*time.Second)))), after, 400, "invalid_dpop_proof", "dpop_iat")
}

func fapiPushed(t *testing.T, w *world) {
	for _, c := range []struct{ name, value, code string }{
		{"response_type", "code id_token", "unsupported_response_type"}, {"response_type", "token", "unsupported_response_type"}, {"response_type", "", "invalid_request"},
		{"code_challenge", "", "invalid_request"}, {"code_challenge_method", "plain", "invalid_request"}, {"redirect_uri", "", "invalid_request"},
		{"redirect_uri", "http://epr.example/cb", "invalid_request"}, {"request_uri", "urn:ietf:params:oauth:request_uri:x", "invalid_request"},
	} {
		if got := w.pushes("fapi", c.name, c.value); got.status != http.StatusBadRequest || !strings.Contains(got.body, `"error":"`+c.code+`"`) {
			t.Errorf("%s %q: %d %s", c.name, c.value, got.status, got.body)
		}
	}
}

func fapiPushing(t *testing.T, w *world) {
	if got := w.browser().authorize("fapi"); got.query("code") != "" || got.query("error") != "invalid_request" || w.reason() != "par_required" {
		t.Errorf("not pushed: %v", got.to)
	}
	after := w.lastSeq()
	w.denied(t, "pushed by nobody", w.form(pushPath, request("fapi")), after, 401, "invalid_client", "auth_method")
	if uri := w.uri(w.pushes("fapi")); w.browser().bring("jwt", uri).query("code") != "" {
		t.Error("another client used the request URI")
	}
}

func fapiAnswer(t *testing.T, w *world) {
	got := w.browser().bring("fapi", w.uri(w.pushes("fapi")))
	if got.status != http.StatusSeeOther || got.query("iss") != issuer || got.query("code") == "" || got.query("state") != "st&1" {
		t.Errorf("%d %v", got.status, got.to)
	}
}

func fapiOnce(t *testing.T, w *world) {
	key, code := w.prover(), w.codeOf("fapi")
	access := w.tokens(key.redeem("fapi", code)).Access
	after := w.lastSeq()
	w.denied(t, "again", key.redeem("fapi", code), after, 400, "invalid_grant", "grant_spent")
	if got := w.show("DPoP", access, key.proof("GET", userinfoPath, access, nil)); got.status != http.StatusUnauthorized {
		t.Errorf("the token of a code that was used twice: %d", got.status)
	}
}

func fapiAlgorithms(t *testing.T, w *world) {
	for alg, good := range map[jose.SignatureAlgorithm]bool{jose.RS256: false, jose.RS512: false, jose.PS384: false, jose.PS256: true} {
		claims := map[string]any{"iss": "fapi", "sub": "fapi", "aud": issuer, "jti": w.hub.NewID(), "exp": w.clock().Add(time.Minute).Unix()}
		assertion := w.signAs(alg, w.signer, claims, (&jose.SignerOptions{}).WithHeader("kid", "c1"))
		form := with(request("fapi"), "client_assertion_type", assertionType, "client_assertion", assertion)
		if got := w.form(pushPath, form); (got.status == http.StatusCreated) != good || !good && w.reason() != "assertion_alg" {
			t.Errorf("assertion %s: %d %s", alg, got.status, got.body)
		}
		object := w.object("fapi", nil)
		if good {
			continue // objects are another test's
		}
		if got := w.call(pushPath, "fapi", url.Values{"request": {object}}); got.status != http.StatusBadRequest || w.reason() != codeBadObject {
			t.Errorf("request object RS256: %d %s", got.status, got.body)
		}
	}
	claims, header := w.verified(w.prover().tokens("fapi").ID)
	if header.Algorithm != "ES256" && header.Algorithm != "PS256" {
		t.Errorf("ID token signed with %s, %v", header.Algorithm, claims)
	}
}

func fapiObjects(t *testing.T, w *world) {
	w.change("fapi", func(p *trust.Partner) { p.OIDC.Request.Signed = true })
	now := w.clock().Unix()
	push := func(how ...any) reply {
		claims := map[string]any{"iss": "fapi", "aud": issuer, "nbf": now, "exp": now + 300}
		for name := range request("fapi") {
			claims[name] = request("fapi").Get(name)
		}
		claiming(how...)(claims, nil)
		object := w.signAs(jose.PS256, w.signer, claims, (&jose.SignerOptions{}).WithType(typRequest).WithHeader("kid", "c1"))
		return w.call(pushPath, "fapi", url.Values{"request": {object}, "state": {"outside"}})
	}
	for name, c := range map[string]struct {
		how  []any
		good bool
	}{
		"good": {nil, true}, "nbf 8 s ahead": {[]any{"nbf", now + 8}, true}, "two audiences": {[]any{"aud", []string{"https://other.example", issuer}}, true},
		"no exp": {[]any{"exp", nil}, false}, "no nbf": {[]any{"nbf", nil}, false}, "no aud": {[]any{"aud", nil}, false}, "other aud": {[]any{"aud", "https://other.example"}, false},
		"expired": {[]any{"exp", now - 61}, false}, "lives over an hour": {[]any{"exp", now + 3601}, false}, "nbf 61 s ahead": {[]any{"nbf", now + 61}, false}, "nbf an hour ago": {[]any{"nbf", now - 3601}, false},
	} {
		got := push(c.how...)
		if !c.good {
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, codeBadObject) {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
			continue
		}
		if answer := w.browser().bring("fapi", w.uri(got)); answer.query("code") == "" || answer.query("state") != "st&1" {
			t.Errorf("%s: %v", name, answer.to)
		}
	}
	if got := w.pushes("fapi"); got.status != http.StatusBadRequest || w.reason() != "request_object_required" {
		t.Errorf("unsigned: %d %s", got.status, got.body)
	}
}

func fapiAnswers(t *testing.T, w *world) {
	w.change("fapi", func(p *trust.Partner) { p.OIDC.Request.Modes = []string{trust.ModeJWT} })
	got := w.browser().bring("fapi", w.uri(w.pushes("fapi")))
	claims, header := w.verified(got.query("response"))
	if claims["iss"] != issuer || claims["aud"] != "fapi" || claims["code"] == nil || claims["state"] != "st&1" || header.Algorithm != "ES256" || got.query("code") != "" {
		t.Errorf("%s %v", header.Algorithm, claims)
	}
}
