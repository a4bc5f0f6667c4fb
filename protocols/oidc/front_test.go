package oidc

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// newFront is a world in which every response type is offered, and these clients are registered for all of them.
func newFront(t testing.TB, clients ...string) *world {
	t.Helper()
	w := newWorld(t)
	w.p.responses = trust.ResponseTypes()
	for _, id := range append(clients, "basic", "public", "post", "jwt") {
		w.allowFront(id, trust.ResponseTypes()...)
	}
	return w
}

func (w *world) allowFront(id string, types ...trust.ResponseType) {
	w.change(id, func(p *trust.Partner) {
		p.OIDC.Responses, p.OIDC.Grants = types, append(slices.Clone(p.OIDC.Grants), trust.GrantImplicit)
	})
}

// front asks for a response type and reads the answer.
func (b *browser) front(client, kind string, pairs ...string) url.Values {
	b.w.t.Helper()
	return b.w.answer(b.authorize(client, append([]string{"response_type", kind}, pairs...)...))
}

// TestFrontAnswers: what each response type is answered with, where, and what of it is on record.
func TestFrontAnswers(t *testing.T) {
	w := newFront(t)
	b := w.browser()
	b.code("basic")
	const token = "access_token expires_in scope token_type"
	for kind, c := range map[string]struct{ fields, recorded string }{
		"code":                {"code", ""},
		"none":                {"", ""},
		"id_token":            {"id_token", "issued"},
		"token id_token":      {token + " id_token", "issued"},
		"code id_token":       {"code id_token", "issued"},
		"code token":          {token + " code", "issued"},
		"code id_token token": {token + " code id_token", "issued"},
	} {
		before := w.lastSeq()
		got := b.authorize("basic", "response_type", kind)
		if inFragment := got.to != nil && got.to.Fragment != ""; inFragment != strings.Contains(kind, "token") || got.status != http.StatusSeeOther || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", kind, got.status, got.to, got.header.Get("Cache-Control"))
		}
		said := w.answer(got)
		if said.Get("state") != "st&1" || said.Get("iss") != issuer || said.Get("session_state") == "" {
			t.Errorf("%s: %v", kind, said)
		}
		var names []string
		for name := range said {
			if name != "state" && name != "iss" && name != "session_state" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		want := strings.Fields(c.fields)
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("%s: answered with %v", kind, names)
		}
		var recorded []string
		for _, e := range w.events(before) {
			recorded = append(recorded, string(e.Kind))
			if e.Partner != "basic" || e.Subject != nurse || e.Ref == "" || e.Tracking == "" {
				t.Errorf("%s: recorded %+v", kind, e)
			}
		}
		if strings.Join(recorded, " ") != c.recorded {
			t.Errorf("%s: recorded %v", kind, recorded)
		}
		w.useAll(t, kind, said)
	}
}

// useAll uses what an answer holds, and compares the tokens with one another.
func (w *world) useAll(t *testing.T, kind string, said url.Values) {
	t.Helper()
	front := map[string]any{}
	if id := said.Get("id_token"); id != "" {
		front, _ = w.verified(id)
		now := float64(w.clock().Unix())
		if front["nonce"] != "n-1" || front["aud"] != "basic" || front["iss"] != issuer || front["exp"] != now+600 || front["acr"] != "AAL3_ANY" || front["sid"] == "" {
			t.Errorf("%s: ID token %v", kind, front)
		}
		for claim, value := range map[string]string{"at_hash": said.Get("access_token"), "c_hash": said.Get("code")} {
			sum := sha256.Sum256([]byte(value))
			got, there := front[claim]
			if there != (value != "") || there && got != b64.EncodeToString(sum[:16]) {
				t.Errorf("%s: %s %v of %q", kind, claim, got, value)
			}
		}
	}
	if access := said.Get("access_token"); access != "" {
		if info := w.userinfo(access); info.status != http.StatusOK || info.body != `{"sub":"`+nurse+`"}` {
			t.Errorf("%s: userinfo %d %s", kind, info.status, info.body)
		}
		if said.Get("token_type") != "Bearer" || said.Get("expires_in") != "300" || said.Get("scope") != "openid" {
			t.Errorf("%s: %v", kind, said)
		}
	}
	if code := said.Get("code"); code != "" {
		set := w.tokens(w.redeem("basic", code))
		back, _ := w.verified(set.ID)
		if _, there := back["c_hash"]; there || back["at_hash"] == nil || back["nonce"] != "n-1" || set.Access == said.Get("access_token") || set.Refresh == "" {
			t.Errorf("%s: redeemed for %+v, %v", kind, set, back)
		}
		for _, claim := range []string{"iss", "sub", "sid", "auth_time", "acr"} {
			if front["sub"] != nil && front[claim] != back[claim] {
				t.Errorf("%s: %s is %v by the browser and %v by the code", kind, claim, front[claim], back[claim])
			}
		}
		if said.Get("access_token") != "" && w.userinfo(said.Get("access_token")).status != http.StatusOK {
			t.Errorf("%s: redeeming the code ended the token beside it", kind)
		}
	}
}

