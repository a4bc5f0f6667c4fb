package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// traded is the answer to an exchange as a client reads it.
type traded struct {
	tokenSet
	Issued string `json:"issued_token_type"`
}

func (w *world) traded(got reply) traded {
	w.t.Helper()
	out := traded{tokenSet: w.tokens(got)}
	must(w.t, json.Unmarshal([]byte(got.body), &out))
	return out
}

// TestExchange: an app's token is narrowed for a resource server, which hears what its own terms release and who acts.
func TestExchange(t *testing.T) {
	w := newNetwork(t)
	set := w.tokens(w.redeem(app, w.browser().code(app, "scope", everything)))
	w.advance(9 * time.Minute)
	before := w.lastSeq()
	got := w.traded(w.swap(app, set.Access, "audience", records, "scope", "fhir.read nationalrbacaccess"))
	if got.Issued != typeAccess || got.Type != "Bearer" || got.Expires != 60 || got.Refresh != "" || got.ID != "" || got.Scope != "fhir.read nationalrbacaccess" {
		t.Errorf("%+v", got)
	}
	claims, _ := w.verified(got.Access)
	if diff := cmp.Diff(map[string]any{"sub": app}, claims["act"]); diff != "" || claims["client_id"] != app || claims["aud"] != recordsURI {
		t.Errorf("act %s, %v", diff, claims)
	}
	if claims["nhsid_nrbac_roles"] == nil || claims["staff"] != nurse || claims["selected_roleid"] != nil || claims["name"] != nil || claims["sub"] == nurse {
		t.Errorf("says %v", claims)
	}
	events := w.events(before)
	if len(events) != 1 || events[0].Kind != ledger.TokenExchanged || events[0].Partner != records || events[0].Subject != nurse ||
		events[0].Detail["client"] != app || events[0].Detail["actors"] != app || events[0].Role != roleOne {
		t.Errorf("record %+v", events)
	}
	if told := w.about(records, got.Access); told["sub"] != claims["sub"] || !cmp.Equal(told["act"], claims["act"]) || told["staff"] != nurse {
		t.Errorf("introspection: %v", told)
	}
	if mine := w.about(app, got.Access); mine["sub"] != nurse || mine["staff"] != nil || mine["act"] == nil {
		t.Errorf("introspection by the client: %v", mine)
	}
	if w.userinfo(got.Access).status != http.StatusUnauthorized || w.active(pathology, got.Access) {
		t.Error("good for others")
	}
	if !w.active(app, set.Access) {
		t.Error("the token that was exchanged is dead")
	}
	w.revoke(app, got.Access)
	if w.active(records, got.Access) || !w.active(app, set.Access) {
		t.Error("revoked: it lives, or what it came from does not")
	}
}

// TestExchangeChain: a resource server exchanges what it was shown. All who act are named, and it ends with the first of them.
func TestExchangeChain(t *testing.T) {
	w := newNetwork(t)
	b := w.browser()
	set := w.tokens(w.redeem(app, w.grantFor(b, everything, gatewayURI)))
	first := w.traded(w.swap(gateway, set.Access, "resource", recordsURI))
	second := w.traded(w.swap(records, first.Access, "audience", pathology, "scope", "fhir.read"))
	want := map[string]any{"sub": records, "act": map[string]any{"sub": gateway, "act": map[string]any{"sub": app}}}
	if diff := cmp.Diff(want, w.about(pathology, second.Access)["act"]); diff != "" {
		t.Errorf("act: %s", diff)
	}
	if got := w.about(pathology, second.Access); got["client_id"] != records || got["scope"] != "fhir.read" || got["name"] != nil || got["aud"] != labURI {
		t.Errorf("told %v", got)
	}
	claims, _ := w.verified(first.Access)
	if diff := cmp.Diff(want["act"], claims["act"]); diff != "" {
		t.Errorf("act of the first: %s", diff)
	}
	for name, end := range map[string]func() string{
		"the last":   func() string { w.revoke(records, second.Access); return "" },
		"the middle": func() string { w.revoke(gateway, first.Access); return "" },
		"the app's":  func() string { w.revoke(app, set.Refresh); return "" },
		"the app":    func() string { w.change(app, func(p *trust.Partner) { p.Stage = trust.SuspendedAt }); return app },
		"the gateway": func() string {
			w.change(gateway, func(p *trust.Partner) { p.Stage = trust.SuspendedAt })
			return gateway
		},
		"the session": func() string { b.get(logoutQuery("id_token_hint", set.ID)); return "" },
		"the permission": func() string {
			w.change(records, func(p *trust.Partner) { p.OIDC.Tokens.Exchange = nil })
			return records
		},
		"nobody's, early": nil,
	} {
		w = newNetwork(t)
		b = w.browser()
		set = w.tokens(w.redeem(app, w.grantFor(b, everything, gatewayURI)))
		first = w.traded(w.swap(gateway, set.Access, "resource", recordsURI))
		second = w.traded(w.swap(records, first.Access, "audience", pathology, "scope", "fhir.read"))
		if end != nil {
			end()
		}
		if w.active(pathology, second.Access) != (end == nil) {
			t.Errorf("%s ended: active is %t", name, end != nil)
		}
	}
}

