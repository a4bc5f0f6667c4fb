package saml2

import (
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func TestContexts(t *testing.T) {
	const password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	card3 := bridge.Session{Assurance: 3, Method: bridge.MethodSmartcard}
	key3 := bridge.Session{Assurance: 3, Method: bridge.MethodFIDO2}
	key2 := bridge.Session{Assurance: 2, Method: bridge.MethodFIDO2}
	for name, tc := range map[string]struct {
		comparison string
		classes    []string
		session    bridge.Session
		want       string // what the assertion states; empty: refused
	}{
		"card":                     {"exact", []string{classSmartcardPKI}, card3, classSmartcardPKI},
		"X509 by card":             {"exact", []string{classX509}, card3, classX509},
		"card asked, key used":     {"exact", []string{classSmartcardPKI}, key3, ""},
		"MFA by key":               {"exact", []string{classMFA}, key2, classMFA},
		"first that fits":          {"exact", []string{password, classAAL3, classMFA}, key2, classMFA},
		"order of preference":      {"exact", []string{classMFA, classAAL3}, card3, classMFA},
		"AAL3 with AAL2":           {"exact", []string{classAAL3}, key2, ""},
		"password":                 {"exact", []string{password}, card3, ""},
		"unspecified":              {"exact", []string{classUnspecified}, key2, classMFA},
		"at least a password":      {"minimum", []string{password}, key2, classMFA},
		"at least AAL3":            {"minimum", []string{classAAL3}, key2, ""},
		"at least one of two":      {"minimum", []string{classAAL3, classAAL2}, key2, classMFA},
		"better than MFA":          {"better", []string{classMFA}, card3, classSmartcardPKI},
		"better than MFA with MFA": {"better", []string{classMFA}, key2, ""},
		"better than the unknown":  {"better", []string{"urn:unknown", classAAL1}, card3, ""},
		"at most MFA":              {"maximum", []string{classMFA}, key2, classMFA},
		"at most MFA with more":    {"maximum", []string{classMFA}, card3, ""},
		"at most AAL3 by key":      {"maximum", []string{classAAL3}, key3, classAAL3},
		"nothing that is known":    {"minimum", []string{"urn:unknown"}, card3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := bridge.SatisfiedContext(contexts(&requestedContext{Comparison: tc.comparison, Classes: tc.classes}), tc.session)
			if got != "" {
				got = stated(bridge.Issuance{Class: got, Assurance: tc.session.Assurance, Method: tc.session.Method})
			}
			if got != tc.want {
				t.Errorf("%q, not %q", got, tc.want)
			}
		})
	}
	if contexts(nil) != nil {
		t.Error("nothing asked, something wanted")
	}
	if got := bridge.SatisfiedContext(contexts(&requestedContext{Comparison: "exact", Declarations: true}), card3); got != "" {
		t.Errorf("declaration: %s", got)
	}
}

func TestEveryReasonHasAStatus(t *testing.T) {
	for r := bridge.Internal; r <= bridge.Unavailable; r++ {
		s := statusOf(&bridge.Refusal{Reason: r})
		if s.top != "Requester" && s.top != "Responder" {
			t.Errorf("%s: %+v", r, s)
		}
	}
}

// TestPasswordIsNamed: a library that asks for a password by default hears what to change, before anybody signs in.
func TestPasswordIsNamed(t *testing.T) {
	w := newWorld(t)
	a := w.authn()
	ref := func(class string) string {
		return `<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef xmlns:saml="` + assertionSpace + `">` + class + `</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`
	}
	a.body = ref("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")
	if got := w.signOn(w.browser(), a); got.under != "NoAuthnContext" || !strings.Contains(got.message, "PAS asks for a sign-in by password (its RequestedAuthnContext)") {
		t.Errorf("%s %s", got.under, got.message)
	}
	a = w.authn()
	a.body = ref("urn:example:class")
	if got := w.signOn(w.browser(), a); got.under != "NoAuthnContext" || strings.Contains(got.message, "password") || strings.Contains(got.message, "urn:example") {
		t.Errorf("%s %s", got.under, got.message)
	}
	if n := w.count(ledger.SignedIn); n != 0 {
		t.Errorf("%d sign-ins", n)
	}
}