// TestFrontHashes: at_hash and c_hash are of the hash of the ID token's own algorithm.
func TestFrontHashes(t *testing.T) {
	w := newFront(t)
	w.ring = w.everyKey()
	b := w.browser()
	b.code("basic")
	for alg, h := range map[keyring.Algorithm]hash.Hash{keyring.ES256: sha256.New(), keyring.ES384: sha512.New384(), keyring.ES512: sha512.New(), keyring.PS384: sha512.New384(), keyring.RS512: sha512.New()} {
		w.change("basic", func(p *trust.Partner) { p.OIDC.Algorithm = string(alg) })
		said := b.front("basic", "code id_token token")
		claims, header := w.verified(said.Get("id_token"))
		for claim, value := range map[string]string{"at_hash": said.Get("access_token"), "c_hash": said.Get("code")} {
			h.Reset()
			_, _ = h.Write([]byte(value))
			if want := b64.EncodeToString(h.Sum(nil)[:h.Size()/2]); claims[claim] != want || header.Algorithm != string(alg) {
				t.Errorf("%s %s: %v, want %s", alg, claim, claims[claim], want)
			}
		}
	}
}

// TestFrontRules: one request for each rule about tokens by the browser. Whatever is refused is refused in the fragment.
func TestFrontRules(t *testing.T) {
	w := newFront(t)
	w.allowFront("basic", trust.ResponseCode, trust.ResponseIDToken, trust.ResponseIDTokenToken, trust.ResponseCodeIDToken, trust.ResponseCodeToken)
	w.p.responses = slices.DeleteFunc(trust.ResponseTypes(), func(r trust.ResponseType) bool { return r == trust.ResponseCodeIDToken || r == trust.ResponseNone })
	w.change("basic", func(p *trust.Partner) { p.OIDC.Scopes = append(slices.Clone(p.OIDC.Scopes), "purpose_of_use=TREAT") })
	b := w.browser()
	b.code("basic")
	noPKCE := []string{"code_challenge", "", "code_challenge_method", ""}
	with := func(pairs ...string) []string { return pairs }
	key := strings.Repeat("A", 43)
	w.tryAll(t, b, "basic",
		wrong{"not offered", with("response_type", "code id_token"), "unsupported_response_type", "unsupported_response_type"},
		wrong{"token alone", with("response_type", "token"), "unsupported_response_type", "unsupported_response_type"},
		wrong{"twice", with("response_type", "id_token id_token"), "unsupported_response_type", "unsupported_response_type"},
		wrong{"not registered", with("response_type", "code id_token token"), "unauthorized_client", "unauthorized_client"},
		wrong{"none, not offered", with("response_type", "none"), "unsupported_response_type", "unsupported_response_type"},
		wrong{"no nonce", with("response_type", "id_token", "nonce", ""), "invalid_request", "nonce_missing"},
		wrong{"no nonce, with a token", with("response_type", "id_token token", "nonce", ""), "invalid_request", "nonce_missing"},
		wrong{"query", with("response_type", "id_token", "response_mode", "query"), "invalid_request", "unsupported_binding"},
		wrong{"query, hybrid", with("response_type", "code token", "response_mode", "query"), "invalid_request", "unsupported_binding"},
		wrong{"JWT in a query", with("response_type", "id_token", "response_mode", "query.jwt"), "invalid_request", "unsupported_binding"},
		wrong{"invented mode", with("response_type", "id_token", "response_mode", "web_message"), "invalid_request", "unsupported_binding"},
		wrong{"no openid", with("response_type", "id_token", "scope", "profile"), "invalid_scope", "invalid_scope"},
		wrong{"no openid, where OAuth needs none", with("response_type", "id_token token", "scope", "purpose_of_use=TREAT"), "invalid_scope", "invalid_scope"},
		wrong{"a key for what is bound to none", with("response_type", "code token", "dpop_jkt", key), "invalid_request", "front_key"},
		wrong{"claims of userinfo without a token", with("response_type", "id_token", "claims", `{"userinfo":{"name":null}}`), "invalid_request", "claims"},
		wrong{"code without PKCE", append(with("response_type", "code token"), noPKCE...), "invalid_request", "pkce_required"},
		wrong{"nobody else", with("response_type", "id_token", "prompt", "none", "claims", `{"id_token":{"sub":{"value":"999999999999"}}}`), "login_required", "not_authenticated"},
	)
	for what, pairs := range map[string][]string{
		"no nonce for a code and a token":        with("response_type", "code token", "nonce", ""),
		"no PKCE without a code":                 append(with("response_type", "id_token token"), noPKCE...),
		"claims of userinfo":                     with("response_type", "id_token token", "claims", `{"userinfo":{"name":null}}`),
		"a key for the code, and no other token": with("response_type", "code", "dpop_jkt", key),
		"by fragment, asked for":                 with("response_type", "id_token", "response_mode", "fragment"),
	} {
		if said := w.answer(b.authorize("basic", pairs...)); said.Has("error") || !said.Has("state") {
			t.Errorf("%s: %v", what, said)
		}
	}
	got := b.authorize("basic", "response_type", "id_token", "response_mode", "query")
	if got.to == nil || got.to.Fragment == "" || got.to.Query().Has("error") {
		t.Errorf("an error about tokens is in the query: %v", got.to)
	}
}

