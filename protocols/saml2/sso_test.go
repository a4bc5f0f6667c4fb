package saml2

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func TestSignOnByRedirect(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	a := w.authn()
	got := w.signOn(b, a)
	if got.top != "Success" || got.to != spACS || got.relay == nil || *got.relay != "state" {
		t.Errorf("answer %+v", got)
	}
	if got.nameID() != patel || attr(got.root, "InResponseTo") != a.id || attr(got.root, "Destination") != spACS {
		t.Errorf("%s", got.raw)
	}
	if v := got.values("uid"); len(v) != 1 || v[0] != patel {
		t.Errorf("uid %v", v)
	}
	if v := got.values("https://rx1.example/roles"); len(v) != 1 || !strings.Contains(v[0], `"person_roleid":"100000000001"`) {
		t.Errorf("roles %v", v)
	}
	// the second time the session answers at once, with the same instant of authentication
	w.now = w.now.Add(minutes(5))
	again := w.signOn(b, w.authn())
	if first, second := attr(descend(got.assertion, "AuthnStatement"), "AuthnInstant"), attr(descend(again.assertion, "AuthnStatement"), "AuthnInstant"); first != second {
		t.Errorf("AuthnInstant moved from %s to %s", first, second)
	}
	if again.index() != got.index() || w.count(ledger.SignedIn) != 1 || w.count(ledger.Issued) != 2 {
		t.Errorf("index %s, %s; %d sign-ins, %d issued", got.index(), again.index(), w.count(ledger.SignedIn), w.count(ledger.Issued))
	}
}

// TestIdentifiers: what we name has a name of 160 random bits, as SAML Core 1.3.4 would have it.
func TestIdentifiers(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 3 {
		got := w.signOn(w.browser(), w.authn())
		for _, id := range []string{attr(got.root, "ID"), attr(got.assertion, "ID")} {
			bits, err := hex.DecodeString(strings.TrimPrefix(id, "_"))
			if err != nil || len(bits) != 20 || !isNCName(id) || seen[id] {
				t.Errorf("id %q", id)
			}
			seen[id] = true
		}
	}
}

// TestPageSaysWho: the page that posts an assertion says of whom; one that posts a refusal does not know.
func TestPageSaysWho(t *testing.T) {
	const header = `<span class="who0">Dr Asha Patel</span>`
	for attrs, want := range map[string]bool{"": true, ` IsPassive="true"`: false} {
		w := newWorld(t)
		a := w.authn()
		a.attrs = attrs
		rec := w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", a.xml(), ""))
		if _, posts := readPage(rec); !posts || strings.Contains(rec.Body.String(), header) != want {
			t.Errorf("%s: %s", attrs, rec.Body)
		}
	}
}

func TestSignOnByPost(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signOn(b, w.authn())
	for name, doc := range map[string]string{
		"plain":  w.authn().xml(),
		"signed": envelopedBy(t, w.authn().xml(), signing(keys().sp)),
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			got := w.read(b.postCross(SSOPath, form("SAMLRequest", doc)))
			if got.top != "Success" || got.relay != nil || w.count(ledger.SignedIn) != 1 {
				t.Errorf("%+v, %d sign-ins", got, w.count(ledger.SignedIn))
			}
		})
	}
	t.Run("deflated", func(t *testing.T) {
		w.t = t
		f := form("SAMLRequest", "")
		f.Set("SAMLRequest", base64.StdEncoding.EncodeToString(deflated(t, w.authn().xml())))
		f.Set("RelayState", "")
		got := w.read(b.postCross(SSOPath, f))
		if got.top != "Success" || got.relay == nil || *got.relay != "" {
			t.Errorf("%+v", got)
		}
	})
}

func TestBounceIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	rec := b.do(newForm(SSOPath, form("SAMLRequest", w.authn().xml())), false)
	to := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(to, ResumePath+"?bounce=") {
		t.Fatalf("%d %s", rec.Code, to)
	}
	w.read(b.get(to))
	if again := b.get(to); again.Code != http.StatusBadRequest || w.lastReason() != "transaction_gone" {
		t.Errorf("%d %s", again.Code, w.lastReason())
	}
}

