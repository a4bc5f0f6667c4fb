package oidc

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestRegisterAndUse: a client registers by an invitation and signs somebody in.
func TestRegisterAndUse(t *testing.T) {
	w := newRegistrations(t, false, permits)
	var discovery struct {
		Endpoint string `json:"registration_endpoint"`
	}
	must(t, json.Unmarshal([]byte(w.browser().get(discoveryPath).body), &discovery))
	if discovery.Endpoint != issuer+registerPath {
		t.Errorf("discovery says %q", discovery.Endpoint)
	}
	before := w.lastSeq()
	c := w.client(`,"client_name":"EPR","scope":"openid profile email","contacts":["dev@supplier.example"]`)
	if c.ID == "" || c.Secret == "" || c.Token == "" || c.Ends == nil || *c.Ends != 0 || c.Issued != w.clock().Unix() || c.Name != "EPR" || c.Auth != authBasic ||
		c.Scope != "openid profile" || c.Subject != "public" || c.IDAlg != "RS256" || c.URI != issuer+registerPath+"/"+c.ID || c.Contacts[0] != "dev@supplier.example" {
		t.Errorf("told %+v", c)
	}
	events := w.events(before)
	if len(events) != 1 || events[0].Kind != ledger.ClientRegistered || events[0].Partner != c.ID || events[0].Detail["change"] != "registered" || events[0].Detail["stage"] != "test" || events[0].Detail["invitation"] == "" || events[0].Peer == "" {
		t.Errorf("recorded %+v", events)
	}
	code := w.browser().code(c.ID, "scope", "openid profile")
	got := w.form(tokenPath, codeForm(code), basicHeader(c.ID+":"+c.Secret))
	claims, header := w.verified(w.tokens(got).ID)
	if claims["aud"] != c.ID || header.Algorithm != "RS256" {
		t.Errorf("%v %v", claims, header)
	}
	info := w.userinfo(w.tokens(got).Access)
	if !strings.Contains(info.body, "Asha") || strings.Contains(info.body, "email") {
		t.Errorf("userinfo %s", info.body)
	}
	stored, _, err := w.store.Partners(context.Background())
	must(t, err)
	for _, secret := range []string{c.Secret, c.Token} {
		if strings.Contains(string(stored[0].Document), secret) {
			t.Error("a secret is stored as it is")
		}
	}
}

// TestRegisterBound: a client whose tokens are to be bound gets none without a proof.
func TestRegisterBound(t *testing.T) {
	w := newRegistrations(t, false, permits)
	c := w.client(`,"dpop_bound_access_tokens":true`)
	p, err := w.registry.Partner(trust.OIDC, c.ID)
	must(t, err)
	got := w.form(tokenPath, codeForm(w.browser().code(c.ID)), basicHeader(c.ID+":"+c.Secret))
	if p.OIDC.Bind != trust.BindDPoP || got.status == 200 {
		t.Errorf("%s: %d %s", p.OIDC.Bind, got.status, got.body)
	}
}

// TestInvitationIsUsedUp: once, and not after its end.
func TestInvitationIsUsedUp(t *testing.T) {
	w := newRegistrations(t, false, permits)
	once := w.invite(1, "")
	w.refused("bad metadata", w.ask(http.MethodPost, registerPath, once, `{}`), 400, "invalid_redirect_uri", "invalid_redirect_uri")
	w.registered(w.ask(http.MethodPost, registerPath, once, `{`+usual+`}`), 201)
	w.refused("a second use", w.ask(http.MethodPost, registerPath, once, `{`+usual+`}`), 401, "invalid_token", codeRegistrationToken)
	late := w.invite(9, "")
	w.advance(8 * 24 * time.Hour)
	w.refused("after its end", w.ask(http.MethodPost, registerPath, late, `{`+usual+`}`), 401, "invalid_token", codeRegistrationToken)
}

