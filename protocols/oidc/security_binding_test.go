package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
)

// claim changes a claim of a proof, or takes it out.
func claim(name string, value any) func(map[string]any, *jose.SignerOptions) {
	return func(claims map[string]any, _ *jose.SignerOptions) {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
}

// sealed signs a payload under a header as it is written, with ES256.
func (p prover) sealed(header, payload string) string {
	p.w.t.Helper()
	input := b64.EncodeToString([]byte(header)) + "." + payload
	sum := sha256.Sum256([]byte(input))
	key, _ := p.key.(*ecdsa.PrivateKey)
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	must(p.w.t, err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + b64.EncodeToString(signature)
}

// badProofs are proofs that no request takes, by the code they are recorded with.
func (p prover) badProofs(method, path, access string) map[string][]string {
	p.w.t.Helper()
	now := p.w.clock()
	made := func(how func(map[string]any, *jose.SignerOptions)) string { return p.proof(method, path, access, how) }
	parts := strings.Split(made(nil), ".")
	good := strings.Join(parts, ".")
	private, err := json.Marshal(jose.JSONWebKey{Key: p.key})
	must(p.w.t, err)
	public, err := json.Marshal(jose.JSONWebKey{Key: p.key.Public()})
	must(p.w.t, err)
	headed := func(members string) string { return p.sealed(`{`+members+`}`, parts[1]) }
	typed := func(members string) string { return headed(`"typ":"dpop+jwt",` + members) }
	return map[string][]string{
		"dpop_malformed": {"", "x", "a.b", "e30.e30.e30.e30", good + ", " + good, strings.Repeat("a", 9000), parts[0] + "." + parts[1]},
		"dpop_typ":       {headed(`"typ":"JWT","alg":"ES256","jwk":` + string(public)), headed(`"alg":"ES256","jwk":` + string(public))},
		"dpop_alg":       {typed(`"alg":"none","jwk":` + string(public)), typed(`"alg":"HS256","jwk":` + string(public)), typed(`"jwk":` + string(public))},
		"dpop_key":       {typed(`"alg":"ES256","jwk":` + string(private)), typed(`"alg":"ES256"`), typed(`"alg":"ES256","jwk":{"kty":"oct","k":"c2VjcmV0"}`)},
		"dpop_signature": {
			parts[0] + "." + parts[1] + "." + b64.EncodeToString(make([]byte, 64)), parts[0] + "." + b64.EncodeToString([]byte(`{"jti":"x"}`)) + "." + parts[2],
		},
		"dpop_jti": {made(claim("jti", nil)), made(claim("jti", "")), made(claim("jti", strings.Repeat("j", 257))), made(claim("jti", 7))},
		"dpop_htm": {made(claim("htm", nil)), made(claim("htm", "PUT")), made(claim("htm", strings.ToLower(method)))},
		"dpop_htu": {
			made(claim("htu", nil)), made(claim("htu", issuer)), made(claim("htu", issuer+path+"/")), made(claim("htu", "http://sso.rx1.example"+path)), made(claim("htu", path)),
			made(claim("htu", "https://sso.rx1.example:444"+path)), made(claim("htu", "https://evil.example"+path)), made(claim("htu", issuer+revokePath)),
		},
		"dpop_iat": {
			made(claim("iat", nil)), made(claim("iat", "now")), made(claim("iat", now.Add(10*time.Minute).Unix())), made(claim("iat", now.Add(-10*time.Minute).Unix())),
			made(claim("iat", now.Add(61*time.Second).Unix())),
		},
	}
}

// proofRows are about proofs of possession.
func proofRows(t *testing.T) {
	t.Run("184", func(t *testing.T) {
		w := newWorld(t)
		tokenProofs(t, w, w.prover())
		resourceProofs(t, w, w.prover())
		fapiProofs(t, w)
	})
}

// tokenProofs are those of the token endpoint. A bad one does not touch the code.
func tokenProofs(t *testing.T, w *world, key prover) {
	code := w.browser().code("bound")
	after := w.lastSeq()
	for reason, proofs := range key.badProofs("POST", tokenPath, "") {
		for _, proof := range proofs {
			w.denied(t, reason+" "+proof, w.prove(tokenPath, "bound", codeForm(code), proof), after, 400, "invalid_dpop_proof", reason)
		}
	}
	good := func() string { return key.proof("POST", tokenPath, "", nil) }
	w.denied(t, "none", w.redeem("bound", code), after, 400, "invalid_dpop_proof", "dpop_missing")
	w.denied(t, "two headers", w.prove(tokenPath, "bound", codeForm(code), good(), good()), after, 400, "invalid_dpop_proof", "dpop_twice")
	for _, how := range []func(map[string]any, *jose.SignerOptions){
		claim("iat", w.clock().Add(10*time.Second).Unix()), claim("iat", w.clock().Add(-10*time.Second).Unix()),
		claim("htu", "https://SSO.rx1.example:443"+tokenPath+"?x=y#z"),
	} {
		proof := key.proof("POST", tokenPath, "", how)
		w.tokens(w.prove(tokenPath, "bound", codeForm(code), proof))
		code = w.browser().code("bound")
		after = w.lastSeq()
		w.denied(t, "replayed", w.prove(tokenPath, "bound", codeForm(code), proof), after, 400, "invalid_dpop_proof", "dpop_replayed")
	}
	w.tokens(w.prove(tokenPath, "bound", codeForm(code), good()))
}

// resourceProofs are those that come with an access token.
func resourceProofs(t *testing.T, w *world, key prover) {
	set := key.tokens("bound")
	after := w.lastSeq()
	refused := func(what string, got reply, code, reason string) {
		t.Helper()
		w.denied(t, what, got, after, 401, code, reason)
		challenges := got.header.Values("WWW-Authenticate")
		if len(challenges) != 2 || !strings.HasPrefix(challenges[0], "DPoP ") || !strings.Contains(challenges[0], `error="`+code+`"`) || !strings.Contains(challenges[0], `algs="`) {
			t.Errorf("%s: challenges %q", what, challenges)
		}
	}
	for reason, proofs := range key.badProofs("GET", userinfoPath, set.Access) {
		for _, proof := range proofs {
			refused(reason+" "+proof, w.show("DPoP", set.Access, proof), "invalid_dpop_proof", reason)
		}
	}
	good := func() string { return key.proof("GET", userinfoPath, set.Access, nil) }
	refused("no ath", w.show("DPoP", set.Access, key.proof("GET", userinfoPath, "", nil)), "invalid_dpop_proof", "dpop_ath")
	refused("other ath", w.show("DPoP", set.Access, key.proof("GET", userinfoPath, "other", nil)), "invalid_dpop_proof", "dpop_ath")
	refused("no proof", w.show("DPoP", set.Access), "invalid_dpop_proof", "dpop_missing")
	refused("two headers", w.show("DPoP", set.Access, good(), good()), "invalid_dpop_proof", "dpop_twice")
	refused("other key", w.show("DPoP", set.Access, w.prover().proof("GET", userinfoPath, set.Access, nil)), "invalid_token", "token_holder")
	proof := good()
	if got := w.show("DPoP", set.Access, proof); got.status != http.StatusOK {
		t.Errorf("good proof: %d %s", got.status, got.body)
	}
	refused("replayed", w.show("DPoP", set.Access, proof), "invalid_dpop_proof", "dpop_replayed")
}

// fapiProofs: in the profile fapi2 a proof is signed with PS256, ES256 or EdDSA (FAPI 2.0 Security Profile, section 5.4.1).
func fapiProofs(t *testing.T, w *world) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	code := w.codeOf("fapi")
	for alg, good := range map[jose.SignatureAlgorithm]bool{jose.RS256: false, jose.PS384: false, jose.PS256: true} {
		key := prover{w, crypto.Signer(rsaKey), alg}
		if got := key.redeem("fapi", code); !good {
			w.denied(t, string(alg), got, w.lastSeq(), 400, "invalid_dpop_proof", "dpop_alg")
		} else {
			w.tokens(got)
			code = w.codeOf("fapi")
		}
	}
}

// bindingRows: a token opens nothing for anyone but its holder.
func bindingRows(t *testing.T) {
	t.Run("182", certificateClients)
	t.Run("183/certificates", certificateTokens)
	t.Run("183", func(t *testing.T) {
		w := newWorld(t)
		key := w.prover()
		bound := key.tokens("bound").Access
		bearer := w.tokens(w.redeem("basic", w.browser().code("basic"))).Access
		after := w.lastSeq()
		got := w.show("Bearer", bound)
		w.denied(t, "bound as bearer", got, after, 401, "invalid_token", "token_scheme")
		if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") || !strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("challenges %q", got.header.Values("WWW-Authenticate"))
		}
		w.denied(t, "bound as bearer, with a proof", w.show("Bearer", bound, key.proof("GET", userinfoPath, bound, nil)), after, 401, "invalid_token", "token_scheme")
		w.denied(t, "bound in the body", w.form(userinfoPath, map[string][]string{"access_token": {bound}}), after, 401, "invalid_token", "token_scheme")
		w.denied(t, "bearer as bound", w.show("DPoP", bearer, key.proof("GET", userinfoPath, bearer, nil)), after, 401, "invalid_token", "token_scheme")
		var said struct {
			Active       bool
			Type         string       `json:"token_type"`
			Confirmation confirmation `json:"cnf"`
		}
		must(t, json.Unmarshal([]byte(w.call(introspectPath, "bound", map[string][]string{"token": {bound}}).body), &said))
		if !said.Active || said.Type != "DPoP" || said.Confirmation.Thumbprint != key.jkt() {
			t.Errorf("introspection %+v", said)
		}
		w.change("bound", func(p *trust.Partner) { p.Stage = trust.SuspendedAt })
		if got := w.show("DPoP", bound, key.proof("GET", userinfoPath, bound, nil)); got.status != http.StatusUnauthorized {
			t.Errorf("a suspended client: %d", got.status)
		}
	})
}