func TestSignatureAndEncryptionByTerms(t *testing.T) {
	for name, tc := range map[string]struct {
		sign, encrypt       string
		wants               bool
		assertion, response bool
	}{
		"default":                {response: true},
		"metadata wants":         {wants: true, assertion: true, response: true},
		"response":               {sign: "response", wants: true, response: true},
		"assertion":              {sign: "assertion", assertion: true},
		"both":                   {sign: "both", assertion: true, response: true},
		"assertion encrypted":    {sign: "assertion", encrypt: "always", assertion: true},
		"both encrypted":         {sign: "both", encrypt: "always", assertion: true, response: true},
		"default, encrypted":     {encrypt: "when-key-present", response: true},
		"default, waiver":        {encrypt: "never", response: true},
		"encrypted with default": {encrypt: "", response: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(p *trust.Partner) {
				p.SAML.Sign, p.SAML.Encrypt = tc.sign, tc.encrypt
				p.SAML.Entity.SP.WantAssertionsSigned = tc.wants
				p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
			})
			rec := w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), ""))
			page, ok := readPage(rec)
			if !ok {
				t.Fatalf("%d %s", rec.Code, w.lastReason())
			}
			raw, err := base64.StdEncoding.DecodeString(page.fields["SAMLResponse"])
			if err != nil {
				t.Fatal(err)
			}
			outer := strings.Contains(string(raw[:strings.Index(string(raw), "<samlp:Status>")]), "<ds:Signature")
			rest := string(raw[strings.Index(string(raw), "<samlp:Status>"):])
			encrypted := strings.Contains(rest, "EncryptedAssertion")
			if encrypted == (tc.encrypt == "never") || outer != tc.response {
				t.Errorf("encrypted %v, response signed %v", encrypted, outer)
			}
			if encrypted {
				v, err := xmlsec.AcceptVouched(raw, ownLimits())
				if err != nil {
					t.Fatal(err)
				}
				plain, err := xmlsec.Decrypt(v.Root().Child(assertionSpace, "EncryptedAssertion"), keys().encryption)
				if err != nil {
					t.Fatal(err)
				}
				rest = string(plain)
				if tc.assertion {
					w.openAssertion(plain, false)
				}
			}
			if err := w.p.readBack(raw, w.partners[spID], state{ID: attrOf(string(raw), "InResponseTo"), Reply: reply{spACS, byPOST}}); err != nil {
				t.Error(err)
			}
			if got := strings.Contains(rest, "<ds:Signature"); got != tc.assertion {
				t.Errorf("assertion signed %v", got)
			}
		})
	}
}

func TestES256(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.SAML.Algorithm = "ES256" })
	got := w.signOn(w.browser(), w.authn())
	if !strings.Contains(string(got.raw), xmlsec.ECDSASHA256) {
		t.Errorf("%s", got.raw)
	}
}

func TestSubjectKinds(t *testing.T) {
	for kind, want := range map[trust.SubjectKind]string{
		trust.SubjectUID:       "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
		trust.SubjectPairwise:  "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
		trust.SubjectTransient: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
		trust.SubjectEmail:     "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t)
			w.change(func(p *trust.Partner) { p.Terms.Subject = kind })
			a := w.authn()
			a.body = `<samlp:NameIDPolicy AllowCreate="true" Format="` + want + `"></samlp:NameIDPolicy>`
			got := w.signOn(w.browser(), a)
			n := descend(got.assertion, "Subject", "NameID")
			qualified := kind == trust.SubjectPairwise || kind == trust.SubjectTransient
			if attr(n, "Format") != want || (attr(n, "SPNameQualifier") == spID) != qualified || (attr(n, "NameQualifier") == w.p.EntityID) != qualified {
				t.Errorf("%s", got.raw)
			}
		})
	}
}