// TestInvitationsHaveTheirOwnTerms: what one supplier may have, another may not.
func TestInvitationsHaveTheirOwnTerms(t *testing.T) {
	w := newRegistrations(t, false, permits)
	own := w.invite(1, "stage: draft\nsubject: pairwise\noidc: {scopes: [openid, email], id_token_alg: ES256}\n")
	c := w.registered(w.ask(http.MethodPost, registerPath, own, `{`+usual+`,"scope":"openid email profile"}`), 201)
	if c.Scope != "openid email" || c.Subject != "pairwise" || c.IDAlg != "ES256" {
		t.Errorf("%+v", c)
	}
	if got := w.browser().authorize(c.ID); got.status == http.StatusSeeOther || got.query("code") != "" {
		t.Errorf("a draft is answered: %d %v", got.status, got.to)
	}
	if read := w.registered(w.ask(http.MethodGet, c.path(), c.Token, ""), 200); read.ID != c.ID {
		t.Errorf("a draft cannot be read: %+v", read)
	}
}

// TestRegisterAtAFace: an invitation leads to the issuer whose clients it is for, and to no other.
func TestRegisterAtAFace(t *testing.T) {
	w := newRegistrations(t, false, permits)
	second, err := New(Options{
		Kit: w.kit, Hub: w.hub, Keys: w.p.keys, Fetcher: FetcherFunc(w.fetch), Registering: w.p.registering, Face: CIS2Face(cis2Base, true),
	})
	must(t, err)
	w.router = w.kit.Router(w.p.Routes(), second.Routes(), w.steps())
	const at = cis2Base + "/connect/register"
	template := "oidc: { profile: cis2, scopes: [openid], grants: [authorization_code] }\n"
	body := `{` + usual + `,"token_endpoint_auth_method":"client_secret_post"}`
	w.refused("the standard issuer", w.ask(http.MethodPost, registerPath, w.invite(1, template), body), 401, "invalid_token", codeRegistrationToken)
	w.refused("the face", w.ask(http.MethodPost, at, w.invite(1, ""), body), 401, "invalid_token", codeRegistrationToken)
	c := w.registered(w.ask(http.MethodPost, at, w.invite(1, template), body), 201)
	if !strings.HasPrefix(c.URI, cis2Issuer+"/connect/register/") {
		t.Errorf("managed at %s", c.URI)
	}
	path := at + "/" + c.ID
	w.registered(w.ask(http.MethodGet, path, c.Token, ""), 200)
	w.refused("managed elsewhere", w.ask(http.MethodGet, registerPath+"/"+c.ID, c.Token, ""), 401, "invalid_token", codeRegistrationToken)
}