// TestFrontIsOff: without configuration, on the CIS2 face and for its clients and those of FAPI there is nothing but codes.
func TestFrontIsOff(t *testing.T) {
	w := newWorld(t)
	w.allowFront("basic", trust.ResponseTypes()...)
	w.addCIS2Face()
	b := w.browser()
	b.code("basic")
	for _, kind := range trust.ResponseTypes()[1:] {
		if said := b.front("basic", string(kind)); said.Get("error") != codeResponseType {
			t.Errorf("%s: %v", kind, said)
		}
	}
	second, err := New(Options{Kit: w.kit, Hub: w.hub, Keys: w.p.keys, Face: CIS2Face(cis2Base, true), ResponseTypes: trust.ResponseTypes()})
	must(t, err)
	if m := second.describe(); !slices.Equal(m.ResponseTypes, []string{"code"}) || slices.Contains(m.GrantTypes, trust.GrantImplicit) {
		t.Errorf("the face offers %v %v", m.ResponseTypes, m.GrantTypes)
	}
	first, err := New(Options{Kit: w.kit, Hub: w.hub, Keys: w.p.keys, ResponseTypes: []trust.ResponseType{trust.ResponseNone, trust.ResponseCode}})
	must(t, err)
	if m := first.describe(); !slices.Equal(m.ResponseTypes, []string{"code", "none"}) || slices.Contains(m.GrantTypes, trust.GrantImplicit) || slices.Contains(m.Claims, "c_hash") {
		t.Errorf("offered %v %v", m.ResponseTypes, m.GrantTypes)
	}
}

