package saml2

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Classes that tests ask for.
const (
	classUnspecified  = trust.ClassUnspecified
	classSmartcardPKI = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
	classX509         = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
	classMFA          = "https://refeds.org/profile/mfa"
	classAAL1         = "http://idmanagement.gov/ns/assurance/aal/1"
	classAAL2         = "http://idmanagement.gov/ns/assurance/aal/2"
	classAAL3         = "http://idmanagement.gov/ns/assurance/aal/3"
	classIAL2         = "http://idmanagement.gov/ns/assurance/ial/2"
	classPassword     = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
)

// answered is the class that is stated when this was asked and happened; empty: refused.
func answered(partner trust.Partner, asked *requestedContext, s bridge.Session, identity people.IdentityLevel) string {
	iss := bridge.Issuance{Assurance: s.Assurance, Method: s.Method, Identity: identity}
	if asked != nil {
		iss.Class = bridge.SatisfiedContext(classesOf(partner).contexts(asked), s, identity)
		if iss.Class == "" {
			return ""
		}
	}
	return stated(partner, iss)
}

func TestContexts(t *testing.T) {
	const password = classPassword
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
		"at least one of two":      {"minimum", []string{classAAL3, classAAL2}, key2, classAAL2},
		"the strongest asked":      {"minimum", []string{classAAL1, classAAL2, classAAL3}, card3, classAAL3},
		"its own word":             {"minimum", []string{classMFA}, card3, classMFA},
		"identity":                 {"exact", []string{classIAL2}, card3, ""},
		"identity has no order":    {"minimum", []string{classIAL2}, card3, ""},
		"at most X509":             {"maximum", []string{classX509}, card3, classX509},
		"at most X509 by key":      {"maximum", []string{classX509}, key3, classAAL3},
		"one twice":                {"exact", []string{classMFA, classMFA}, key2, classMFA},
		"better than MFA":          {"better", []string{classMFA}, card3, classSmartcardPKI},
		"better than MFA with MFA": {"better", []string{classMFA}, key2, ""},
		"better than the unknown":  {"better", []string{"urn:unknown", classAAL1}, card3, ""},
		"at most MFA":              {"maximum", []string{classMFA}, key2, classMFA},
		"at most MFA with more":    {"maximum", []string{classMFA}, card3, ""},
		"at most AAL3 by key":      {"maximum", []string{classAAL3}, key3, classAAL3},
		"nothing that is known":    {"minimum", []string{"urn:unknown"}, card3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := answered(trust.Partner{}, &requestedContext{Comparison: tc.comparison, Classes: tc.classes}, tc.session, 1)
			if got != tc.want {
				t.Errorf("%q, not %q", got, tc.want)
			}
		})
	}
	if classesOf(trust.Partner{}).contexts(nil) != nil {
		t.Error("nothing asked, something wanted")
	}
	if got := answered(trust.Partner{}, &requestedContext{Comparison: "exact", Declarations: true}, card3, 3); got != "" {
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

// TestNeverMoreThanHappened: whatever is asked, by whatever terms, the class that is stated means no more than the sign-in was. A
// class of a kind that nobody signs in by is stated only where the terms name it, and then of nothing weaker.
func TestNeverMoreThanHappened(t *testing.T) {
	own := []string{"urn:own:strong AAL3 IAL2 rank=35", "urn:own:fido AAL2 FIDO2", "urn:own:person IAL3", "urn:own:both AAL2 IAL3 rank=29", classMFA + " AAL3 IAL1"}
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfDistinct(rapid.SampledFrom(own), rapid.ID[string]).Draw(rt, "contexts")
		table, err := trust.MergeContexts(trust.DefaultContexts(), lines)
		if err != nil {
			rt.Fatal(err)
		}
		refs := []string{classUnspecified, "urn:unknown"}
		for _, c := range table {
			refs = append(refs, c.Class)
		}
		partner := trust.Partner{SAML: &trust.SAMLTerms{Contexts: table}}
		lie := ""
		if at := rapid.IntRange(-1, len(table)-1).Draw(rt, "default"); at >= 0 {
			partner.SAML.DefaultContext = table[at].Class
			if table[at].Foreign {
				lie, table[at].Foreign = table[at].Class, false // as saml.state_context compiles
			}
		}
		var asked *requestedContext
		if rapid.Bool().Draw(rt, "asks") {
			asked = &requestedContext{
				Comparison: rapid.SampledFrom([]string{"exact", "minimum", "maximum", "better"}).Draw(rt, "comparison"),
				Classes:    rapid.SliceOfN(rapid.SampledFrom(refs), 1, 4).Draw(rt, "classes"),
			}
		}
		s := bridge.Session{Assurance: bridge.Assurance(rapid.IntRange(1, 3).Draw(rt, "assurance")), Method: rapid.SampledFrom(bridge.Methods()).Draw(rt, "method")}
		identity := people.IdentityLevel(rapid.IntRange(0, 3).Draw(rt, "identity"))
		got := answered(partner, asked, s, identity)
		if got == "" || got == classUnspecified {
			return
		}
		c, known := trust.FindContext(table, got)
		switch {
		case !known:
			rt.Fatalf("%s is not known", got)
		case c.Foreign:
			rt.Fatalf("%s does not happen here", got)
		case int(s.Assurance) < c.Assurance, int(identity) < c.Identity, c.Method != "" && c.Method != string(s.Method):
			rt.Fatalf("%s of %+v, identity %d", got, s, identity)
		case c.Rank/10 > int(s.Assurance):
			rt.Fatalf("%s ranks above %+v", got, s)
		}
		if standard, ok := trust.FindContext(trust.DefaultContexts(), got); ok && standard.Foreign && got != lie {
			rt.Fatalf("%s was stated and no terms say so", got)
		}
		if asked == nil {
			for _, other := range table {
				if partner.SAML.DefaultContext == "" && !other.Foreign && other.Rank > c.Rank && meaning(other).Satisfied(s.Assurance, s.Method) && int(identity) >= other.Identity {
					rt.Fatalf("%s, and %s was stronger", got, other.Class)
				}
			}
			return
		}
		checkComparison(rt, partner, asked, got, s)
	})
}

