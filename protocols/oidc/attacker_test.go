package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestAssertionFractionReplay: an assertion whose exp has a fraction is remembered for as long as it is taken.
func TestAssertionFractionReplay(t *testing.T) {
	w := newWorld(t)
	assertion := w.assertion("jwt", func(claims map[string]any, _ *jose.SignerOptions) {
		claims["exp"] = float64(w.clock().Add(time.Minute).Unix()) + 0.9
	})
	if got := w.tryAssertion("jwt", assertion); got.status != http.StatusOK {
		t.Fatalf("first: %d %s", got.status, got.body)
	}
	w.advance(time.Minute + assertionSkew + 500*time.Millisecond) // it is still taken by its exp
	if got := w.tryAssertion("jwt", assertion); got.status == http.StatusOK {
		t.Error("the assertion was taken twice")
	}
}

// TestProofLastMoment: a proof is remembered for as long as it is taken, to the millisecond that is not counted any more.
func TestProofLastMoment(t *testing.T) {
	w := newWorld(t)
	key := w.prover()
	proof := key.proof("POST", tokenPath, "", nil)
	if got := w.prove(tokenPath, "basic", codeForm(w.codeOf("basic")), proof); got.status != http.StatusOK {
		t.Fatalf("first: %d %s", got.status, got.body)
	}
	w.advance(time.Minute + 500*time.Microsecond)
	if got := w.prove(tokenPath, "basic", codeForm(w.codeOf("basic")), proof); got.status == http.StatusOK {
		t.Error("the proof was taken twice")
	}
}

// TestExchangeOwnBound: a client does not get rid of the key that a token of its own is bound to by exchanging it.
func TestExchangeOwnBound(t *testing.T) {
	w := newNetwork(t)
	key := w.prover()
	set := w.tokens(w.prove(tokenPath, app, codeForm(w.browser().code(app, "scope", everything)), key.proof("POST", tokenPath, "", nil)))
	if got := w.swap(app, set.Access, "audience", records); got.status == http.StatusOK {
		t.Error("exchanged without the key")
	}
	other := url.Values{"grant_type": {trust.GrantExchange}, "subject_token": {set.Access}, "subject_token_type": {typeAccess}, "audience": {records}}
	if got := w.prove(tokenPath, app, other, w.prover().proof("POST", tokenPath, "", nil)); got.status == http.StatusOK {
		t.Error("exchanged with another key")
	}
	if got := w.prove(tokenPath, app, other, key.proof("POST", tokenPath, "", nil)); got.status != http.StatusOK {
		t.Errorf("with the key: %d %s", got.status, got.body)
	}
}

// TestManyScopesAndResources: what a stranger repeats in one request is bounded.
func TestManyScopesAndResources(t *testing.T) {
	w := newWorld(t)
	w.change("public", func(p *trustPartner) {
		p.OIDC.Smart.Clinical = clinicalOf([]string{"user/*.cruds"})
	})
	var scopes strings.Builder
	scopes.WriteString("openid")
	for i := range 4400 {
		fmt.Fprintf(&scopes, " user/A%c%c%c.r", 'a'+i%26, 'a'+i/26%26, 'a'+i/676)
	}
	begun := time.Now()
	q := request("public", "scope", scopes.String())
	got := w.form(authorizePath, q)
	t.Log("scopes", time.Since(begun), got.status, len(got.header.Get("Location")))
	if loc, _ := url.Parse(got.header.Get("Location")); loc == nil || loc.Query().Get("error") != "invalid_scope" {
		t.Errorf("scopes were not refused: %d %.200s", got.status, got.header.Get("Location"))
	}
	for range maxAudience + 1 {
		q.Add("resource", issuer)
	}
	q.Set("scope", "openid")
	if loc, _ := url.Parse(w.form(authorizePath, q).header.Get("Location")); loc == nil || loc.Query().Get("error") != "invalid_target" {
		t.Error("resources were not refused")
	}
}

// TestStrangersStoreInBounds: what a client that registered itself has the hub store counts as a stranger's, with a secret or without.
func TestStrangersStoreInBounds(t *testing.T) {
	w := newRegistrations(t, true, permits)
	c := w.registered(w.ask(http.MethodPost, registerPath, "", `{`+usual+`}`), http.StatusCreated)
	q := request(c.ID)
	uri := w.uri(w.form(pushPath, q, basicHeader(c.ID+":"+c.Secret)))
	key := bridge.Key(strings.TrimPrefix(uri, pushedPrefix))
	if _, err := w.store.Get(t.Context(), kindPushedPublic, key, w.clock()); err != nil {
		t.Errorf("a stranger's pushed request is not counted: %v", err)
	}
	if got := w.browser().bring(c.ID, uri); got.query("code") == "" {
		t.Errorf("it does not work: %d %v", got.status, got.to)
	}
}