// TestFrontDiscoveryIsTrue: each response type that is advertised works, and implicit is no grant of the token endpoint.
func TestFrontDiscoveryIsTrue(t *testing.T) {
	w := newFront(t)
	m := w.published()
	types := list(m, "response_types_supported")
	if len(types) != 7 || !slices.Contains(list(m, "grant_types_supported"), trust.GrantImplicit) || !slices.Contains(list(m, "claims_supported"), "c_hash") {
		t.Fatalf("%v %v", types, m["grant_types_supported"])
	}
	b := w.browser()
	b.code("basic")
	for _, kind := range types {
		if said := b.front("basic", kind); said.Has("error") {
			t.Errorf("%s: %v", kind, said)
		}
	}
	w.denied(t, "implicit at the token endpoint", w.call(tokenPath, "basic", url.Values{"grant_type": {trust.GrantImplicit}}), w.lastSeq(), 400, "unsupported_grant_type", "unsupported_grant_type")
}

// TestFrontModes: a form, and a JWT in the fragment or in a form, carry all of an answer.
func TestFrontModes(t *testing.T) {
	w := newFront(t)
	b := w.browser()
	b.code("basic")
	all := []string{"access_token", "code", "expires_in", "id_token", "iss", "scope", "session_state", "state", "token_type"}
	for mode, where := range map[string]string{"": "#", "fragment": "#", "form_post": "form", "jwt": "#response=", "fragment.jwt": "#response=", "form_post.jwt": "form"} {
		pairs := []string{"response_type", "code id_token token"}
		if mode != "" {
			pairs = append(pairs, "response_mode", mode)
		}
		got := b.authorize("basic", pairs...)
		if where == "form" && got.to != nil || where != "form" && (got.to == nil || !strings.HasPrefix(strings.TrimPrefix(got.header.Get("Location"), callback), where)) {
			t.Errorf("%s: %v", mode, got.header.Get("Location"))
		}
		var names []string
		said := w.answer(got)
		for name := range said {
			names = append(names, name)
		}
		slices.Sort(names)
		if diff := cmp.Diff(all, names); diff != "" || w.userinfo(said.Get("access_token")).status != http.StatusOK {
			t.Errorf("%s: %s", mode, diff)
		}
	}
	for name, c := range map[string]struct {
		modes []string
		where string
	}{
		"query alone": {[]string{"query"}, "#id_token"}, "a JWT": {[]string{"jwt"}, "#response="}, "a JWT in a query": {[]string{"query.jwt"}, "#response="}, "a form": {[]string{"form_post"}, ""},
	} {
		w.change("basic", func(p *trust.Partner) { p.OIDC.Request.Modes = c.modes })
		got := b.authorize("basic", "response_type", "id_token", "state", "")
		if at := strings.TrimPrefix(got.header.Get("Location"), callback); c.where == "" && got.to != nil || !strings.HasPrefix(at, c.where) {
			t.Errorf("terms with %s: %s", name, at)
		}
	}
	for asked, modes := range map[string][]string{"fragment": {"jwt", "form_post", "query.jwt", "fragment.jwt"}, "form_post": {"query", "fragment", "form_post.jwt"}, "fragment.jwt": {"query", "form_post"}} {
		w.change("basic", func(p *trust.Partner) { p.OIDC.Request.Modes = modes })
		if said := b.front("basic", "id_token token", "response_mode", asked); said.Get("error") != "invalid_request" || said.Has("access_token") {
			t.Errorf("%s, where the terms have %v: %v", asked, modes, said)
		}
	}
}