// TestManage: a client reads what is registered of it, replaces it and takes itself out (RFC 7592).
func TestManage(t *testing.T) {
	w := newRegistrations(t, false, permits)
	c := w.client(`,"client_name":"EPR","contacts":["dev@supplier.example"]`)
	read := w.registered(w.ask(http.MethodGet, c.path(), c.Token, ""), 200)
	if read.Secret != "" || read.Token != c.Token || read.URI != c.URI || read.Name != "EPR" || read.Issued != c.Issued {
		t.Errorf("read %+v", read)
	}
	w.advance(time.Minute)
	before := w.lastSeq()
	changed := w.registered(w.ask(http.MethodPut, c.path(), c.Token, `{"client_id":"`+c.ID+`","client_secret":"`+c.Secret+`",`+usual+`,"client_name":"EPR 2","token_endpoint_auth_method":"client_secret_post","client_secret_expires_at":0}`), 200)
	if changed.Secret != "" || changed.Name != "EPR 2" || changed.Contacts != nil || changed.Issued != c.Issued || changed.Token != c.Token {
		t.Errorf("changed %+v", changed)
	}
	if e := w.events(before); len(e) != 1 || e[0].Kind != ledger.ClientRegistered || e[0].Detail["change"] != "changed" {
		t.Errorf("recorded %+v", e)
	}
	w.tokens(w.form(tokenPath, with(codeForm(w.browser().code(c.ID)), "client_id", c.ID, "client_secret", c.Secret))) // the old secret, by the new method
	public := w.registered(w.ask(http.MethodPut, c.path(), c.Token, `{"client_id":"`+c.ID+`",`+usual+`,"token_endpoint_auth_method":"none"}`), 200)
	again := w.registered(w.ask(http.MethodPut, c.path(), c.Token, `{"client_id":"`+c.ID+`",`+usual+`}`), 200)
	if public.Secret != "" || again.Secret == "" || again.Secret == c.Secret || again.Ends == nil {
		t.Errorf("a secret is made when one is needed: %+v %+v", public, again)
	}
	granted := w.tokens(w.form(tokenPath, codeForm(w.browser().code(c.ID)), basicHeader(c.ID+":"+again.Secret)))
	if got := w.ask(http.MethodDelete, c.path(), c.Token, ""); got.status != 204 || got.body != "" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("removed: %d %s", got.status, got.body)
	}
	if got := w.userinfo(granted.Access); got.status != 401 {
		t.Errorf("its grants live on: %d %s", got.status, got.body)
	}
	w.refused("read after the end", w.ask(http.MethodGet, c.path(), c.Token, ""), 401, "invalid_token", codeRegistrationToken)
	if got := w.browser().authorize(c.ID); got.status == http.StatusSeeOther {
		t.Error("a client that is no more is answered")
	}
	if stored, _, err := w.store.Partners(context.Background()); err != nil || len(stored) != 0 {
		t.Errorf("%v %v", stored, err)
	}
}

// TestManageRefused: who holds a token may change what the client said of itself, and nothing else.
func TestManageRefused(t *testing.T) {
	w := newRegistrations(t, false, permits)
	c, other := w.client(`,"client_name":"EPR"`), w.client(`,"client_name":"PAS"`)
	put := func(token, members string) reply {
		return w.ask(http.MethodPut, c.path(), token, `{"client_id":"`+c.ID+`",`+usual+members+`}`)
	}
	for _, token := range []string{"", "x", other.Token, c.Secret} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			got := w.ask(method, c.path(), token, `{}`)
			w.refused(method+" with "+token, got, 401, "invalid_token", codeRegistrationToken)
			if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer ") || strings.Contains(challenge, "error") == (token == "") {
				t.Errorf("challenge %q", challenge)
			}
		}
	}
	w.refused("a client of an administrator", w.ask(http.MethodGet, registerPath+"/basic", c.Token, ""), 401, "invalid_token", codeRegistrationToken)
	w.refused("nobody", w.ask(http.MethodGet, registerPath+"/nobody", c.Token, ""), 401, "invalid_token", codeRegistrationToken)
	w.refused("another id", w.ask(http.MethodPut, c.path(), c.Token, `{"client_id":"`+other.ID+`",`+usual+`}`), 400, "invalid_client_metadata", "invalid_client_metadata")
	w.refused("no id", w.ask(http.MethodPut, c.path(), c.Token, `{`+usual+`}`), 400, "invalid_client_metadata", "invalid_client_metadata")
	w.refused("a secret of its own", put(c.Token, `,"client_secret":"correct-horse-battery-staple-9"`), 400, "invalid_client_metadata", "invalid_client_metadata")
	w.refused("more grants", put(c.Token, `,"grant_types":["authorization_code","client_credentials"]`), 400, "invalid_client_metadata", "invalid_client_metadata")
	w.stage(other.ID, func(d *trust.Document) { d.Stage = trust.Live })
	w.refused("a live client's name", put(c.Token, `,"client_name":"P a s"`), 400, "invalid_client_metadata", "invalid_client_metadata")
	w.refused("a form", func() reply {
		return w.form(registerPath, nil, "Bearer "+w.invite(1, ""))
	}(), 415, "invalid_request", "media_type")
	w.stage(c.ID, func(d *trust.Document) { d.Stage = trust.Live })
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		w.refused(method+" of a live client", w.ask(method, c.path(), c.Token, `{"client_id":"`+c.ID+`",`+usual+`}`), 403, "access_denied", codeNotYours)
	}
	w.registered(w.ask(http.MethodGet, c.path(), c.Token, ""), 200)
	w.stage(c.ID, func(d *trust.Document) { d.Stage = trust.SuspendedAt })
	w.refused("reading a suspended client", w.ask(http.MethodGet, c.path(), c.Token, ""), 403, "access_denied", codeNotYours)
	w.stage(c.ID, func(d *trust.Document) { d.Stage, d.OIDC.Registration = trust.Test, nil })
	w.refused("an administrator's own", w.ask(http.MethodGet, c.path(), c.Token, ""), 401, "invalid_token", codeRegistrationToken)
}

