package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/trust"
)

// prover is a client's key for DPoP proofs.
type prover struct {
	w   *world
	key crypto.Signer
	alg jose.SignatureAlgorithm
}

func (w *world) prover() prover {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(w.t, err)
	return prover{w, key, jose.ES256}
}

func (p prover) jkt() string {
	p.w.t.Helper()
	sum, err := (&jose.JSONWebKey{Key: p.key.Public()}).Thumbprint(crypto.SHA256)
	must(p.w.t, err)
	return b64.EncodeToString(sum)
}

// proof signs a good proof, changed by how; access is the token it comes with, if any.
func (p prover) proof(method, path, access string, how func(claims map[string]any, o *jose.SignerOptions)) string {
	p.w.t.Helper()
	claims := map[string]any{"jti": p.w.hub.NewID(), "htm": method, "htu": issuer + path, "iat": p.w.clock().Unix()}
	if access != "" {
		sum := sha256.Sum256([]byte(access))
		claims["ath"] = b64.EncodeToString(sum[:])
	}
	o := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	if how != nil {
		how(claims, o)
	}
	return p.w.signAs(p.alg, p.key, claims, o)
}

// prove calls a back-channel endpoint as a client, with proofs in the header DPoP.
func (w *world) prove(path, client string, form url.Values, proofs ...string) reply {
	w.t.Helper()
	r := w.prepare(path, client, form)
	for _, proof := range proofs {
		r.Header.Add("DPoP", proof)
	}
	return w.send(r)
}

// redeem exchanges a code with a good proof.
func (p prover) redeem(client, code string) reply {
	p.w.t.Helper()
	return p.w.prove(tokenPath, client, codeForm(code), p.proof("POST", tokenPath, "", nil))
}

// tokens signs on and exchanges the code.
func (p prover) tokens(client string) tokenSet {
	p.w.t.Helper()
	return p.w.tokens(p.redeem(client, p.w.codeOf(client)))
}

// codeOf signs on in the way the client has to.
func (w *world) codeOf(client string, pairs ...string) string {
	w.t.Helper()
	if c, _ := w.Partner(trust.OIDC, client); c.OIDC.Request.Pushed {
		return w.browser().bring(client, w.uri(w.pushes(client, pairs...))).query("code")
	}
	return w.browser().code(client, pairs...)
}

// show asks for userinfo with an access token in a scheme, and proofs.
func (w *world) show(scheme, access string, proofs ...string) reply {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, issuer+userinfoPath, nil)
	r.Header.Set("Authorization", scheme+" "+access)
	for _, proof := range proofs {
		r.Header.Add("DPoP", proof)
	}
	return w.send(r)
}

func (w *world) refreshForm(token string) url.Values {
	return url.Values{"grant_type": {trust.GrantRefresh}, "refresh_token": {token}}
}

// TestProofs: a client that sends proofs gets bound tokens, and keeps using them with its key.
func TestProofs(t *testing.T) {
	for _, client := range []string{"basic", "post", "jwt", "public", "bound", "fapi"} {
		t.Run(client, func(t *testing.T) {
			w := newWorld(t)
			key := w.prover()
			set := key.tokens(client)
			if set.Type != "DPoP" || set.Refresh == "" {
				t.Fatalf("token response %+v", set)
			}
			if got := w.show("dpop", set.Access, key.proof("GET", userinfoPath, set.Access, nil)); got.status != http.StatusOK {
				t.Errorf("userinfo: %d %s", got.status, got.body)
			}
			other := w.prover()
			got := w.prove(tokenPath, client, w.refreshForm(set.Refresh), other.proof("POST", tokenPath, "", nil))
			if public := client == "public"; public == (got.status == http.StatusOK) {
				t.Errorf("refresh with another key: %d %s", got.status, got.body)
			}
		})
	}
}

// TestRefreshOfBoundClients: the refresh token of a client whose tokens must be bound stays good; that of a public one needs its key.
func TestRefreshOfBoundClients(t *testing.T) {
	w := newWorld(t)
	key := w.prover()
	refresh := func(client, token string) reply {
		return w.prove(tokenPath, client, w.refreshForm(token), key.proof("POST", tokenPath, "", nil))
	}
	for _, client := range []string{"bound", "fapi"} {
		first := key.tokens(client)
		for range 3 {
			again := w.tokens(refresh(client, first.Refresh))
			if again.Refresh != "" || again.Type != "DPoP" {
				t.Errorf("%s: %+v", client, again)
			}
		}
	}
	w.change("public", func(p *trust.Partner) { p.OIDC.Bind = trust.BindDPoP })
	first := key.tokens("public")
	for range 2 {
		if again := w.tokens(refresh("public", first.Refresh)); again.Refresh != "" {
			t.Error("the bound refresh token of a public client rotates")
		}
	}
}