// TestFrontClaims: an ID token that is all the client gets holds what userinfo would; any other does not (OpenID Connect Core 1.0, section 5.4).
func TestFrontClaims(t *testing.T) {
	w := newFront(t)
	w.role = roleOne
	b := w.browser()
	of := func(kind string, pairs ...string) map[string]any {
		claims, _ := w.verified(b.front("basic", kind, append([]string{"scope", "openid profile email nationalrbacaccess selectedrole"}, pairs...)...).Get("id_token"))
		return claims
	}
	alone := of("id_token")
	if alone["name"] != "Nurse Asha Patel" || alone["email"] != "asha@rx1.example" || alone["nhsid_nrbac_roles"] == nil || alone["selected_roleid"] != roleOne || alone["sub"] != nurse {
		t.Errorf("alone: %v", alone)
	}
	for _, kind := range []string{"id_token token", "code id_token", "code id_token token"} {
		if beside := of(kind); beside["name"] != nil || beside["email"] != nil || beside["selected_roleid"] != roleOne {
			t.Errorf("%s: %v", kind, beside)
		}
		if asked := of(kind, "claims", `{"id_token":{"name":{"essential":true}}}`); asked["name"] != "Nurse Asha Patel" || asked["email"] != nil {
			t.Errorf("%s, asked for by name: %v", kind, asked)
		}
	}
	w.change("basic", func(p *trust.Partner) { p.OIDC.Tokens.JWT = true }) // all is evaluated, for its access token
	if beside := of("id_token token"); beside["name"] != nil {
		t.Errorf("beside an access token that holds them: %v", beside)
	}
	if narrow, _ := w.verified(b.front("basic", "id_token").Get("id_token")); narrow["name"] != nil {
		t.Errorf("claims of scopes that were not asked for: %v", narrow)
	}
}

// TestFrontAccessToken: it is short-lived, is never renewed, and dies with its session, with its client's word, and with a code that was
// stolen beside it.
func TestFrontAccessToken(t *testing.T) {
	w := newFront(t)
	b := w.browser()
	alive := func(access string) bool { return w.userinfo(access).status == http.StatusOK }
	said := b.front("basic", "id_token token")
	access := said.Get("access_token")
	if said.Has("refresh_token") || !alive(access) {
		t.Fatalf("%v", said)
	}
	w.advance(299 * time.Second)
	if !alive(access) {
		t.Error("dead before its time")
	}
	w.advance(time.Second)
	if alive(access) {
		t.Error("it outlives five minutes")
	}
	revoked := b.front("basic", "id_token token").Get("access_token")
	w.revoke("basic", revoked)
	if alive(revoked) {
		t.Error("revoked, and alive")
	}
	if got := w.call(introspectPath, "basic", url.Values{"token": {b.front("basic", "code token").Get("access_token")}}); !strings.Contains(got.body, `"active":true`) {
		t.Errorf("introspected: %s", got.body)
	}
	stolen := b.front("basic", "code id_token token")
	w.tokens(w.redeem("basic", stolen.Get("code")))
	if w.redeem("basic", stolen.Get("code")); alive(stolen.Get("access_token")) {
		t.Error("its code was used twice, and it is alive")
	}
	wrongly := b.front("basic", "code token")
	w.redeem("basic", wrongly.Get("code"), "code_verifier", strings.Repeat("x", 43))
	if alive(wrongly.Get("access_token")) {
		t.Error("its code was redeemed wrongly, and it is alive")
	}
	both := b.front("basic", "code token")
	w.revoke("basic", w.tokens(w.redeem("basic", both.Get("code"))).Refresh)
	if alive(both.Get("access_token")) {
		t.Error("the authorization was revoked, and it is alive")
	}
	last := b.front("basic", "id_token token")
	if b.get(logoutPath + "?id_token_hint=" + last.Get("id_token")); alive(last.Get("access_token")) {
		t.Error("signed out, and it is alive")
	}
}

// TestFrontLogout: an app that was told by the browser alone is told of the sign-out, by the session that its ID token named.
func TestFrontLogout(t *testing.T) {
	w := newFront(t)
	b := w.browser()
	said := b.front("public", "id_token")
	claims, _ := w.verified(said.Get("id_token"))
	b.get(logoutPath + "?id_token_hint=" + said.Get("id_token"))
	if len(w.posted) != 1 || w.posted[0].target != "https://public.example/backchannel" {
		t.Fatalf("told %+v", w.posted)
	}
	told, _ := w.verified(w.posted[0].form.Get("logout_token"))
	if told["sid"] != claims["sid"] || told["sub"] != claims["sub"] {
		t.Errorf("told of %v, signed in as %v", told, claims)
	}
}

