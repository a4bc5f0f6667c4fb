package oidc

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// direct serves requests without a network.
type direct struct {
	h    http.Handler
	peer string // address of the caller; empty: one of the hospital's
}

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), cmp.Or(d.peer, "10.1.2.3:40000")
	in.Host = r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	d.h.ServeHTTP(rec, in)
	res := rec.Result()
	res.Request = r
	return res, nil
}

// browser is one browser with its cookies. It follows redirects inside the hub only.
type browser struct {
	w *world
	c *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	return &browser{w, &http.Client{Transport: direct{h: w.router}, Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host != "sso.rx1.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// answer is a response, read.
type reply struct {
	status int
	header http.Header
	body   string
	to     *url.URL // where it redirects; nil if nowhere
}

func (r reply) query(name string) string {
	if r.to == nil {
		return ""
	}
	return r.to.Query().Get(name)
}

func read(t testing.TB, res *http.Response, err error) reply {
	t.Helper()
	must(t, err)
	defer func() { must(t, res.Body.Close()) }()
	data, err := io.ReadAll(res.Body)
	must(t, err)
	out := reply{status: res.StatusCode, header: res.Header, body: string(data)}
	if l := res.Header.Get("Location"); l != "" {
		out.to, err = url.Parse(l)
		must(t, err)
	}
	conformsByShape(t, out)
	if strings.Contains(out.body, `"token_type":"`) || strings.Contains(out.body, "data-autopost") {
		checkCaching(t, out.header)
	}
	return out
}

// checkCaching: no cache keeps a token or a code, of either age (RFC 6749 5.1; OAuth 2.0 Form Post Response Mode).
func checkCaching(t testing.TB, h http.Header) {
	t.Helper()
	if !strings.HasSuffix(h.Get("Cache-Control"), "no-store") || h.Get("Pragma") != "no-cache" {
		t.Errorf("caches may keep a token: %v", h)
	}
}

func (b *browser) get(path string) reply {
	b.w.t.Helper()
	res, err := b.c.Get(issuer + path)
	return read(b.w.t, res, err)
}

func (b *browser) submit(path string, form url.Values) reply {
	b.w.t.Helper()
	res, err := b.c.PostForm(issuer+path, form)
	return read(b.w.t, res, err)
}

// request is a good authorization request of a client, changed by pairs of name and value; an empty value removes.
func request(client string, pairs ...string) url.Values {
	q := url.Values{
		"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"st&1"}, "nonce": {"n-1"},
		"code_challenge": {s256}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return q
}

func (b *browser) authorize(client string, pairs ...string) reply {
	b.w.t.Helper()
	return b.get(authorizePath + "?" + request(client, pairs...).Encode())
}

// code signs on and returns the code.
func (b *browser) code(client string, pairs ...string) string {
	b.w.t.Helper()
	got := b.authorize(client, pairs...)
	if got.query("code") == "" || got.status != http.StatusSeeOther {
		b.w.t.Fatalf("no code: %d %v %s", got.status, got.to, got.body)
	}
	return got.query("code")
}

// call posts to a back-channel endpoint as a client, by the method it is registered with.
func (w *world) call(path, client string, form url.Values) reply {
	w.t.Helper()
	r := w.prepare(path, client, form)
	return w.send(r)
}

func (w *world) send(r *http.Request) reply {
	w.t.Helper()
	return w.sendFrom(r, "")
}

func (w *world) sendFrom(r *http.Request, peer string) reply {
	w.t.Helper()
	res, err := direct{w.router, peer}.RoundTrip(r)
	return read(w.t, res, err)
}

func (w *world) prepare(path, client string, form url.Values) *http.Request {
	w.t.Helper()
	f := url.Values{}
	for k, v := range form {
		f[k] = v
	}
	c, _ := w.Partner(trust.OIDC, client)
	basic := false
	switch c.OIDC.ClientAuth {
	case authBasic:
		basic = true
	case authPost:
		f.Set("client_id", client)
		f.Set("client_secret", secret)
	case authJWT:
		f.Set("client_assertion_type", assertionType)
		f.Set("client_assertion", w.assertion(client, nil))
	case authNone:
		f.Set("client_id", client)
	}
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		r.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(secret))
	}
	return r
}

func (w *world) redeem(client, code string, pairs ...string) reply {
	w.t.Helper()
	return w.call(tokenPath, client, codeForm(code, pairs...))
}

func codeForm(code string, pairs ...string) url.Values {
	f := url.Values{"grant_type": {trust.GrantCode}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			f.Del(pairs[i])
		}
	}
	return f
}

func (w *world) refresh(client, token string, pairs ...string) reply {
	w.t.Helper()
	f := url.Values{"grant_type": {trust.GrantRefresh}, "refresh_token": {token}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return w.call(tokenPath, client, f)
}

// assertion signs good claims of a client, changed by how.
func (w *world) assertion(client string, how func(claims map[string]any, o *jose.SignerOptions)) string {
	w.t.Helper()
	now := w.clock()
	claims := map[string]any{"iss": client, "sub": client, "aud": issuer, "jti": w.hub.NewID(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	o := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "c1")
	if how != nil {
		how(claims, o)
	}
	alg := jose.RS256
	if c, _ := w.Partner(trust.OIDC, client); c.OIDC != nil && c.OIDC.Profile == trust.ProfileFAPI2 {
		alg = jose.PS256
	}
	return w.signAs(alg, w.signer, claims, o)
}

func (w *world) signAs(alg jose.SignatureAlgorithm, key any, claims any, o *jose.SignerOptions) string {
	w.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	must(w.t, err)
	data, err := json.Marshal(claims)
	must(w.t, err)
	j, err := s.Sign(data)
	must(w.t, err)
	out, err := j.CompactSerialize()
	must(w.t, err)
	return out
}

// tokenSet is a token response as a client reads it.
type tokenSet struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Scope   string `json:"scope"`
}

func (w *world) tokens(got reply) tokenSet {
	w.t.Helper()
	var out tokenSet
	if got.status != http.StatusOK {
		w.t.Fatalf("token endpoint: %d %s", got.status, got.body)
	}
	must(w.t, json.Unmarshal([]byte(got.body), &out))
	return out
}

func (w *world) userinfo(token string) reply {
	w.t.Helper()
	return w.bearer(userinfoPath, token)
}

// bearer gets a resource with an access token.
func (w *world) bearer(path, token string) reply {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, issuer+path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return w.send(r)
}

// verified reads a token of ours with the keys of the JWKS endpoint, and its header.
func (w *world) verified(token string) (map[string]any, jose.Header) {
	w.t.Helper()
	got := w.browser().get(jwksPath)
	var set jose.JSONWebKeySet
	must(w.t, json.Unmarshal([]byte(got.body), &set))
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512})
	must(w.t, err)
	h := jws.Signatures[0].Protected
	keys := set.Key(h.KeyID)
	if len(keys) != 1 {
		w.t.Fatalf("kid %q is published %d times", h.KeyID, len(keys))
	}
	if keys[0].Algorithm != h.Algorithm {
		w.t.Errorf("kid %q is published for %s and signs with %s", h.KeyID, keys[0].Algorithm, h.Algorithm)
	}
	payload, err := jws.Verify(keys[0])
	must(w.t, err)
	var claims map[string]any
	must(w.t, json.Unmarshal(payload, &claims))
	switch h.ExtraHeaders["typ"] {
	case typLogout:
		conforms(w.t, "logout-token", payload)
	case "at+jwt":
		conforms(w.t, "access-token", payload)
	}
	return claims, h
}

// events lists the audit record since n events.
func (w *world) events(after int64) []ledger.Event {
	w.t.Helper()
	all, err := w.store.Events(context.Background(), ledger.Query{After: after, Limit: 10000})
	must(w.t, err)
	return all
}

func (w *world) lastSeq() int64 {
	all := w.events(0)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Seq
}

// reason is the audit code of the last event, which must be a refusal.
func (w *world) reason() string {
	w.t.Helper()
	all := w.events(0)
	last := all[len(all)-1]
	if last.Kind != ledger.Refused && last.Kind != ledger.TokenRefused && last.Kind != ledger.RegistrationRefused {
		w.t.Fatalf("last event is %s, not a refusal", last.Kind)
	}
	return last.Reason
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