// TestChangeKeepsTheAdministratorsWord: what was decided since the client registered is not undone by a change of its own.
func TestChangeKeepsTheAdministratorsWord(t *testing.T) {
	w := newRegistrations(t, false, permits)
	c := w.client("")
	w.stage(c.ID, func(d *trust.Document) {
		d.Require.Assurance, d.Subject, d.OIDC.Scopes = "AAL3", trust.SubjectPairwise, append(d.OIDC.Scopes, "email")
	})
	changed := w.registered(w.ask(http.MethodPut, c.path(), c.Token, `{"client_id":"`+c.ID+`",`+usual+`}`), 200)
	d, _, err := w.registrar.Current(t.Context(), c.ID)
	must(t, err)
	if d.Require.Assurance != "AAL3" || changed.Subject != "pairwise" || changed.Scope != "openid profile email" || len(d.Release) != 1 {
		t.Errorf("%+v %+v", changed, d)
	}
	w.refused("back to public", w.ask(http.MethodPut, c.path(), c.Token, `{"client_id":"`+c.ID+`",`+usual+`,"subject_type":"public"}`), 400, "invalid_client_metadata", "invalid_client_metadata")
}

// TestOpen: without an invitation a client waits as a draft, and only so many come in an hour, and in all.
func TestOpen(t *testing.T) {
	w := newRegistrations(t, true, "")
	post := func() reply { return w.ask(http.MethodPost, registerPath, "", `{`+usual+`}`) }
	c := w.registered(post(), 201)
	if got := w.browser().authorize(c.ID); got.status == http.StatusSeeOther {
		t.Error("a client that nobody looked at is answered")
	}
	w.refused("a token that is none", w.ask(http.MethodPost, registerPath, "i.secret", `{`+usual+`}`), 401, "invalid_token", codeRegistrationToken)
	w.stage(c.ID, func(d *trust.Document) { d.Stage = trust.Test })
	code := w.browser().code(c.ID)
	claims, _ := w.verified(w.tokens(w.form(tokenPath, codeForm(code), basicHeader(c.ID+":"+c.Secret))).ID)
	if claims["sub"] == nurse {
		t.Error("a stranger is told who it is")
	}
	for range 4 {
		w.registered(post(), 201)
	}
	w.refused("too many in all", post(), 503, "temporarily_unavailable", codeRegistrationsFull)
	for range 4 {
		post()
	}
	w.refused("too many in an hour", post(), 429, "temporarily_unavailable", "throttled")
	w.advance(6 * time.Minute)
	w.refused("too many in all, still", post(), 503, "temporarily_unavailable", codeRegistrationsFull)
	w.refused("too many in an hour, again", post(), 429, "temporarily_unavailable", "throttled")
}