// TestFrontPairwise: the person has one name for a client, whichever way it hears it.
func TestFrontPairwise(t *testing.T) {
	w := newFront(t)
	w.change("basic", func(p *trust.Partner) { p.Terms.Subject = trust.SubjectPairwise })
	b := w.browser()
	said := b.front("basic", "code id_token token", "scope", "openid profile")
	front, _ := w.verified(said.Get("id_token"))
	back, _ := w.verified(w.tokens(w.redeem("basic", said.Get("code"))).ID)
	info := w.userinfo(said.Get("access_token")).body
	if front["sub"] == nurse || front["sub"] != back["sub"] || !strings.Contains(info, `"sub":"`+front["sub"].(string)+`"`) {
		t.Errorf("%v %v %s", front["sub"], back["sub"], info)
	}
	if hinted := b.front("basic", "id_token", "id_token_hint", said.Get("id_token"), "prompt", "none"); !hinted.Has("id_token") {
		t.Errorf("hint: %v", hinted)
	}
	w.uid = clerk
	if hinted := w.browser().front("basic", "id_token", "id_token_hint", said.Get("id_token")); hinted.Get("error") != "login_required" || hinted.Has("id_token") {
		t.Errorf("hint of another person: %v", hinted)
	}
}

// TestFrontPassive: prompt=none without a session, without the level, and with another role to choose, is an error in the fragment.
func TestFrontPassive(t *testing.T) {
	w := newFront(t)
	before := w.lastSeq()
	got := w.browser().authorize("basic", "response_type", "id_token", "prompt", "none")
	if w.answer(got).Get("error") != "login_required" || got.to.Fragment == "" {
		t.Errorf("%v", got.to)
	}
	w.nothing(t, before)
	b := w.browser()
	b.code("basic")
	if said := b.front("basic", "id_token", "scope", "openid changedrole", "prompt", "none"); said.Get("error") != "interaction_required" {
		t.Errorf("%v", said)
	}
	if said := b.front("basic", "id_token", "acr_values", "AAL3_FIDO2", "prompt", "none"); said.Has("id_token") || said.Get("error") == "" {
		t.Errorf("%v", said)
	}
	if said := b.front("basic", "id_token", "prompt", "none", "max_age", "60"); !said.Has("id_token") {
		t.Errorf("%v", said)
	}
}

// TestFrontByReference: a pushed request and one in an object get the same, and stand under the same rules.
func TestFrontByReference(t *testing.T) {
	w := newFront(t)
	b := w.browser()
	b.code("jwt")
	uri := w.uri(w.pushes("jwt", "response_type", "code id_token"))
	pushed := w.answer(b.get(authorizePath + "?client_id=jwt&request_uri=" + url.QueryEscape(uri)))
	if !pushed.Has("code") || !pushed.Has("id_token") {
		t.Errorf("pushed: %v", pushed)
	}
	if got := w.pushes("jwt", "response_type", "id_token", "nonce", ""); got.status != http.StatusBadRequest || w.reason() != "nonce_missing" {
		t.Errorf("pushed without nonce: %d %s", got.status, got.body)
	}
	object := w.object("jwt", inside(request("jwt", "response_type", "id_token token")))
	if said := b.front("jwt", "id_token token", "request", object); !said.Has("access_token") {
		t.Errorf("in an object: %v", said)
	}
	object = w.object("jwt", inside(request("jwt", "response_type", "id_token", "nonce", "")))
	if said := b.front("jwt", "id_token", "nonce", "", "request", object); said.Get("error") != "invalid_request" || w.reason() != "nonce_missing" {
		t.Errorf("in an object without nonce: %v", said)
	}
}