// TestPlainName: a partner whose name is no URI is named by it, in the audience too.
func TestPlainName(t *testing.T) {
	w := newWorld(t)
	const id = "pas.example"
	w.change(func(p *trust.Partner) {
		p.ID, p.SAML.Entity.ID, p.SAML.AllowPlainEntityID, p.Terms.Subject = id, id, true, trust.SubjectPairwise
	})
	a := w.authn()
	a.issuer = id
	s := w.signOn(w.browser(), a)
	if s.top != "Success" {
		t.Fatal(s.top, s.under, w.lastReason())
	}
	audience := s.assertion.Child(assertionSpace, "Conditions").Child(assertionSpace, "AudienceRestriction").Child(assertionSpace, "Audience").Text()
	if name := s.assertion.Child(assertionSpace, "Subject").Child(assertionSpace, "NameID"); audience != id || attr(name, "SPNameQualifier") != id {
		t.Errorf("for %q, of %q", audience, attr(name, "SPNameQualifier"))
	}
}

func TestIssueInstantIsOfSending(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	rec := b.do(newGet(SSOPath+"?"+redirectQuery(t, "SAMLRequest", w.authn().xml(), "")), true)
	w.now = w.now.Add(4 * time.Minute) // a slow card
	got := w.read(b.followed(rec))
	if at := attr(got.root, "IssueInstant"); at != w.now.Format(instantLayout) {
		t.Errorf("IssueInstant %s at %s", at, w.now)
	}
}

func TestCancelledIsAnsweredOnce(t *testing.T) {
	w := newWorld(t)
	w.keyboard = ""
	b := w.browser()
	got := w.signOn(b, w.authn())
	if got.top != "Responder" || got.under != "AuthnFailed" || got.assertion != nil || w.lastReason() != "cancelled" {
		t.Errorf("%+v %s", got, w.lastReason())
	}
}

func TestTransactionFromAnotherBrowser(t *testing.T) {
	w := newWorld(t)
	victim, attacker := w.browser(), w.browser()
	rec := attacker.do(newGet(SSOPath+"?"+redirectQuery(t, "SAMLRequest", w.authn().xml(), "")), true)
	got := victim.get(rec.Header().Get("Location"))
	if got.Code != http.StatusBadRequest || w.count(ledger.Issued) != 0 {
		t.Errorf("%d, %d issued", got.Code, w.count(ledger.Issued))
	}
}

func TestReplyAddressIsCheckedAgain(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	rec := b.do(newGet(SSOPath+"?"+redirectQuery(t, "SAMLRequest", w.authn().xml(), "")), true)
	w.change(func(p *trust.Partner) { p.SAML.Entity.SP.ACS = p.SAML.Entity.SP.ACS[2:] })
	if got := b.followed(rec); got.Code != http.StatusBadRequest || w.lastReason() != bridge.BadReplyAddress.String() {
		t.Errorf("%d %s", got.Code, w.lastReason())
	}
}

func TestEncryptAlwaysWithoutKey(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.SAML.Encrypt = "always" })
	got := w.signOn(w.browser(), w.authn())
	if got.top != "Requester" || got.assertion != nil || w.lastReason() != "no_encryption_key" || w.count(ledger.Issued) != 0 {
		t.Errorf("%+v %s", got, w.lastReason())
	}
}

func attrOf(doc, name string) string {
	_, rest, _ := strings.Cut(doc, " "+name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// TestReadBackRefuses: what a strict partner would refuse does not leave for a partner in the test stage.
func TestReadBackRefuses(t *testing.T) {
	w := newWorld(t)
	for name, sign := range map[string]string{"response": "response", "assertion": "assertion", "both": "both"} {
		p := samplePartner()
		p.SAML.Sign = sign
		st := state{ID: "_q", Reply: reply{spACS, byPOST}}
		doc, err := w.p.encode(p, st, bridge.Issuance{Subject: patel})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.p.readBack(doc, p, st); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		other := p
		other.ID = otherID
		for what, err := range map[string]error{
			"changed":       w.p.readBack([]byte(strings.ReplaceAll(string(doc), patel, jones)), p, st),
			"other request": w.p.readBack(doc, p, state{ID: "_other", Reply: reply{spACS, byPOST}}),
			"other address": w.p.readBack(doc, p, state{ID: "_q", Reply: reply{spACS + "/second", byPOST}}),
			"other partner": w.p.readBack(doc, other, st),
		} {
			if err == nil {
				t.Errorf("%s, %s: passes", name, what)
			}
		}
	}
}