// TestExchangeDepth: parties do not stand behind each other without end.
func TestExchangeDepth(t *testing.T) {
	w := newNetwork(t)
	for _, id := range []string{gateway, records} {
		w.change(id, func(p *trust.Partner) { p.OIDC.Tokens.Exchange = []string{gateway, records} })
	}
	token := w.tokens(w.redeem(app, w.grantFor(w.browser(), everything, gatewayURI))).Access
	holder, next := gateway, records
	for n := 2; n <= maxActors; n++ {
		token = w.traded(w.swap(holder, token, "audience", next)).Access
		holder, next = next, holder
	}
	after := w.lastSeq()
	w.denied(t, "one too many", w.swap(holder, token, "audience", next), after, 400, "invalid_request", "subject_token")
}

// TestExchangeOfIDToken: by terms only, while it has not expired, in a session that lives, in the role that it names.
func TestExchangeOfIDToken(t *testing.T) {
	w := newNetwork(t)
	b := w.browser()
	set := w.tokens(w.redeem(app, b.code(app, "scope", everything)))
	idToken := []string{"subject_token_type", typeIDToken, "audience", records}
	got := w.traded(w.swap(app, set.ID, append(idToken, "scope", "fhir.read selectedrole", "requested_token_type", typeJWT)...))
	claims, _ := w.verified(got.Access)
	if got.Issued != typeJWT || got.Scope != "fhir.read selectedrole" || claims["selected_roleid"] != roleOne || claims["nhsid_nrbac_roles"] != nil ||
		!cmp.Equal(claims["act"], any(map[string]any{"sub": app})) || claims["auth_time"] == nil || claims["acr"] != "AAL3_ANY" {
		t.Errorf("%+v %v", got, claims)
	}
	if !w.active(records, got.Access) {
		t.Error("not active")
	}
	after := w.lastSeq()
	w.denied(t, "a scope that the terms do not allow", w.swap(app, set.ID, append(idToken, "scope", "pharmacy.write")...), after, 400, "invalid_scope", "invalid_scope")
	w.denied(t, "another client's", w.swap(gateway, set.ID, idToken...), after, 400, "invalid_request", "subject_token")
	w.change(gateway, func(p *trust.Partner) { p.OIDC.Tokens.ExchangeIDToken = true })
	w.denied(t, "another client's, which might exchange its own", w.swap(gateway, set.ID, idToken...), after, 400, "invalid_request", "subject_token")
	w.advance(10 * time.Minute)
	after = w.lastSeq()
	w.denied(t, "expired", w.swap(app, set.ID, idToken...), after, 400, "invalid_request", "subject_token")
	set = w.tokens(w.redeem(app, b.code(app, "scope", everything)))
	got = w.traded(w.swap(app, set.ID, idToken...))
	b.get(logoutQuery("id_token_hint", set.ID))
	after = w.lastSeq()
	w.denied(t, "session over", w.swap(app, set.ID, idToken...), after, 400, "invalid_request", "subject_token")
	if w.active(records, got.Access) {
		t.Error("outlived the session")
	}
}