// checkComparison holds the answer against the definition (SAML Core 3.3.2.2.1), which is simple where the way there is not.
func checkComparison(rt *rapid.T, partner trust.Partner, asked *requestedContext, got string, s bridge.Session) {
	stated, _ := classesOf(partner).find(got)
	fits := asked.Comparison != "better"
	if asked.Comparison == "exact" && !slices.Contains(asked.Classes, got) && !slices.Contains(asked.Classes, classUnspecified) {
		rt.Fatalf("asked %v, stated %s", asked.Classes, got)
	}
	some := asked.Comparison == "exact"
	for _, ref := range asked.Classes {
		c, known := classesOf(partner).find(ref)
		ranked := ref == classUnspecified || known && c.Rank > 0
		switch asked.Comparison {
		case "minimum":
			some = some || ranked && stated.Rank >= c.Rank
		case "maximum":
			some = some || ranked && stated.Rank <= c.Rank
		case "better":
			some, fits = true, ranked && stated.Rank > c.Rank
		}
		if asked.Comparison == "better" && !fits {
			break
		}
	}
	if !some || !fits {
		rt.Fatalf("%s of %v: stated %s (rank %d) of %+v", asked.Comparison, asked.Classes, got, stated.Rank, s)
	}
	if asked.Comparison != "maximum" {
		return
	}
	for _, c := range classesOf(partner) { // nothing that happened passes them all
		passes := c.Identity == 0 && meaning(c).Satisfied(s.Assurance, s.Method)
		for _, ref := range asked.Classes {
			if limit, known := classesOf(partner).find(ref); known && limit.Rank >= c.Rank {
				passes = false
			}
		}
		if passes {
			rt.Fatalf("at most %v, and %s happened", asked.Classes, c.Class)
		}
	}
}

// TestStateContext: a partner that accepts a password's class alone gets it by its terms, and no other partner does.
func TestStateContext(t *testing.T) {
	table := trust.DefaultContexts()
	for i := range table {
		if table[i].Class == classPassword {
			table[i].Foreign = false
		}
	}
	partner := trust.Partner{SAML: &trust.SAMLTerms{Contexts: table, DefaultContext: classPassword}}
	key2 := bridge.Session{Assurance: 2, Method: bridge.MethodFIDO2}
	for name, c := range map[string]struct {
		asked *requestedContext
		want  string
	}{
		"nothing asked": {nil, classPassword}, "asked": {&requestedContext{Comparison: "exact", Classes: []string{classPassword}}, classPassword},
		"at least":   {&requestedContext{Comparison: "minimum", Classes: []string{classPassword}}, classPassword},
		"more asked": {&requestedContext{Comparison: "exact", Classes: []string{classMFA}}, classMFA}, "too much asked": {&requestedContext{Comparison: "exact", Classes: []string{classAAL3}}, ""},
		"whatever": {&requestedContext{Comparison: "exact", Classes: []string{classUnspecified}}, classPassword},
	} {
		if got := answered(partner, c.asked, key2, 0); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for want, class := range map[string]string{classMFA: classAAL3, classAAL2: classAAL2, classUnspecified: classUnspecified} {
		if got := stated(trust.Partner{SAML: &trust.SAMLTerms{DefaultContext: class}}, bridge.Issuance{Assurance: 2, Method: bridge.MethodFIDO2}); got != want {
			t.Errorf("default %s: %s, want %s", class, got, want)
		}
	}
}

// TestMethodsAreKnownToTerms: what the hub can do, terms can ask for.
func TestMethodsAreKnownToTerms(t *testing.T) {
	for _, m := range bridge.Methods() {
		if c, err := trust.ParseContext("urn:x AAL2 " + string(m)); err != nil || c.Method != string(m) {
			t.Errorf("%s: %v", m, err)
		}
	}
}

// TestClassesWithoutRank have no place in an order: they are not at least, not better, and not stated for whoever they fit.
func TestClassesWithoutRank(t *testing.T) {
	known := classes(trust.DefaultContexts())
	for _, asked := range known.minimum([]string{trust.ClassUnspecified}) {
		if c, _ := known.find(asked.Class); c.Rank == 0 && asked.Class != trust.ClassUnspecified {
			t.Errorf("%s is in the order", asked.Class)
		}
	}
	if got := stated(trust.Partner{}, bridge.Issuance{Identity: 3}); got != trust.ClassUnspecified {
		t.Errorf("stated %s", got)
	}
}
