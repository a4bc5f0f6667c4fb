package oidc

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

const emergencyACR = "AAL2_EMERGENCY"

// newEmergencyWorld is a world in which whoever signs in has a card whose revocation cannot be known. The client basic allows
// emergency access, the others do not.
func newEmergencyWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.hub.Emergencies, w.hub.Registrations = w.store, w.store
	w.hub.Emergency = &bridge.EmergencyPolicy{Life: 30 * time.Minute, Reasons: []bridge.EmergencyReason{{Code: "life"}}}
	w.hub.Translator = translate.Translator{Salt: make([]byte, 32), Scope: "rx1.example", Emergency: map[trust.Protocol]string{trust.OIDC: emergencyACR}}
	var err error
	w.p, err = New(Options{Kit: w.kit, Hub: w.hub, Keys: func() keyring.Ring { return w.ring }, Poster: PosterFunc(w.post), EmergencyACR: emergencyACR, PurposeOfUse: "urn:oid:1.2|EMER"})
	must(t, err)
	w.router = w.kit.Router(w.p.Routes(), []web.Route{
		{Method: http.MethodGet, Path: web.SignInPath, Name: "signin", Handler: w.signInDoubtfully},
		{Method: http.MethodGet, Path: web.RolePath, Name: "role", Handler: w.chooseRole},
	})
	must(t, w.store.AddAuthenticator(t.Context(), people.Authenticator{ID: "card", UID: nurse, Kind: people.Smartcard, Handle: "h", Added: w.now}))
	w.change("basic", func(p *trust.Partner) { p.Terms.Emergency = &trust.EmergencyTerms{} })
	return w
}

func (w *world) signInDoubtfully(rw http.ResponseWriter, r *http.Request) {
	b, tx, err := w.kit.Transaction(rw, r, bridge.StepAuthenticate)
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	proof := bridge.Proof{UID: nurse, Method: bridge.MethodSmartcard, Assurance: 2, AuthenticatorID: "card", At: w.clock(), Standing: bridge.StandingUnknown}
	b.Session, _, err = w.hub.OpenEmergency(r.Context(), b, tx, bridge.Opening{Proof: &proof, Reason: "life", Note: "Arrest."})
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	w.kit.SetSession(rw, r, b.Session)
	w.onwards(rw, r, b, tx.ID)
}

// TestEmergencyTokens: the acr says what it was, whatever was asked beside it, and nothing outlives it.
func TestEmergencyTokens(t *testing.T) {
	w := newEmergencyWorld(t)
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic", "acr_values", "AAL3_ANY "+emergencyACR)))
	ends := w.clock().Add(30 * time.Minute).Unix()
	claims, _ := w.verified(set.ID)
	if claims["acr"] != emergencyACR || int64(claims["exp"].(float64)) > ends {
		t.Errorf("acr %v, exp %v", claims["acr"], claims["exp"])
	}
	for range 20 { // as long as it lasts, and no token a second longer
		w.advance(2 * time.Minute)
		got := w.refresh("basic", set.Refresh)
		if left := ends - w.clock().Unix(); left <= 0 {
			if got.status == http.StatusOK {
				t.Fatal("refreshed after the end")
			}
			break
		} else if set = w.tokens(got); set.Expires > left {
			t.Fatalf("a token of %d s with %d s left", set.Expires, left)
		}
		if claims, _ := w.verified(set.ID); claims["acr"] != emergencyACR || int64(claims["exp"].(float64)) > ends {
			t.Fatalf("acr %v, exp %v", claims["acr"], claims["exp"])
		}
	}
	if got := w.userinfo(set.Access); got.status == http.StatusOK {
		t.Error("userinfo after the end")
	}
}