// TestExchangedIDTokenEndsWithItsGrant: what an ID token was exchanged for ends when the grant is revoked that it came from, and it is
// exchanged no more; another grant of the same session goes on. One that does not say its grant is not exchanged.
func TestExchangedIDTokenEndsWithItsGrant(t *testing.T) {
	w := newNetwork(t)
	w.p.life.IDToken = 3 * w.p.life.Access
	b := w.browser()
	idToken := []string{"subject_token_type", typeIDToken, "audience", records}
	first, second := w.tokens(w.redeem(app, b.code(app, "scope", everything))), w.tokens(w.redeem(app, b.code(app, "scope", everything)))
	ended, lives := w.traded(w.swap(app, first.ID, idToken...)), w.traded(w.swap(app, second.ID, idToken...))
	w.revoke(app, first.Access)
	if w.active(records, ended.Access) {
		t.Error("the token outlived the grant that it came from")
	}
	if !w.active(records, lives.Access) {
		t.Error("a token of another grant ended")
	}
	after := w.lastSeq()
	w.denied(t, "the grant has ended", w.swap(app, first.ID, idToken...), after, 400, "invalid_request", "subject_token")
	w.traded(w.swap(app, second.ID, idToken...))

	w.change(app, func(p *trust.Partner) { p.OIDC.Tokens.ExchangeIDToken, p.OIDC.Refresh = false, false })
	set := w.tokens(w.redeem(app, b.code(app, "scope", everything)))
	if claims, _ := w.verified(set.ID); claims["jti"] != nil {
		t.Errorf("a client that exchanges nothing has a jti: %v", claims)
	}
	w.change(app, func(p *trust.Partner) { p.OIDC.Tokens.ExchangeIDToken = true })
	after = w.lastSeq()
	w.denied(t, "it does not say its grant", w.swap(app, set.ID, idToken...), after, 400, "invalid_request", "subject_token")

	set = w.tokens(w.redeem(app, b.code(app, "scope", everything)))
	w.advance(w.p.life.Access * 2)
	w.traded(w.swap(app, set.ID, idToken...)) // its access token has expired, and there is no refresh token
}

// TestExchangeIsBoundByTheCaller: who passes a token on may pass on no scope that its own terms do not name, and nothing that was asked
// for in another way of signing in.
func TestExchangeIsBoundByTheCaller(t *testing.T) {
	w := newNetwork(t)
	w.change(gateway, func(p *trust.Partner) { p.OIDC.Scopes = []string{"fhir.read"} })
	b := w.browser()
	set := w.tokens(w.redeem(app, w.grantFor(b, everything, gatewayURI)))
	if got := w.traded(w.swap(gateway, set.Access, "audience", records)); got.Scope != "fhir.read" {
		t.Errorf("scope %q", got.Scope)
	}
	after := w.lastSeq()
	w.denied(t, "more than it may", w.swap(gateway, set.Access, "audience", records, "scope", "nationalrbacaccess"), after, 400, "invalid_scope", "invalid_scope")

	w.change(gateway, func(p *trust.Partner) {
		p.OIDC.Scopes, p.OIDC.Tokens.ResourceScopes = strings.Fields(everything), []string{"lab.read"}
	})
	set = w.tokens(w.redeem(app, w.grantFor(b, everything, gatewayURI, labURI)))
	if got := w.traded(w.swap(gateway, set.Access, "audience", pathology)); got.Scope != "lab.read" {
		t.Errorf("of a token for two it passes on %q", got.Scope)
	}
	w.change(app, func(p *trust.Partner) { p.OIDC.Tokens.ResourceServers = nil })
	after = w.lastSeq()
	w.denied(t, "not for it any more", w.swap(gateway, set.Access, "audience", records), after, 400, "invalid_request", "subject_token")

	w.method = bridge.MethodFIDO2
	b = w.browser()
	set = w.tokens(w.redeem(app, b.code(app, "scope", everything, "acr_values", "AAL3_FIDO2")))
	got := w.traded(w.swap(app, set.Access, "audience", pathology))
	if w.about(pathology, got.Access)["acr"] != "AAL3_FIDO2" {
		t.Error("acr")
	}
	w.method = bridge.MethodSmartcard
	b.code("post", "prompt", "login")
	after = w.lastSeq()
	w.denied(t, "proven anew by a card", w.swap(app, set.Access, "audience", pathology), after, 400, "invalid_request", "subject_token")
	w.denied(t, "and its ID token", w.swap(app, set.ID, "audience", pathology, "subject_token_type", typeIDToken), after, 400, "invalid_request", "subject_token")
	if w.active(pathology, got.Access) {
		t.Error("a class that is not met any more is told of")
	}
}

