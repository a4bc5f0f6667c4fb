package oidc

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestClientCredentials: a client gets a token in its own name, for itself or a resource server, and nothing that a person would give.
func TestClientCredentials(t *testing.T) {
	w := newNetwork(t)
	before := w.lastSeq()
	set := w.own(app)
	if set.Type != "Bearer" || set.Expires != 600 || set.Refresh != "" || set.ID != "" || set.Scope != "fhir.read fhir.write lab.read" {
		t.Errorf("%+v", set)
	}
	events := w.events(before)
	if len(events) != 1 || events[0].Kind != ledger.ClientTokenIssued || events[0].Partner != app || events[0].Subject != "" || events[0].Peer == "" || events[0].Tracking != "" {
		t.Errorf("record %+v", events)
	}
	now := float64(w.clock().Unix())
	want := map[string]any{
		"active": true, "iss": issuer, "sub": app, "client_id": app, "aud": app, "scope": set.Scope, "token_type": "Bearer", "iat": now, "exp": now + 600,
	}
	if diff := cmp.Diff(want, w.about(app, set.Access)); diff != "" {
		t.Errorf("introspection: %s", diff)
	}
	if w.active(gateway, set.Access) {
		t.Error("a resource server was told of a token that is not for it")
	}
	after := w.lastSeq()
	got := w.userinfo(set.Access)
	w.denied(t, "userinfo", got, after, http.StatusForbidden, "insufficient_scope", "insufficient_scope")

	narrow := w.own(app, "scope", "fhir.read fhir.read")
	if narrow.Scope != "fhir.read" {
		t.Errorf("scope %q", narrow.Scope)
	}
	w.revoke(gateway, set.Access)
	if !w.active(app, set.Access) {
		t.Error("another client revoked it")
	}
	w.revoke(app, set.Access)
	if w.active(app, set.Access) || !w.active(app, narrow.Access) {
		t.Error("a token lives after its revocation, or another does not")
	}
	w.advance(10 * time.Minute)
	if w.active(app, narrow.Access) {
		t.Error("a token outlived itself")
	}
}

// TestClientCredentialsForOthers: the audience is the resource that was named, in the form that its server takes.
func TestClientCredentialsForOthers(t *testing.T) {
	w := newNetwork(t)
	before := w.lastSeq()
	set := w.own(app, "resource", recordsURI, "scope", "fhir.read lab.read")
	claims, header := w.verified(set.Access)
	if header.ExtraHeaders["typ"] != "at+jwt" || set.Scope != "fhir.read" {
		t.Errorf("header %v, scope %q", header, set.Scope)
	}
	now := float64(w.clock().Unix())
	jti, _ := claims["jti"].(string)
	want := map[string]any{"iss": issuer, "sub": app, "client_id": app, "aud": recordsURI, "scope": "fhir.read", "iat": now, "exp": now + 600, "jti": jti}
	if diff := cmp.Diff(want, claims); diff != "" || jti == "" {
		t.Errorf("JWT: %s", diff)
	}
	if e := w.events(before); len(e) != 1 || e[0].Detail["resource_servers"] != records {
		t.Errorf("record %+v", e)
	}
	want["active"], want["token_type"] = true, "Bearer"
	for _, who := range []string{app, records} {
		if diff := cmp.Diff(want, w.about(who, set.Access)); diff != "" {
			t.Errorf("%s: %s", who, diff)
		}
	}
	if w.active(pathology, set.Access) || w.userinfo(set.Access).status != http.StatusUnauthorized {
		t.Error("taken where it is not meant for")
	}
	w.revoke(app, set.Access)
	if w.active(records, set.Access) {
		t.Error("a JWT lives at the hub after its revocation")
	}
	two := w.own(app, "resource", gatewayURI, "resource", labURI)
	if got := w.about(app, two.Access)["aud"]; !cmp.Equal(got, []any{gatewayURI, labURI}) {
		t.Errorf("aud %v", got)
	}
	if w.about(gateway, two.Access)["aud"] != gatewayURI || w.about(pathology, two.Access)["aud"] != labURI {
		t.Error("a resource server is told of the others")
	}
}

// TestClientCredentialsRefused: never a scope of a person, nor one of others; never without the terms.
func TestClientCredentialsRefused(t *testing.T) {
	w := newNetwork(t)
	for _, c := range []struct {
		name, client string
		pairs        []string
		code, reason string
	}{
		{"openid", app, []string{"scope", "openid fhir.read"}, "invalid_scope", "invalid_scope"},
		{"a scope of claims", app, []string{"scope", "nationalrbacaccess"}, "invalid_scope", "invalid_scope"},
		{"a scope of others", app, []string{"scope", "pharmacy.write"}, "invalid_scope", "invalid_scope"},
		{"a resource of nobody", app, []string{"resource", "https://elsewhere.example"}, "invalid_target", "invalid_target"},
		{"a resource that is not allowed", gateway, []string{"resource", imagingURI}, "invalid_target", "invalid_target"},
		{"two resource servers, one by JWT", app, []string{"resource", recordsURI, "resource", labURI}, "invalid_target", "invalid_target"},
		{"not in the terms", pathology, nil, "unauthorized_client", "unauthorized_client"},
		{"not in the terms of a client with pages", "basic", nil, "unauthorized_client", "unauthorized_client"},
	} {
		after := w.lastSeq()
		w.denied(t, c.name, w.ask(c.client, append(c.pairs, "grant_type", trust.GrantClient)...), after, 400, c.code, c.reason)
	}
}

// TestOwnTokensFollowTheTerms: what a client has in its own name dies with what allowed it.
func TestOwnTokensFollowTheTerms(t *testing.T) {
	for name, how := range map[string]func(*trust.Partner){
		"grant":           func(p *trust.Partner) { p.OIDC.Grants = []string{trust.GrantCode} },
		"resource server": func(p *trust.Partner) { p.OIDC.Tokens.ResourceServers = []string{pathology} },
		"partner":         func(p *trust.Partner) { p.Stage = trust.SuspendedAt },
	} {
		w := newNetwork(t)
		set := w.own(app, "resource", gatewayURI)
		if !w.active(gateway, set.Access) {
			t.Fatal("not active")
		}
		w.change(app, how)
		if w.active(gateway, set.Access) {
			t.Errorf("%s: the token outlived it", name)
		}
	}
	w := newNetwork(t)
	set := w.own(app)
	w.change(app, func(p *trust.Partner) { p.OIDC.Scopes = []string{"openid", "lab.read"} })
	if got := w.about(app, set.Access)["scope"]; got != "lab.read" {
		t.Errorf("scope %v", got)
	}
}

// TestOwnTokenIsOneCommit: and it stores nothing but its line in the record.
func TestOwnTokenIsOneCommit(t *testing.T) {
	w := newNetwork(t)
	counted := &countedJournal{Journal: w.store}
	w.hub.Journal = counted
	set := w.own(app)
	if counted.commits != 1 {
		t.Errorf("%d commits", counted.commits)
	}
	at, err := w.p.readAccess(set.Access)
	must(t, err)
	if _, err := w.store.Get(context.Background(), bridge.KindGrant, at.Grant, w.clock()); err == nil {
		t.Error("a grant is stored")
	}
	w.hub.Journal = brokenJournal{}
	if got := w.ask(app, "grant_type", trust.GrantClient); got.status != http.StatusServiceUnavailable {
		t.Errorf("a token without a record: %d %s", got.status, got.body)
	}
}
