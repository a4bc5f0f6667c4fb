package saml2

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

const classEmergency = "urn:example:emergency"

// newEmergencyWorld is a world in which whoever signs in has a card whose revocation cannot be known.
func newEmergencyWorld(t *testing.T, terms *trust.EmergencyTerms) *world {
	t.Helper()
	w := newWorld(t)
	w.p.EmergencyClass = classEmergency
	w.hub.Emergencies, w.hub.Registrations = w.store, w.store
	w.hub.Emergency = &bridge.EmergencyPolicy{Life: 3 * time.Minute, Reasons: []bridge.EmergencyReason{{Code: "life"}}}
	w.hub.Translator = translate.Translator{Salt: []byte("salt of the tests, thirty-two by"), Scope: "rx1.example", Emergency: map[trust.Protocol]string{trust.SAML2: classEmergency}}
	w.change(func(p *trust.Partner) { p.Terms.Emergency = terms })
	w.handler = recorded(t, w.kit.Router(w.p.Routes(), []web.Route{{Method: http.MethodGet, Path: web.SignInPath, Name: "signin", Handler: w.signInDoubtfully}}))
	if err := w.store.AddAuthenticator(t.Context(), people.Authenticator{ID: "card", UID: patel, Kind: people.Smartcard, Handle: "h", Added: w.now}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) signInDoubtfully(rw http.ResponseWriter, r *http.Request) {
	b, tx, err := w.kit.Transaction(rw, r, bridge.StepAuthenticate)
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	proof := bridge.Proof{UID: patel, Method: bridge.MethodSmartcard, Assurance: 2, AuthenticatorID: "card", At: w.now, Standing: bridge.StandingUnknown}
	secret, _, err := w.hub.OpenEmergency(r.Context(), b, tx, bridge.Opening{Proof: &proof, Reason: "life", Note: "Arrest."})
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	w.kit.SetSession(rw, r, secret)
	w.kit.Go(rw, r, bridge.Next{Step: bridge.StepIssue, Transaction: tx})
}

// TestEmergencyClass: the assertion names its own class and ends with it, in every place where an end stands.
func TestEmergencyClass(t *testing.T) {
	for name, tc := range map[string]struct {
		terms *trust.EmergencyTerms
		asked string // of RequestedAuthnContext
		ok    bool
	}{
		"nothing asked":          {&trust.EmergencyTerms{}, "", true},
		"asked for":              {&trust.EmergencyTerms{}, `Comparison="exact">` + classRef(classEmergency), true},
		"asked for beside":       {&trust.EmergencyTerms{}, `Comparison="exact">` + classRef(classSmartcardPKI) + classRef(classEmergency), true},
		"another":                {&trust.EmergencyTerms{}, `Comparison="exact">` + classRef(classMFA), false},
		"another, by the terms":  {&trust.EmergencyTerms{Unasked: true}, `Comparison="exact">` + classRef(classMFA), true},
		"at least another":       {&trust.EmergencyTerms{}, `Comparison="minimum">` + classRef(classAAL1), false},
		"as a minimum of itself": {&trust.EmergencyTerms{}, `Comparison="minimum">` + classRef(classEmergency), false},
		"by terms without it":    {nil, "", false},
		"asked for, not allowed": {nil, `Comparison="exact">` + classRef(classEmergency), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newEmergencyWorld(t, tc.terms)
			a, b := w.authn(), w.browser()
			if tc.asked != "" {
				a.body = `<samlp:RequestedAuthnContext ` + tc.asked + `</samlp:RequestedAuthnContext>`
			}
			rec := b.get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", a.xml(), "state"))
			if !tc.ok {
				if strings.Contains(rec.Body.String(), "SAMLResponse") && w.read(rec).assertion != nil {
					t.Fatal("told")
				}
				return
			}
			got := w.read(rec)
			if got.assertion == nil {
				t.Fatalf("%s %s %s", got.top, got.under, got.message)
			}
			end := w.now.Add(3 * time.Minute).Format(instantLayout)
			text := string(got.raw)
			if n := strings.Count(text, `NotOnOrAfter="`+end+`"`); n != strings.Count(text, `NotOnOrAfter="`) || n != 3 {
				t.Errorf("%d of the ends are %s:\n%s", n, end, text)
			}
			if class := descend(got.assertion, "AuthnStatement", "AuthnContext", "AuthnContextClassRef"); class.Text() != classEmergency {
				t.Errorf("class %q", class.Text())
			}
		})
	}
}

func classRef(class string) string {
	return `<saml:AuthnContextClassRef xmlns:saml="` + assertionSpace + `">` + class + `</saml:AuthnContextClassRef>`
}

// TestEmergencyIsNoOtherSignIn: a good proof is never called so.
func TestEmergencyIsNoOtherSignIn(t *testing.T) {
	w := newWorld(t)
	w.p.EmergencyClass = classEmergency
	w.change(func(p *trust.Partner) { p.Terms.Emergency = &trust.EmergencyTerms{} })
	a := w.authn()
	a.body = `<samlp:RequestedAuthnContext Comparison="exact">` + classRef(classEmergency) + `</samlp:RequestedAuthnContext>`
	if got := w.signOn(w.browser(), a); got.assertion != nil || got.under != "NoAuthnContext" {
		t.Errorf("%s %s", got.under, got.message)
	}
	w = newWorld(t)
	w.p.EmergencyClass = classEmergency
	if got := w.signOn(w.browser(), a); got.under != "NoAuthnContext" || w.count(ledger.SignedIn) != 0 { // its terms know of none: refused before anybody signs in
		t.Errorf("%s %s, %d sign-ins", got.under, got.message, w.count(ledger.SignedIn))
	}
}