// TestBoundLater: refresh tokens from before a client had to bind its tokens are not good again, and get bound when they are used.
func TestBoundLater(t *testing.T) {
	w := newWorld(t)
	key, thief := w.prover(), w.prover()
	used := w.tokens(w.redeem("public", w.browser().code("public"))).Refresh
	last := w.tokens(w.refresh("public", used)).Refresh
	w.change("public", func(p *trust.Partner) { p.OIDC.Bind = trust.BindDPoP })
	try := func(p prover, token string) reply {
		return w.prove(tokenPath, "public", w.refreshForm(token), p.proof("POST", tokenPath, "", nil))
	}
	bound := w.tokens(try(key, last))
	if bound.Refresh == "" {
		t.Fatal("a refresh token without a key stayed so")
	}
	w.tokens(try(key, bound.Refresh))
	if got := try(thief, bound.Refresh); got.status != http.StatusBadRequest || w.reason() != "refresh_key" {
		t.Errorf("used with another key: %d %s", got.status, got.body)
	}
	basic := w.tokens(w.redeem("basic", w.browser().code("basic"))).Refresh
	w.tokens(w.refresh("basic", basic))
	w.advance(refreshGrace)
	w.change("basic", func(p *trust.Partner) { p.OIDC.Bind = trust.BindDPoP })
	if got := w.prove(tokenPath, "basic", w.refreshForm(basic), key.proof("POST", tokenPath, "", nil)); got.status != http.StatusBadRequest || w.reason() != "grant_spent" {
		t.Errorf("a refresh token that had rotated: %d %s", got.status, got.body)
	}
}

// TestCodeBoundToKey: dpop_jkt, at the authorization endpoint or pushed, and the proof of a push, bind the code.
func TestCodeBoundToKey(t *testing.T) {
	w := newWorld(t)
	key, other := w.prover(), w.prover()
	push := func(pairs ...string) string {
		got := w.prove(pushPath, "basic", request("basic", pairs...), key.proof("POST", pushPath, "", nil))
		return w.browser().bring("basic", w.uri(got)).query("code")
	}
	for name, code := range map[string]func() string{
		"parameter":       func() string { return w.browser().code("basic", "dpop_jkt", key.jkt()) },
		"proof of a push": func() string { return push() },
		"both":            func() string { return push("dpop_jkt", key.jkt()) },
	} {
		w.tokens(key.redeem("basic", code()))
		first, second := code(), code()
		after := w.lastSeq()
		w.denied(t, name+", other key", other.redeem("basic", first), after, 400, "invalid_grant", "code_key")
		w.denied(t, name+", no key", w.redeem("basic", second), after, 400, "invalid_grant", "code_key")
	}
	after := w.lastSeq()
	got := w.prove(pushPath, "basic", request("basic", "dpop_jkt", other.jkt()), key.proof("POST", pushPath, "", nil))
	w.denied(t, "two keys", got, after, 400, "invalid_dpop_proof", "dpop_jkt")
	for _, bad := range []string{"x", key.jkt() + "A", strings.Repeat("=", 43), key.jkt()[1:], strings.Repeat("A", 42), strings.Repeat("A", 64)} {
		w.back(t, bad, w.browser().authorize("basic", "dpop_jkt", bad), after, "invalid_request", "bad_jkt")
	}
	proof := key.proof("POST", pushPath, "", nil)
	w.uri(w.prove(pushPath, "basic", request("basic"), proof))
	w.denied(t, "proof used twice", w.prove(pushPath, "basic", request("basic"), proof), after, 400, "invalid_dpop_proof", "dpop_replayed")
}

