package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// object signs a good request of a client as a request object, changed by how.
func (w *world) object(client string, how func(claims map[string]any, o *gojose.SignerOptions)) string {
	w.t.Helper()
	now := w.clock().Unix()
	claims := map[string]any{"iss": client, "aud": issuer, "nbf": now, "exp": now + 300}
	for name := range request(client) {
		claims[name] = request(client).Get(name)
	}
	o := (&gojose.SignerOptions{}).WithHeader("kid", "c1")
	if how != nil {
		how(claims, o)
	}
	return w.signAs(gojose.RS256, w.signer, claims, o)
}

// claiming changes claims by pairs of name and value; nil removes.
func claiming(pairs ...any) func(map[string]any, *gojose.SignerOptions) {
	return func(claims map[string]any, _ *gojose.SignerOptions) {
		for i := 0; i+1 < len(pairs); i += 2 {
			name, _ := pairs[i].(string)
			if claims[name] = pairs[i+1]; pairs[i+1] == nil {
				delete(claims, name)
			}
		}
	}
}

func typed(how func(map[string]any, *gojose.SignerOptions)) func(map[string]any, *gojose.SignerOptions) {
	return func(claims map[string]any, o *gojose.SignerOptions) {
		o.WithType(typRequest)
		how(claims, o)
	}
}

// TestRequestObject lists request objects with what comes of them: by OpenID Connect Core (lax), and where the terms require them.
func TestRequestObject(t *testing.T) {
	w := newWorld(t)
	now := w.clock().Unix()
	for name, c := range map[string]struct {
		how         func(map[string]any, *gojose.SignerOptions)
		lax, strict string // audit codes
	}{
		"good":                           {nil, "", ""},
		"typ of its own":                 {typed(claiming()), "", ""},
		"typ JWT":                        {func(_ map[string]any, o *gojose.SignerOptions) { o.WithType("JWT") }, "", ""},
		"typ of a logout token":          {func(_ map[string]any, o *gojose.SignerOptions) { o.WithType(typLogout) }, codeBadObject, codeBadObject},
		"unknown kid":                    {func(_ map[string]any, o *gojose.SignerOptions) { o.WithHeader("kid", "c2") }, codeBadObject, codeBadObject},
		"no iss":                         {claiming("iss", nil), "", ""},
		"other iss":                      {claiming("iss", "basic"), codeBadObject, codeBadObject},
		"iss not a string":               {claiming("iss", 1), codeBadObject, codeBadObject},
		"no aud":                         {claiming("aud", nil), "", codeBadObject},
		"other aud":                      {claiming("aud", "https://other.example"), codeBadObject, codeBadObject},
		"aud is the endpoint":            {claiming("aud", issuer+authorizePath), codeBadObject, codeBadObject},
		"one aud of two":                 {claiming("aud", []string{"https://other.example", issuer}), "", ""},
		"aud with its port":              {claiming("aud", issuer+":443"), "", ""},
		"no times":                       {claiming("exp", nil, "nbf", nil), "", codeBadObject},
		"no exp":                         {claiming("exp", nil), "", codeBadObject},
		"no nbf":                         {claiming("nbf", nil), "", codeBadObject},
		"exp not a number":               {claiming("exp", "tomorrow"), codeBadObject, codeBadObject},
		"just expired":                   {claiming("exp", now-29), "", ""},
		"expired":                        {claiming("exp", now-30), codeBadObject, codeBadObject},
		"lives 60 minutes":               {claiming("exp", now+3600), "", ""},
		"lives 61 minutes":               {claiming("exp", now+3660), "", codeBadObject},
		"began 60 minutes ago":           {claiming("nbf", now-3600, "exp", now), "", ""},
		"began 61 minutes ago":           {claiming("nbf", now-3660, "exp", now-60+31), "", codeBadObject},
		"8 seconds ahead":                {claiming("nbf", now+8, "iat", now+8), "", ""},
		"60 seconds ahead":               {claiming("nbf", now+60), codeBadObject, codeBadObject},
		"issued 60 seconds ahead":        {claiming("iat", now+60), codeBadObject, codeBadObject},
		"other client inside":            {claiming("client_id", "basic"), codeBadObject, codeBadObject},
		"no client inside":               {claiming("client_id", nil), "", codeBadObject},
		"no client inside, own typ":      {typed(claiming("client_id", nil)), codeBadObject, codeBadObject},
		"other response type outside":    {claiming("response_type", "token"), codeBadObject, codeBadObject},
		"object in the object":           {claiming("request", "x"), codeBadObject, codeBadObject},
		"request URI in the object":      {claiming("request_uri", "https://x.example/"), codeBadObject, codeBadObject},
		"empty request URI":              {claiming("request_uri", ""), codeBadObject, codeBadObject},
		"no scope inside":                {claiming("scope", nil), "", codeInvalidScope},
		"no scope inside, own typ":       {typed(claiming("scope", nil)), codeInvalidScope, codeInvalidScope},
		"no address inside":              {claiming("redirect_uri", nil), "", "bad_reply_address"},
		"address inside, not registered": {claiming("redirect_uri", "https://evil.example/"), "bad_reply_address", "bad_reply_address"},
		"age as a number":                {claiming("max_age", 300), "", ""},
		"age as text":                    {claiming("max_age", "300"), "", ""},
		"age with a fraction":            {claiming("max_age", 1.5), "max_age", "max_age"},
		"age below 0":                    {claiming("max_age", -1), "max_age", "max_age"},
		"claims as an object":            {claiming("claims", map[string]any{"id_token": map[string]any{"acr": map[string]any{"essential": true, "value": "AAL3_ANY"}}}), "", ""},
		"claims that cannot be met":      {claiming("claims", map[string]any{"id_token": map[string]any{"acr": map[string]any{"essential": true, "value": "gold"}}}), "assurance_too_low", "assurance_too_low"},
		"claims as text":                 {claiming("claims", `{"userinfo":{"email":null}}`), "", ""},
		"a list nobody knows":            {claiming("authorization_details", []any{map[string]any{"type": "x"}}), "", ""},
		"null is nothing":                {claiming("prompt", json.RawMessage("null")), "", ""},
		"nothing is nothing":             {claiming("max_age", "", "registration", "", "code_challenge", s256), "", ""},
		"prompt":                         {claiming("prompt", "whenever"), "prompt", "prompt"},
		"registration":                   {claiming("registration", map[string]any{}), codeRegistration, codeRegistration},
	} {
		t.Run(name, func(t *testing.T) {
			raw := w.object("jwt", c.how)
			for _, mode := range []struct {
				required bool
				want     string
			}{{false, c.lax}, {true, c.strict}} {
				w.change("jwt", func(p *trust.Partner) { p.OIDC.Request.Signed = mode.required })
				_, _, why := w.p.understand(t.Context(), request("jwt", "request", raw))
				got := ""
				if why != nil {
					got = why.AuditCode()
				}
				if got != mode.want {
					t.Errorf("required %v: %q, want %q: %v", mode.required, got, mode.want, why)
				}
			}
		})
	}
}