// TestEmergencyIsAskedFor: a class that was asked for binds, be it essential or not, unless the terms take any.
func TestEmergencyIsAskedFor(t *testing.T) {
	essential, err := json.Marshal(map[string]any{"id_token": map[string]any{"acr": map[string]any{"essential": true, "value": "AAL3_ANY"}}})
	must(t, err)
	for name, tc := range map[string]struct {
		client string
		pairs  []string
		any    bool
		ok     bool
	}{
		"nothing asked":               {"basic", nil, false, true},
		"its own":                     {"basic", []string{"acr_values", emergencyACR}, false, true},
		"another":                     {"basic", []string{"acr_values", "AAL3_ANY"}, false, false},
		"another, essential":          {"basic", []string{"claims", string(essential)}, false, false},
		"another, by the terms":       {"basic", []string{"acr_values", "AAL3_ANY"}, true, true},
		"essential, by the terms":     {"basic", []string{"claims", string(essential)}, true, true},
		"a client that has not heard": {"post", nil, false, false},
	} {
		w := newEmergencyWorld(t)
		w.change("basic", func(p *trust.Partner) { p.Terms.Emergency = &trust.EmergencyTerms{Unasked: tc.any} })
		got := w.browser().authorize(tc.client, tc.pairs...)
		code := got.query("code")
		if (code != "") != tc.ok {
			t.Errorf("%s: %d %v", name, got.status, got.to)
		}
		if code == "" {
			continue
		}
		if claims, _ := w.verified(w.tokens(w.redeem(tc.client, code)).ID); claims["acr"] != emergencyACR {
			t.Errorf("%s: acr %v", name, claims["acr"])
		}
	}
}

// TestEmergencyIsNoOtherSignIn: a good proof is never called so, though the client asks; the class cannot be one that is.
func TestEmergencyIsNoOtherSignIn(t *testing.T) {
	w := newEmergencyWorld(t)
	w.router = w.kit.Router(w.p.Routes(), w.steps())
	claims, _ := w.verified(w.tokens(w.redeem("basic", w.browser().code("basic", "acr_values", emergencyACR+" AAL3_ANY"))).ID)
	if claims["acr"] != "AAL3_ANY" {
		t.Errorf("acr %v", claims["acr"])
	}
	if got := w.browser().authorize("post", "acr_values", emergencyACR); got.query("code") != "" {
		t.Error("a client that does not allow it was answered")
	}
	for _, name := range []string{"AAL3_ANY", "AAL2_ANY", "AAL1_ANY", "AAL3_SMARTCARD", "AAL2_TOTP"} {
		if _, err := New(Options{Kit: w.kit, Hub: w.hub, Keys: func() keyring.Ring { return w.ring }, EmergencyACR: name}); err == nil {
			t.Errorf("%s became the acr of emergency access", name)
		}
	}
	var doc struct {
		ACR []string `json:"acr_values_supported"`
	}
	must(t, json.Unmarshal([]byte(w.browser().get("/.well-known/openid-configuration").body), &doc))
	if !slices.Contains(doc.ACR, emergencyACR) {
		t.Errorf("discovery: %v", doc.ACR)
	}
}

// TestEmergencyAfterGoodProof: a grant of a good proof that goes on under emergency access does not keep its old name.
func TestEmergencyAfterGoodProof(t *testing.T) {
	w := newEmergencyWorld(t)
	w.router = w.kit.Router(w.p.Routes(), w.steps())
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	w.stand(b, bridge.StandingEmergency, w.clock().Add(time.Minute))
	set = w.tokens(w.refresh("basic", set.Refresh))
	if claims, _ := w.verified(set.ID); claims["acr"] != emergencyACR || set.Expires > 60 {
		t.Errorf("acr %v, %d s", claims["acr"], set.Expires)
	}
}

// TestEmergencyEndsNoGrant: an app that emergency access is not for is refused while the session rests on it, and goes on after a good proof.
func TestEmergencyEndsNoGrant(t *testing.T) {
	w := newEmergencyWorld(t)
	w.change("basic", func(p *trust.Partner) { p.Terms.Emergency = nil })
	w.router = w.kit.Router(w.p.Routes(), w.steps())
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	w.stand(b, bridge.StandingEmergency, w.clock().Add(time.Minute))
	after := w.lastSeq()
	w.denied(t, "refresh under emergency access", w.refresh("basic", set.Refresh), after, http.StatusBadRequest, "invalid_grant", "emergency_not_allowed")
	w.stand(b, bridge.StandingFresh, time.Time{})
	w.tokens(w.refresh("basic", set.Refresh))
}

// stand makes the session of a browser one whose credential stands like this, with emergency access until then.
func (w *world) stand(b *browser, s bridge.Standing, until time.Time) {
	w.t.Helper()
	u, err := url.Parse(issuer)
	must(w.t, err)
	for _, c := range b.c.Jar.Cookies(u) {
		if c.Name == "__Host-lanyard-session" {
			session, err := w.store.SessionByKey(context.Background(), bridge.Key(c.Value))
			must(w.t, err)
			session.Standing, session.Emergency = s, until
			must(w.t, w.store.Commit(context.Background(), bridge.SaveSession{Session: session}))
		}
	}
}