// TestNonces: a nonce is handed out, accepted for two windows by every node, and asked for anew after that.
func TestNonces(t *testing.T) {
	w := newWorld(t)
	w.change("bound", func(p *trust.Partner) { p.OIDC.Nonce = true })
	key := w.prover()
	nonce := ""
	withNonce := func(claims map[string]any, _ *jose.SignerOptions) {
		if nonce != "" {
			claims["nonce"] = nonce
		}
	}
	code := w.browser().code("bound")
	redeem := func() reply {
		return w.prove(tokenPath, "bound", codeForm(code), key.proof("POST", tokenPath, "", withNonce))
	}
	after := w.lastSeq()
	got := w.redeem("bound", code)
	if w.denied(t, "no proof", got, after, 400, "invalid_dpop_proof", "dpop_missing"); got.header.Get("DPoP-Nonce") == "" {
		t.Error("no nonce for the proof that is to come")
	}
	got = redeem()
	w.denied(t, "no nonce", got, after, 400, "use_dpop_nonce", "use_dpop_nonce")
	if nonce = got.header.Get("DPoP-Nonce"); nonce == "" {
		t.Fatal("no nonce was handed out")
	}
	got = redeem()
	set := w.tokens(got)
	if got.header.Get("DPoP-Nonce") != nonce {
		t.Error("an answer without the nonce for the next request")
	}
	show := func() reply { return w.show("DPoP", set.Access, key.proof("GET", userinfoPath, set.Access, withNonce)) }
	if got := show(); got.status != http.StatusOK || got.header.Get("DPoP-Nonce") == "" || !strings.Contains(got.header.Get("Access-Control-Expose-Headers"), "DPoP-Nonce") {
		t.Errorf("userinfo: %d %v", got.status, got.header)
	}
	w.advance(nonceWindow)
	got = show()
	if got.status != http.StatusOK || got.header.Get("DPoP-Nonce") == nonce {
		t.Errorf("one window later: %d %s, nonce %q", got.status, got.body, got.header.Get("DPoP-Nonce"))
	}
	set = w.tokens(w.prove(tokenPath, "bound", w.refreshForm(set.Refresh), key.proof("POST", tokenPath, "", withNonce)))
	w.advance(nonceWindow)
	got = show()
	challenge := got.header.Get("WWW-Authenticate")
	if got.status != http.StatusUnauthorized || !strings.HasPrefix(challenge, "DPoP ") || !strings.Contains(challenge, `error="use_dpop_nonce"`) || !strings.Contains(challenge, "algs=") {
		t.Errorf("two windows later: %d %v", got.status, got.header)
	}
	if nonce = got.header.Get("DPoP-Nonce"); show().status != http.StatusOK {
		t.Error("the fresh nonce is refused")
	}
	again, err := New(Options{Kit: w.kit, Hub: w.hub, Keys: w.p.keys})
	must(t, err)
	if !again.nonces.good(w.p.nonces.now()) {
		t.Error("another node does not know the nonce")
	}
	if got := w.show("Bearer", "nonsense"); got.header.Get("DPoP-Nonce") != "" {
		t.Error("a stranger got a nonce")
	}
}

// TestBoundTokensNeedTheirKey: whatever a request shows, a token bound to a key opens nothing without a fresh proof of that key, and
// a bearer token passes for nothing else.
func TestBoundTokensNeedTheirKey(t *testing.T) {
	w := newWorld(t)
	key, other := w.prover(), w.prover()
	bound := key.tokens("bound").Access
	bearer := w.tokens(w.redeem("basic", w.browser().code("basic"))).Access
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		access := rapid.SampledFrom([]string{bound, bound, bearer}).Draw(t, "access")
		scheme := rapid.SampledFrom([]string{"DPoP", "dpop", "Bearer", "BEARER", "Basic", "DPoP Bearer"}).Draw(t, "scheme")
		var proofs []string
		good := 0
		for range rapid.IntRange(0, 2).Draw(t, "proofs") {
			signer := rapid.SampledFrom([]prover{key, key, other}).Draw(t, "signer")
			ath := rapid.SampledFrom([]string{bound, bound, bearer, ""}).Draw(t, "ath")
			method := rapid.SampledFrom([]string{"GET", "GET", "POST"}).Draw(t, "method")
			path := rapid.SampledFrom([]string{userinfoPath, userinfoPath, tokenPath}).Draw(t, "path")
			age := rapid.SampledFrom([]time.Duration{0, 0, 10 * time.Second, -10 * time.Second, time.Hour, -time.Hour}).Draw(t, "age")
			proofs = append(proofs, signer.proof(method, path, ath, func(claims map[string]any, _ *jose.SignerOptions) {
				claims["iat"] = w.clock().Add(-age).Unix()
			}))
			if signer == key && ath == bound && method == "GET" && path == userinfoPath && age.Abs() < time.Minute {
				good++
			}
		}
		want := strings.EqualFold(scheme, "Bearer") && access == bearer ||
			strings.EqualFold(scheme, "DPoP") && access == bound && len(proofs) == 1 && good == 1
		got := w.show(scheme, access, proofs...)
		if (got.status == http.StatusOK) != want {
			t.Fatalf("%d %s, want accepted: %v", got.status, got.body, want)
		}
		if want {
			accepted++
			if len(proofs) == 1 && access == bound {
				if got := w.show(scheme, access, proofs...); got.status != http.StatusUnauthorized {
					t.Fatalf("the same proof again: %d", got.status)
				}
			}
		}
	})
	if accepted == 0 {
		t.Error("nothing was ever accepted")
	}
}

// BenchmarkProof is the check of one DPoP proof, beside what it cannot do without: one ES256 signature verified.
func BenchmarkProof(b *testing.B) {
	w := newWorld(b)
	key := w.prover()
	c, err := w.p.partner("bound")
	must(b, err)
	proof := key.proof(http.MethodPost, tokenPath, "", nil)
	r := httptest.NewRequest(http.MethodPost, issuer+tokenPath, nil)
	r.Header.Set("DPoP", proof)
	b.Run("proof", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := w.p.proveKey(httptest.NewRecorder(), r, c, tokenPath); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("signature", func(b *testing.B) {
		sum := sha256.Sum256([]byte(proof))
		private, _ := key.key.(*ecdsa.PrivateKey)
		signature, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
		must(b, err)
		for b.Loop() {
			if !ecdsa.VerifyASN1(&private.PublicKey, sum[:], signature) {
				b.Fatal("not verified")
			}
		}
	})
}