// TestExchangedTokensFollowTheRole: what is told of a person who acts in another role now, or in none any more, is decided anew.
func TestExchangedTokensFollowTheRole(t *testing.T) {
	w := newNetwork(t)
	set := w.tokens(w.redeem(app, w.browser().code(app, "scope", everything)))
	got := w.traded(w.swap(app, set.Access, "audience", pathology))
	if w.about(pathology, got.Access)["nhsid_nrbac_roles"] == nil {
		t.Fatal("no role")
	}
	person, err := w.store.Person(context.Background(), nurse)
	must(t, err)
	person.Roles = person.Roles[1:]
	must(t, w.store.SavePersons(context.Background(), person))
	if w.active(pathology, got.Access) {
		t.Error("a role that was taken away is told of")
	}
	after := w.lastSeq()
	w.denied(t, "exchanged again", w.swap(app, set.Access, "audience", pathology), after, 400, "invalid_target", "invalid_target")
}

// exchangeRows are about the exchange of tokens.
func exchangeRows(t *testing.T) {
	w := newNetwork(t)
	b := w.browser()
	set := w.tokens(w.redeem(app, b.code(app, "scope", everything)))
	issuedFor := func(resource string) string {
		return w.tokens(w.redeem(app, w.grantFor(b, everything, resource))).Access
	}
	own := w.own(app).Access
	other := w.tokens(w.redeem("basic", b.code("basic")))
	t.Run("189 of another audience", func(t *testing.T) {
		for what, token := range map[string]string{
			"opaque": issuedFor(labURI), "JWT": issuedFor(recordsURI), "exchanged": w.traded(w.swap(app, set.Access, "audience", records)).Access,
		} {
			after := w.lastSeq()
			w.denied(t, what, w.userinfo(token), after, http.StatusUnauthorized, "invalid_token", "token_audience")
		}
	})
	t.Run("190 by others", func(t *testing.T) {
		for _, token := range []string{issuedFor(labURI), issuedFor(recordsURI), own, set.Refresh} {
			for _, who := range []string{gateway, "basic"} {
				if w.active(who, token) {
					t.Errorf("%s is told of a token that is not for it", who)
				}
				w.revoke(who, token)
			}
			if !w.active(app, token) {
				t.Error("another client revoked it")
			}
		}
		mine := issuedFor(labURI)
		w.revoke(pathology, mine)
		if !w.active(app, mine) {
			t.Error("a resource server revoked a token that it was shown")
		}
	})
	t.Run("185", func(t *testing.T) {
		for _, c := range []struct {
			name, client, token string
			pairs               []string
			code, reason        string
		}{
			{"an ID token as access token", app, set.ID, []string{"audience", records}, "invalid_request", "subject_token"},
			{"an ID token as JWT", app, set.ID, []string{"audience", records, "subject_token_type", typeJWT}, "invalid_request", "subject_token"},
			{"an access token as ID token", app, set.Access, []string{"audience", records, "subject_token_type", typeIDToken}, "invalid_request", "subject_token"},
			{"a JWT access token as ID token", app, issuedFor(recordsURI), []string{"audience", pathology, "subject_token_type", typeIDToken}, "invalid_request", "subject_token"},
			{"a refresh token as access token", app, set.Refresh, []string{"audience", records}, "invalid_request", "subject_token"},
			{"of another client", app, other.Access, []string{"audience", records}, "invalid_request", "subject_token"},
			{"for another service", gateway, issuedFor(labURI), []string{"audience", records}, "invalid_request", "subject_token"},
			{"for another service by JWT", gateway, issuedFor(recordsURI), []string{"audience", pathology}, "invalid_request", "subject_token"},
			{"of no person", app, own, []string{"audience", records}, "invalid_request", "subject_token"},
			{"nonsense", app, "a.b.c", []string{"audience", records}, "invalid_request", "subject_token"},
			{"no type", app, set.Access, []string{"audience", records, "subject_token_type", ""}, "invalid_request", "subject_token_type"},
			{"unknown type", app, set.Access, []string{"audience", records, "subject_token_type", "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request", "subject_token_type"},
			{"refresh token type", app, set.Refresh, []string{"audience", records, "subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request", "subject_token_type"},
			{"no target", app, set.Access, nil, "invalid_request", "no_target"},
			{"a target that the terms do not name", app, set.Access, []string{"audience", imaging}, "invalid_target", "invalid_target"},
			{"a resource that the terms do not name", app, set.Access, []string{"resource", imagingURI}, "invalid_target", "invalid_target"},
			{"a target of nobody", app, set.Access, []string{"audience", "https://elsewhere.example"}, "invalid_target", "invalid_target"},
			{"itself", app, set.Access, []string{"audience", app}, "invalid_target", "invalid_target"},
			{"two targets", app, set.Access, []string{"audience", records, "audience", pathology}, "invalid_target", "invalid_target"},
			{"two targets by resource", app, set.Access, []string{"audience", records, "resource", labURI}, "invalid_target", "invalid_target"},
			{"many targets", app, set.Access, slices.Repeat([]string{"audience", records}, maxAudience+1), "invalid_target", "invalid_target"},
			{"a name as resource", app, set.Access, []string{"resource", records}, "invalid_target", "invalid_target"},
			{"a scope beyond the token", app, w.traded(w.swap(app, set.Access, "audience", records)).Access, []string{"audience", pathology, "scope", "lab.read"}, "invalid_scope", "invalid_scope"},
			{"openid", app, set.Access, []string{"audience", records, "scope", "openid"}, "invalid_scope", "invalid_scope"},
			{"an ID token is asked for", app, set.Access, []string{"audience", records, "requested_token_type", typeIDToken}, "invalid_request", "requested_token_type"},
			{"a JWT of who takes none", app, set.Access, []string{"audience", pathology, "requested_token_type", typeJWT}, "invalid_request", "requested_token_type"},
			{"an actor token", app, set.Access, []string{"audience", records, "actor_token", set.Access, "actor_token_type", typeAccess}, "invalid_request", "actor_token"},
			{"an actor token without a type", app, set.Access, []string{"audience", records, "actor_token", set.ID}, "invalid_request", "actor_token"},
			{"not in the terms", pathology, issuedFor(labURI), []string{"audience", records}, "unauthorized_client", "unauthorized_client"},
		} {
			after := w.lastSeq()
			w.denied(t, c.name, w.swap(c.client, c.token, c.pairs...), after, 400, c.code, c.reason)
		}
		w.change(app, func(p *trust.Partner) { p.OIDC.Tokens.ExchangeIDToken = false })
		after := w.lastSeq()
		w.denied(t, "an ID token without terms", w.swap(app, set.ID, "audience", records, "subject_token_type", typeIDToken), after, 400, "invalid_request", "subject_token")
		w.change(records, func(p *trust.Partner) { p.Stage = trust.SuspendedAt })
		after = w.lastSeq()
		w.denied(t, "a suspended target", w.swap(app, set.Access, "audience", records), after, 400, "invalid_target", "invalid_target")
		if !w.active(app, set.Access) || !w.active("basic", other.Access) {
			t.Error("a refused exchange ended a grant")
		}
	})
}

// TestExchangeSaysNoMore: whatever scopes are asked for and whatever the terms of the target release, an exchanged or narrowed token
// says no claim that the target's terms do not release, none whose scope the source had not, and has no scope that the source had not.
func TestExchangeSaysNoMore(t *testing.T) {
	w := newNetwork(t)
	b := w.browser()
	all := strings.Fields(everything)
	sets := []string{"profile", "email", "nationalrbacaccess", "selectedrole"}
	said := 0
	rapid.Check(t, func(rt *rapid.T) {
		scopes := append([]string{"openid"}, rapid.SliceOfDistinct(rapid.SampledFrom(all[1:]), rapid.ID).Draw(rt, "granted")...)
		release := rapid.SliceOfDistinct(rapid.SampledFrom(sets), rapid.ID).Draw(rt, "released")
		known := rapid.SliceOfDistinct(rapid.SampledFrom(all[1:]), rapid.ID).Draw(rt, "scopes of the target")
		asked := rapid.SliceOfDistinct(rapid.SampledFrom(all[1:]), rapid.ID).Draw(rt, "asked")
		byJWT := rapid.Bool().Draw(rt, "JWT")
		w.enlist(records, releases(release), func(d *trust.OIDCDocument) {
			d.Resource, d.ResourceScopes = []string{recordsURI}, known
			if byJWT {
				d.AccessToken = "jwt"
			}
		})
		var form []string
		if len(asked) > 0 {
			form = []string{"scope", strings.Join(asked, " ")}
		}
		var got reply
		direct := rapid.Bool().Draw(rt, "by a resource of its own")
		if direct {
			set := w.tokens(w.redeem(app, w.grantFor(b, strings.Join(scopes, " "), recordsURI)))
			got = w.refresh(app, set.Refresh, form...)
		} else {
			set := w.tokens(w.redeem(app, b.code(app, "scope", strings.Join(scopes, " "))))
			got = w.swap(app, set.Access, append(form, "audience", records)...)
		}
		if beyond := slices.ContainsFunc(asked, func(s string) bool { return !slices.Contains(scopes, s) }); beyond != (got.status != http.StatusOK) {
			rt.Fatalf("asked %v of %v: %d", asked, scopes, got.status)
		}
		if got.status != http.StatusOK {
			return
		}
		out := w.tokens(got)
		claims := w.about(records, out.Access)
		if byJWT {
			inside, _ := w.verified(out.Access)
			for name, v := range inside {
				if v2, ok := claims[name]; !ok || fmt.Sprint(v) != fmt.Sprint(v2) {
					rt.Fatalf("%s is %v in the token and %v by introspection", name, v, v2)
				}
			}
		}
		had := strings.Fields(out.Scope)
		for _, s := range had {
			if s == "openid" && direct && (len(known) == 0 || slices.Contains(known, s)) {
				continue // a refresh keeps it
			}
			if !slices.Contains(scopes, s) || len(asked) > 0 && !slices.Contains(asked, s) || len(known) > 0 && !slices.Contains(known, s) || s == "openid" {
				rt.Fatalf("scope %s of %v, asked %v, known %v", s, scopes, asked, known)
			}
		}
		for name := range claims {
			if trust.ReservedClaim(name) {
				continue
			}
			said++
			of := w.p.scopes.scopes[name]
			if len(of) == 0 || !slices.ContainsFunc(of, func(s string) bool { return slices.Contains(release, s) && slices.Contains(had, s) }) {
				rt.Fatalf("%s is said: released %v, scopes %v", name, release, had)
			}
		}
	})
	if said == 0 {
		t.Error("nothing was ever said")
	}
}

func releases(sets []string) []trust.Release {
	var out []trust.Release
	for _, s := range sets {
		out = append(out, trust.Release{Set: s})
	}
	return out
}

// TestRefusedExchangeLeavesNothing: a store that does not answer, and a session that ends meanwhile.
func TestRefusedExchangeLeavesNothing(t *testing.T) {
	w := newNetwork(t)
	set := w.tokens(w.redeem(app, w.browser().code(app, "scope", everything)))
	journal := w.hub.Journal
	w.hub.Journal = brokenJournal{}
	if got := w.swap(app, set.Access, "audience", records); got.status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.hub.Journal = journal
	if !w.active(app, set.Access) {
		t.Error("the grant ended")
	}
	got := w.traded(w.swap(app, set.Access, "audience", records))
	at, err := w.p.readAccess(got.Access)
	must(t, err)
	stored, err := w.store.Get(context.Background(), bridge.KindGrant, at.Grant, w.clock())
	if err != nil || stored.Expires.After(w.clock().Add(10*time.Minute)) || stored.Session == "" {
		t.Errorf("stored until %v, session %q, %v", stored.Expires, stored.Session, err)
	}
}