// TestRequestObjectTakesPrecedence: what stands in both places is taken from the object. What stands outside alone counts by OpenID
// Connect Core, and not by RFC 9101.
func TestRequestObjectTakesPrecedence(t *testing.T) {
	w := newWorld(t)
	outside := []string{"state", "outside", "nonce", "outside", "redirect_uri", "https://evil.example/", "prompt", "login"}
	for name, c := range map[string]struct {
		how    func(map[string]any, *gojose.SignerOptions)
		prompt int
	}{"OpenID Connect Core": {nil, 1}, "RFC 9101": {typed(claiming()), 0}} {
		a, _, why := w.p.understand(t.Context(), request("jwt", append(outside, "request", w.object("jwt", c.how))...))
		if why != nil {
			t.Fatalf("%s: %v", name, why)
		}
		if a.State != "st&1" || a.Nonce != "n-1" || a.Redirect != callback || len(a.prompt) != c.prompt {
			t.Errorf("%s: %+v", name, a)
		}
	}
	// state outside alone
	a, _, why := w.p.understand(t.Context(), request("jwt", "request", w.object("jwt", typed(claiming("state", nil)))))
	if why != nil || a.State != "" {
		t.Errorf("state %q, %v", a.State, why)
	}
}

// TestRequestObjectResources: several resources are a list in an object (RFC 8707, section 2).
func TestRequestObjectResources(t *testing.T) {
	w := newNetwork(t)
	jwt, err := w.Partner(trust.OIDC, "jwt")
	must(t, err)
	w.change(app, func(p *trust.Partner) { p.OIDC.JWKS = jwt.OIDC.JWKS })
	for _, c := range []struct {
		resource any
		want     []string
	}{{labURI, []string{labURI}}, {[]string{labURI, gatewayURI}, []string{labURI, gatewayURI}}} {
		object := w.object(app, func(claims map[string]any, _ *gojose.SignerOptions) { claims["resource"] = c.resource })
		a, _, why := w.p.understand(t.Context(), request(app, "request", object))
		if why != nil || !slices.Equal(a.Resources, c.want) {
			t.Errorf("%v: %v", c.resource, why)
		}
	}
}