// TestSlowKeysKeepFewWaiting: the slow server of one client takes few of the places, and those of clients that registered themselves take
// none of those of others.
func TestSlowKeysKeepFewWaiting(t *testing.T) {
	r := newRemote(t)
	some, done := r.cached(), make(chan error, 100)
	at := func(guarded bool) *client {
		c := *some
		c.remote = &remoteKeys{uri: keysAt, guarded: guarded}
		return &c
	}
	synctest.Test(t, func(t *testing.T) {
		r.hold = make(chan struct{})
		ask := func(c *client, times int) {
			for range times {
				go func() {
					err := r.p.withKeys(t.Context(), c, whichever)
					done <- err
				}()
			}
			synctest.Wait()
		}
		ask(at(true), keysWaiting+1)
		if len(done) != 1 || !errors.Is(<-done, errKeysBusy) {
			t.Error("more wait for one client than may")
		}
		for range placesOfStrangers/keysWaiting - 1 {
			ask(at(true), keysWaiting)
		}
		if len(done) != 0 {
			t.Errorf("a stranger is turned away for the sake of another: %v", <-done)
		}
		ask(at(true), 1)
		if len(done) != 1 || !errors.Is(<-done, errKeysBusy) {
			t.Error("more strangers wait than may")
		}
		ask(at(false), 1)
		if len(done) != 0 {
			t.Errorf("a live client is turned away: %v", <-done)
		}
		close(r.hold)
		synctest.Wait()
	})
}

// TestSectorNeedsRedirect: a client that has tokens without a redirect takes no part in the sector of a host that it merely names.
func TestSectorNeedsRedirect(t *testing.T) {
	w := newRegistrations(t, false, `
stage: test
subject: pairwise
oidc: { scopes: [openid], grants: [authorization_code, "`+trust.GrantDevice+`"] }
`)
	w.documents["https://epr.example/sector"] = `["` + callback + `"]`
	sector := func(members string) string {
		c := w.client(members)
		p, err := w.registry.Partner(trust.OIDC, c.ID)
		must(t, err)
		return p.OIDC.Sector
	}
	if got := sector(""); got != "epr.example" {
		t.Errorf("of the code grant: %q", got)
	}
	for _, grants := range []string{`["` + trust.GrantDevice + `"]`, `["authorization_code","` + trust.GrantDevice + `"]`} {
		if got := sector(`,"grant_types":` + grants); got != "" {
			t.Errorf("%s: sector %q", grants, got)
		}
		got := w.ask(http.MethodPost, registerPath, w.invite(1, ""), `{`+usual+`,"grant_types":`+grants+`,"sector_identifier_uri":"https://epr.example/sector"}`)
		if got.status != http.StatusBadRequest || got.code() != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", grants, got.status, got.body)
		}
	}
}

// TestApprovalLeftOpen: who comes to a sign-on that was proved and left open approves nothing by going on with it.
func TestApprovalLeftOpen(t *testing.T) {
	for wait, fresh := range map[time.Duration]bool{approvalFresh: true, approvalFresh + time.Second: false} {
		w := newDecoupledWorld(t)
		asked := w.ciba("till")
		b := w.browser()
		list := b.get(approvalsPath)
		b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		got := b.submit(approvalsPath, list.hidden("answer", "approve"))
		got = b.get(got.to.RequestURI())
		if got.to == nil || got.to.Path != approvePath {
			t.Fatalf("sign-in page: %d %v", got.status, got.to)
		}
		w.advance(wait)
		got = b.get(got.to.RequestURI())
		if approved := w.poll("till", asked.ID).status == http.StatusOK; approved != fresh || !fresh && (got.to == nil || got.to.Path != "/signin") {
			t.Errorf("after %s: approved %t, %d %v", wait, approved, got.status, got.to)
		}
	}
}

// TestManyClaimValues: values that the claims parameter asks for are not each read anew for every value of the person's.
func TestManyClaimValues(t *testing.T) {
	wanted := make([]json.RawMessage, 1500)
	for i := range wanted {
		wanted[i] = json.RawMessage("1")
	}
	var roles []any
	for range 10 {
		roles = append(roles, map[string]any{"activities": strings.Split(strings.Repeat("B0360,", 100), ",")})
	}
	made := testing.AllocsPerRun(1, func() {
		if (asked{"roles": wanted}).has("roles", roles) {
			t.Error("objects were taken for numbers")
		}
	})
	if made > 10_000 {
		t.Errorf("%.0f allocations", made)
	}
}