// TestSector: the document of a sector lists every redirect URI, and its host is the sector.
func TestSector(t *testing.T) {
	w := newRegistrations(t, false, "subject: pairwise\noidc: {scopes: [openid]}\n")
	const list = "https://SECTOR.example/list"
	w.documents[list] = `["https://other.example/", "` + callback + `"]`
	c := w.client(`,"sector_identifier_uri":"` + list + `"`)
	if got := w.fetches(); got != list+" guarded" {
		t.Errorf("fetched %s", got)
	}
	p, err := w.registry.Partner(trust.OIDC, c.ID)
	must(t, err)
	if p.OIDC.Sector != "sector.example" {
		t.Errorf("sector %q", p.OIDC.Sector)
	}
	sub := func(c told) any {
		claims, _ := w.verified(w.tokens(w.form(tokenPath, codeForm(w.browser().code(c.ID)), basicHeader(c.ID+":"+c.Secret))).ID)
		return claims["sub"]
	}
	alone, same, again := w.client(""), w.client(""), w.client(`,"sector_identifier_uri":"`+list+`"`)
	if a, b, c, d := sub(c), sub(again), sub(alone), sub(same); a != b || c != d || a == c || a == nurse {
		t.Errorf("subjects %v %v %v %v", a, b, c, d)
	}
}

// TestSignedUserinfo: the registered algorithm decides, by GET and by POST.
func TestSignedUserinfo(t *testing.T) {
	w := newRegistrations(t, false, permits)
	for _, alg := range []string{"RS256", "ES256", "PS384"} {
		c := w.client(`,"userinfo_signed_response_alg":"` + alg + `"`)
		set := w.tokens(w.form(tokenPath, codeForm(w.browser().code(c.ID, "scope", "openid profile")), basicHeader(c.ID+":"+c.Secret)))
		for _, got := range []reply{w.userinfo(set.Access), w.form(userinfoPath, with(nil, "access_token", set.Access))} {
			if got.status != 200 || got.header.Get("Content-Type") != "application/jwt" || got.header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%d %v %s", got.status, got.header, got.body)
			}
			claims, header := w.verified(got.body)
			if header.Algorithm != alg || claims["iss"] != issuer || claims["aud"] != c.ID || claims["sub"] != nurse || claims["name"] != "Nurse Asha Patel" {
				t.Errorf("%v %v", header, claims)
			}
			if _, err := w.p.verifyOwn(got.body); err == nil {
				t.Error("signed userinfo is taken as an ID token")
			}
		}
		must(t, w.registrar.Remove(t.Context(), c.ID, func() int64 { _, r, _ := w.registrar.Current(t.Context(), c.ID); return r }(), ledger.Event{}))
	}
}

// TestLogoutOfStrangers: what a client alone vouches for is told with care, what an administrator vouches for like all partners.
func TestLogoutOfStrangers(t *testing.T) {
	w := newRegistrations(t, false, permits)
	c := w.client(`,"backchannel_logout_uri":"https://epr.example/out"`)
	for _, stage := range []trust.Stage{trust.Test, trust.Live} {
		w.stage(c.ID, func(d *trust.Document) { d.Stage = stage })
		w.guarded, w.posted = 0, nil
		b := w.browser()
		w.tokens(w.form(tokenPath, codeForm(b.code(c.ID)), basicHeader(c.ID+":"+c.Secret)))
		living, err := w.store.Living(t.Context(), bridge.SessionQuery{UID: nurse, Limit: 1})
		must(t, err)
		_, err = w.hub.Logout(t.Context(), living[0].ID, logoutCause{Reason: "admin"})
		must(t, err)
		if want := map[trust.Stage]int{trust.Test: 1}[stage]; len(w.posted) != 1 || w.guarded != want {
			t.Errorf("%s: told %d times, %d with care, want %d", stage, len(w.posted), w.guarded, want)
		}
	}
}

// TestRegisterIsOff: a hub whose clients are its administrators' has no such endpoint.
func TestRegisterIsOff(t *testing.T) {
	w := newWorld(t)
	r := &registrations{world: w}
	if got := r.ask(http.MethodPost, registerPath, "", `{`+usual+`}`); got.status != 404 {
		t.Errorf("%d", got.status)
	}
	if got := w.browser().get(discoveryPath); strings.Contains(got.body, "registration_endpoint") {
		t.Errorf("discovery: %s", got.body)
	}
}