// TestRequestObjectFlow: the whole way, by value and pushed.
func TestRequestObjectFlow(t *testing.T) {
	w := newWorld(t)
	w.change("jwt", func(p *trust.Partner) { p.OIDC.Request.Signed = true })
	b := w.browser()
	q := url.Values{"client_id": {"jwt"}, "request": {w.object("jwt", nil)}}
	if got := b.get(authorizePath + "?" + q.Encode()); got.query("code") == "" || got.query("state") != "st&1" {
		t.Errorf("by value: %d %v", got.status, got.to)
	}
	if got := w.browser().submit(authorizePath, q); got.query("code") == "" {
		t.Errorf("by value in a POST: %d %v", got.status, got.to)
	}
	uri := w.uri(w.call(pushPath, "jwt", url.Values{"request": {w.object("jwt", claiming("state", "inside"))}, "state": {"outside"}}))
	if got := b.bring("jwt", uri); got.query("code") == "" || got.query("state") != "inside" {
		t.Errorf("pushed: %d %v", got.status, got.to)
	}
	after := w.lastSeq()
	w.denied(t, "pushed without", w.pushes("jwt"), after, 400, "invalid_request", "request_object_required")
	w.denied(t, "of another client", w.call(pushPath, "jwt2", url.Values{"request": {w.object("jwt", nil)}}), after, 400, "invalid_request_object", codeBadObject)
	w.back(t, "without", b.authorize("jwt"), after, "invalid_request", "request_object_required")
	q.Set("request", w.object("jwt", claiming("aud", "https://other.example")))
	w.page(t, "nowhere to answer to", b.get(authorizePath+"?"+q.Encode()), after, codeBadObject)
	q.Set("redirect_uri", "https://evil.example/")
	w.page(t, "an address outside that is not registered", b.get(authorizePath+"?"+q.Encode()), after, codeBadObject)
	q.Set("redirect_uri", callback)
	w.back(t, "an address outside that is registered", b.get(authorizePath+"?"+q.Encode()), after, "invalid_request_object", codeBadObject)
}

// TestRequestObjectAlgorithms: any asymmetric one, or the one of the terms; in the profile fapi2 three. A secret signs nothing.
func TestRequestObjectAlgorithms(t *testing.T) {
	w := newWorld(t)
	var offered []string
	for _, a := range jose.Algorithms() {
		offered = append(offered, string(a))
	}
	named := trust.RequestAlgorithms()
	slices.Sort(offered)
	slices.Sort(named)
	if !slices.Equal(offered, named) {
		t.Errorf("terms allow %v, verified are %v", named, offered)
	}
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	keys := map[string]any{"RS256": w.signer, "PS256": w.signer, "ES256": elliptic, "HS256": []byte(secret + secret)}
	registered := keySet(t, gojose.JSONWebKey{Key: w.signer.Public(), KeyID: "c1"}, gojose.JSONWebKey{Key: elliptic.Public(), KeyID: "c1"})
	try := func(alg string, want bool, how func(*trust.Partner)) {
		t.Helper()
		w.change("jwt", func(p *trust.Partner) {
			p.OIDC.JWKS, p.OIDC.Profile, p.OIDC.Request = registered, trust.ProfileBasic, trust.RequestTerms{Modes: []string{"query"}}
			how(p)
		})
		claims := map[string]any{"iss": "jwt", "aud": issuer, "nbf": w.clock().Unix(), "exp": w.clock().Unix() + 60}
		maps.Copy(claims, map[string]any{"client_id": "jwt", "redirect_uri": callback, "response_type": "code", "scope": "openid", "code_challenge": s256, "code_challenge_method": "S256"})
		raw := w.signAs(gojose.SignatureAlgorithm(alg), keys[alg], claims, (&gojose.SignerOptions{}).WithHeader("kid", "c1"))
		a := &authorization{form: url.Values{"client_id": {"jwt"}, "request": {raw}}, pushing: true}
		if _, why := w.p.check(t.Context(), a); (why == nil) != want || why != nil && why.AuditCode() != codeBadObject {
			t.Errorf("%s: %v", alg, why)
		}
	}
	for alg := range keys {
		try(alg, alg != "HS256", func(*trust.Partner) {})
		try(alg, alg == "PS256", func(p *trust.Partner) { p.OIDC.Request.Algorithm = "PS256" })
		try(alg, alg == "PS256" || alg == "ES256", func(p *trust.Partner) { p.OIDC.Profile = trust.ProfileFAPI2 })
	}
	// keys that cannot be used, or none
	for _, set := range [][]byte{nil, []byte("{}"), []byte("x")} {
		w.change("basic", func(p *trust.Partner) { p.OIDC.JWKS = set })
		if _, _, why := w.p.understand(t.Context(), request("basic", "request", w.object("basic", nil))); why == nil || why.AuditCode() != codeBadObject {
			t.Errorf("key set %q: %v", set, why)
		}
	}
	w.change("basic", func(p *trust.Partner) { p.OIDC.JWKS = registered })
	if _, _, why := w.p.understand(t.Context(), request("basic", "request", w.object("basic", nil))); why != nil {
		t.Errorf("a client with a secret, and keys: %v", why)
	}
}