// TestFrontTermsChange: a response type that is struck off while a person signs in is not answered.
func TestFrontTermsChange(t *testing.T) {
	w := newFront(t)
	b, resume := w.halfway(t, "basic", "response_type", "id_token token")
	w.allowFront("basic", trust.ResponseCode)
	before := w.lastSeq()
	w.back(t, "struck off", b.get(resume), before, "unauthorized_client", "unauthorized_client")
	b, resume = w.halfway(t, "public", "response_type", "id_token")
	w.p.responses = w.p.responses[:1]
	before = w.lastSeq()
	w.back(t, "offered no more", b.get(resume), before, "unsupported_response_type", "unsupported_response_type")
}

// TestFrontResources: an access token by the browser is for whom the request names, and for nobody else.
func TestFrontResources(t *testing.T) {
	w := newNetwork(t)
	w.p.responses = trust.ResponseTypes()
	w.allowFront(app, trust.ResponseTypes()...)
	b := w.browser()
	before := w.lastSeq()
	said := b.front(app, "id_token token", "scope", everything, "resource", recordsURI)
	claims, header := w.verified(said.Get("access_token"))
	if claims["aud"] != recordsURI || header.ExtraHeaders["typ"] != "at+jwt" || claims["sub"] == nurse || said.Get("scope") != "nationalrbacaccess selectedrole fhir.read fhir.write" {
		t.Errorf("%v %v", claims, said)
	}
	if !w.active(records, said.Get("access_token")) || w.userinfo(said.Get("access_token")).status == http.StatusOK {
		t.Error("it is good for somebody else, or not for whom it is")
	}
	var partners []string
	for _, e := range w.events(before) {
		if e.Kind == ledger.Issued {
			partners = append(partners, e.Partner)
		}
	}
	slices.Sort(partners)
	if want := []string{app, records}; !slices.Equal(partners, slices.Sorted(slices.Values(want))) {
		t.Errorf("recorded for %v", partners)
	}
	if said := b.front(app, "id_token token", "resource", "https://evil.example/"); said.Get("error") != codeInvalidTarget {
		t.Errorf("%v", said)
	}
	id := b.front(app, "id_token", "scope", everything).Get("id_token")
	if got := w.swap(app, id, "subject_token_type", typeIDToken, "audience", pathology); got.status != http.StatusOK {
		t.Errorf("its ID token is not exchanged: %d %s", got.status, got.body)
	}
}

// TestFrontSmart: launches and clinical scopes are for codes alone; fhirUser, which tells who the person is, is not.
func TestFrontSmart(t *testing.T) {
	w := newWard(t)
	w.p.responses = trust.ResponseTypes()
	w.allowFront(chart, trust.ResponseTypes()...)
	b := w.browser()
	w.working(b)
	for _, kind := range []string{"id_token", "id_token token", "code token", "code id_token"} {
		for _, scope := range []string{"openid user/*.rs", "openid launch/patient"} {
			if said := b.front(chart, kind, "scope", scope, "aud", fhirBase); said.Get("error") != codeResponseType {
				t.Errorf("%s %s: %v", kind, scope, said)
			}
		}
	}
	said := b.front(chart, "code id_token", "scope", "openid fhirUser online_access")
	if claims, _ := w.verified(said.Get("id_token")); claims["fhirUser"] == nil {
		t.Errorf("%v", claims)
	}
}

// TestFrontEndsWithTheSession: nothing that passed through a browser is good for longer than the session.
func TestFrontEndsWithTheSession(t *testing.T) {
	w := newFront(t)
	w.hub.Limits.Absolute = 2 * time.Minute
	said := w.browser().front("basic", "id_token token")
	claims, _ := w.verified(said.Get("id_token"))
	if want := float64(w.clock().Add(2 * time.Minute).Unix()); said.Get("expires_in") != "120" || claims["exp"] != want {
		t.Errorf("expires in %s, and at %v", said.Get("expires_in"), claims["exp"])
	}
}