// objectRows are about request objects.
func objectRows(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	w.change("jwt", func(p *trust.Partner) { p.OIDC.Request.Signed = true })
	bad := func(t *testing.T, name, raw string) {
		t.Helper()
		after := w.lastSeq()
		w.back(t, name, b.authorize("jwt", "request", raw), after, "invalid_request_object", codeBadObject)
		w.denied(t, name+", pushed", w.call(pushPath, "jwt", url.Values{"request": {raw}}), after, 400, "invalid_request_object", codeBadObject)
	}
	now := w.clock().Unix()
	good := w.object("jwt", nil)
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	t.Run("167", func(t *testing.T) {
		none := b64.EncodeToString([]byte(`{"alg":"none"}`))
		bad(t, "alg none", none+"."+payload+".")
		bad(t, "alg none, with a signature", none+"."+payload+"."+signature)
		bad(t, "no signature", head+"."+payload+".")
		bad(t, "other payload", head+"."+b64.EncodeToString([]byte(`{}`))+"."+signature)
		w.change("jwt", func(p *trust.Partner) { p.OIDC.Request.Algorithm = "PS256" })
		bad(t, "RS256 where PS256 is pinned", good)
		w.change("jwt", func(p *trust.Partner) { p.OIDC.Request.Algorithm = "" })
		for name, how := range map[string]func(map[string]any, *gojose.SignerOptions){
			"expired": claiming("exp", now-60), "exp 70 minutes ahead": claiming("exp", now+4200), "nbf 61 s ahead": claiming("nbf", now+61), "wrong aud": claiming("aud", "https://other.example"),
			"no exp": claiming("exp", nil), "no nbf": claiming("nbf", nil),
		} {
			bad(t, name, w.object("jwt", how))
		}
		if got := b.authorize("jwt", "request", w.object("jwt", claiming("nbf", now+8))); got.query("code") == "" {
			t.Errorf("nbf 8 s ahead: %v", got.to)
		}
	})
	t.Run("168", func(t *testing.T) {
		bad(t, "other client", w.object("jwt", claiming("client_id", "jwt2")))
		bad(t, "inner request", w.object("jwt", claiming("request", good)))
		bad(t, "inner request URI", w.object("jwt", claiming("request_uri", pushedPrefix+"x")))
		after := w.lastSeq()
		w.page(t, "address only outside", b.authorize("jwt", "request", w.object("jwt", claiming("redirect_uri", nil))), after, "bad_reply_address")
		if got := b.authorize("jwt", "request", w.object("jwt", claiming("state", nil))); got.query("code") == "" || got.query("state") != "" {
			t.Errorf("state only outside: %v", got.to)
		}
	})
	t.Run("065", func(t *testing.T) {
		bad(t, "encrypted", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA")
	})
	t.Run("066", func(t *testing.T) {
		bad(t, "dots", strings.Repeat(".", 17<<10))
		bad(t, "long", good+strings.Repeat("A", 17<<10))
	})
}

func keySet(t *testing.T, keys ...gojose.JSONWebKey) []byte {
	t.Helper()
	data, err := json.Marshal(gojose.JSONWebKeySet{Keys: keys})
	must(t, err)
	return data
}
