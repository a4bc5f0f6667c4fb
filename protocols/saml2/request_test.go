package saml2

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// declared is an element of the assertion's namespace in a request.
func declared(element, rest string) string {
	return `<saml:` + element + ` xmlns:saml="` + assertionSpace + `"` + rest
}

// asking is one request and what becomes of it: a Status, as the standard names it (SAML Core 3.2.2.2), or a page of ours.
type asking struct{ attrs, body, want, code string }

const (
	answeredOK  = "Success/"
	shownOnPage = "page"
)

// requests are what a request may ask, one thing after the other.
func requests() map[string]asking {
	policy := func(attrs string) string { return `<samlp:NameIDPolicy` + attrs + `/>` }
	context := func(comparison string, refs ...string) string {
		out := `<samlp:RequestedAuthnContext`
		if comparison != "" {
			out += ` Comparison="` + comparison + `"`
		}
		out += ">"
		for _, ref := range refs {
			out += declared("AuthnContextClassRef", ">"+ref+"</saml:AuthnContextClassRef>")
		}
		return out + `</samlp:RequestedAuthnContext>`
	}
	subject := func(content string) string { return declared("Subject", ">"+content+"</saml:Subject>") }
	name := `<saml:NameID>` + patel + `</saml:NameID>`
	conditions := func(rest string) string { return declared("Conditions", rest) }
	scoping := func(attrs, content string) string {
		return `<samlp:Scoping` + attrs + `>` + content + `</samlp:Scoping>`
	}
	entry := func(id string) string { return `<samlp:IDPEntry ProviderID="` + id + `"/>` }
	const ok, page = answeredOK, shownOnPage
	persistent := ` Format="` + metadata.NameIDPersistent + `"`
	return map[string]asking{
		"nothing": {want: ok},

		"passive":                   {` IsPassive="true"`, "", ok, ""},
		"forced and passive":        {` ForceAuthn="true" IsPassive="true"`, "", "Responder/NoPassive", "not_authenticated"},
		"passive, another class":    {` IsPassive="true"`, context("exact", "urn:unknown"), "Responder/NoAuthnContext", "assurance_too_low"},
		"passive, another person":   {` IsPassive="true"`, subject(`<saml:NameID>` + jones + `</saml:NameID>`), "Responder/NoPassive", "not_authenticated"},
		"forced":                    {` ForceAuthn="1"`, "", ok, ""},
		"policy without a format":   {"", policy(""), ok, ""},
		"transient":                 {"", policy(` Format="` + metadata.NameIDTransient + `"`), ok, ""},
		"persistent, not to create": {"", policy(persistent), ok, ""},
		"persistent, AllowCreate 0": {"", policy(persistent + ` AllowCreate="false"`), ok, ""},
		"persistent, AllowCreate":   {"", policy(persistent + ` AllowCreate="true"`), ok, ""},
		"AllowCreate rubbish":       {"", policy(` AllowCreate="yes"`), page, "schema"},
		"its own name qualifier":    {"", policy(persistent + ` SPNameQualifier="` + spID + `"`), ok, ""},
		"an affiliation":            {"", policy(persistent + ` SPNameQualifier="https://affiliation.example"`), "Requester/InvalidNameIDPolicy", "sp_name_qualifier"},
		"affiliation of transient":  {"", policy(` Format="` + metadata.NameIDTransient + `" SPNameQualifier="https://affiliation.example"`), "Requester/InvalidNameIDPolicy", "sp_name_qualifier"},
		"e-mail address":            {"", policy(` Format="` + metadata.NameIDEmail + `"`), "Requester/InvalidNameIDPolicy", "invalid_nameid_policy"},
		"entity":                    {"", policy(` Format="` + metadata.NameIDEntity + `"`), "Requester/InvalidNameIDPolicy", "invalid_nameid_policy"},
		"kerberos":                  {"", policy(` Format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"`), "Requester/InvalidNameIDPolicy", "invalid_nameid_policy"},
		"a format of its own":       {"", policy(` Format="urn:example:format"`), "Requester/InvalidNameIDPolicy", "invalid_nameid_policy"},
		"encrypted, no key":         {"", policy(` Format="` + nameIDEncrypted + `"`), "Requester/InvalidNameIDPolicy", "no_encryption_key"},

		"class":                   {"", context("", classSmartcardPKI), ok, ""},
		"second of three classes": {"", context("exact", "urn:unknown", classAAL3, classMFA), ok, ""},
		"no class that is known":  {"", context("exact", "urn:unknown", classPassword), "Responder/NoAuthnContext", "assurance_too_low"},
		"identity":                {"", context("exact", classIAL2), ok, ""},
		"minimum":                 {"", context("minimum", classPassword), ok, ""},
		"maximum too little":      {"", context("maximum", classMFA), "Responder/NoAuthnContext", "assurance_too_low"},
		"better":                  {"", context("better", classMFA), ok, ""},
		"better than the best":    {"", context("better", classAAL3), "Responder/NoAuthnContext", "assurance_too_low"},
		"declaration":             {"", `<samlp:RequestedAuthnContext>` + declared("AuthnContextDeclRef", ">urn:x</saml:AuthnContextDeclRef>") + `</samlp:RequestedAuthnContext>`, "Responder/NoAuthnContext", "assurance_too_low"},
		"class and declaration":   {"", `<samlp:RequestedAuthnContext>` + declared("AuthnContextClassRef", ">"+classMFA+"</saml:AuthnContextClassRef>") + declared("AuthnContextDeclRef", ">urn:x</saml:AuthnContextDeclRef>") + `</samlp:RequestedAuthnContext>`, page, "schema"},
		"no class":                {"", context("exact"), page, "schema"},

		"attribute service":          {` AttributeConsumingServiceIndex="1"`, "", ok, ""},
		"unknown attribute service":  {` AttributeConsumingServiceIndex="9"`, "", ok, ""},
		"attribute service, rubbish": {` AttributeConsumingServiceIndex="70000"`, "", page, "schema"},

		"subject":                 {"", subject(name), ok, ""},
		"subject, by a bearer":    {"", subject(name + `<saml:SubjectConfirmation Method="` + bearer + `"/>`), ok, ""},
		"subject, bearer of data": {"", subject(name + `<saml:SubjectConfirmation Method="` + bearer + `"><saml:SubjectConfirmationData Recipient="https://x.example"/></saml:SubjectConfirmation>`), "Requester/RequestUnsupported", "subject_confirmation"},
		"subject, by another":     {"", subject(name + `<saml:SubjectConfirmation Method="` + bearer + `"><saml:NameID>x</saml:NameID></saml:SubjectConfirmation>`), "Requester/RequestUnsupported", "subject_confirmation"},
		"subject, by a key":       {"", subject(name + `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"/>`), "Requester/RequestUnsupported", "subject_confirmation"},
		"subject, bearer and key": {"", subject(name + `<saml:SubjectConfirmation Method="` + bearer + `"/><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"/>`), "Requester/RequestUnsupported", "subject_confirmation"},
		"subject without a name":  {"", subject(`<saml:SubjectConfirmation Method="` + bearer + `"/>`), "Requester/RequestUnsupported", "subject_form"},
		"subject of another kind": {"", subject(`<saml:BaseID/>`), "Requester/RequestUnsupported", "subject_form"},
		"subject nobody is told":  {"", subject(`<saml:NameID Format="` + metadata.NameIDEmail + `">asha@rx1.example</saml:NameID>`), "Requester/UnknownPrincipal", "subject_name"},

		"conditions, empty":           {"", conditions("/>"), ok, ""},
		"conditions, shorter":         {"", conditions(` NotOnOrAfter="2026-11-23T09:02:00Z"/>`), ok, ""},
		"conditions, past":            {"", conditions(` NotOnOrAfter="2026-11-23T09:00:00Z"/>`), "Requester/RequestDenied", "conditions_window"},
		"conditions, too far ahead":   {"", conditions(` NotBefore="2026-11-23T09:05:00Z"/>`), "Requester/RequestDenied", "conditions_window"},
		"conditions, backwards":       {"", conditions(` NotBefore="2026-11-23T09:05:00Z" NotOnOrAfter="2026-11-23T09:04:00Z"/>`), page, "schema"},
		"conditions, rubbish":         {"", conditions(` NotOnOrAfter="tomorrow"/>`), page, "schema"},
		"conditions, one use":         {"", conditions(`><saml:OneTimeUse/></saml:Conditions>`), ok, ""},
		"conditions, proxies":         {"", conditions(`><saml:ProxyRestriction Count="1"><saml:Audience>urn:x</saml:Audience></saml:ProxyRestriction></saml:Conditions>`), ok, ""},
		"conditions, proxies rubbish": {"", conditions(`><saml:ProxyRestriction Count="-1"/></saml:Conditions>`), page, "schema"},
		"conditions, twice":           {"", conditions(`><saml:OneTimeUse/><saml:OneTimeUse/></saml:Conditions>`), page, "schema"},
		"conditions, audience":        {"", conditions(`><saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction></saml:Conditions>`), ok, ""},
		"conditions, of its own":      {"", conditions(`><saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:x" xsi:type="x:Delegation"/></saml:Conditions>`), "Requester/RequestUnsupported", "condition_unknown"},

		"proxies none":         {"", scoping(` ProxyCount="0"`, ""), ok, ""},
		"list with us":         {"", scoping("", `<samlp:IDPList>`+entry("https://x.example")+entry(issuerURL+MetadataPath)+`<samlp:GetComplete>https://x.example/list</samlp:GetComplete></samlp:IDPList>`), ok, ""},
		"list without us":      {"", scoping("", `<samlp:IDPList>`+entry("https://x.example")+`</samlp:IDPList>`), "Responder/NoSupportedIDP", "no_supported_idp"},
		"list, no proxies":     {"", scoping(` ProxyCount="0"`, `<samlp:IDPList>`+entry("https://x.example")+`</samlp:IDPList>`), "Responder/ProxyCountExceeded", "proxy_count_exceeded"},
		"list of nobody":       {"", scoping("", `<samlp:IDPList/>`), page, "schema"},
		"entry without a name": {"", scoping("", `<samlp:IDPList><samlp:IDPEntry Name="x"/></samlp:IDPList>`), page, "schema"},
		"requesters":           {"", scoping("", `<samlp:RequesterID>https://x.example</samlp:RequesterID>`), ok, ""},
		"something in scoping": {"", scoping("", `<samlp:Other/>`), page, "schema"},

		"extensions":           {"", `<samlp:Extensions><x:a xmlns:x="urn:x" b="c"><x:d/></x:a><y xmlns="urn:y"/></samlp:Extensions>` + policy(""), ok, ""},
		"extensions elsewhere": {"", policy("") + `<samlp:Extensions><x xmlns="urn:x"/></samlp:Extensions>`, page, "schema"},
		"consent and name":     {` Consent="urn:oasis:names:tc:SAML:2.0:consent:prior" ProviderName="A &amp; B"`, "", ok, ""},
		"all in order":         {` ForceAuthn="false" IsPassive="0" AttributeConsumingServiceIndex="1"`, `<samlp:Extensions><x xmlns="urn:x"/></samlp:Extensions>` + subject(name) + policy("") + conditions("/>") + context("minimum", classMFA) + scoping("", ""), ok, ""},
		"printed for people": {` ForceAuthn=" false " IsPassive=" 0" AttributeConsumingServiceIndex="1" ProtocolBinding=" ` + metadata.BindingPOST + ` "`,
			policy(` Format=" `+metadata.NameIDTransient+` "`) + conditions(`><saml:ProxyRestriction Count=" 1 "><saml:Audience> urn:x </saml:Audience></saml:ProxyRestriction></saml:Conditions>`) +
				context("exact", "\n\t"+classMFA+"\n") + scoping(` ProxyCount=" 0 "`, "\n  <samlp:IDPList>\n"+entry(" "+issuerURL+MetadataPath+" ")+"\n</samlp:IDPList>\n"), ok, ""},
		"out of order": {"", conditions("/>") + policy(""), page, "schema"},
	}
}

// ask sends one of them in a browser whose person has signed in, so that no answer waits for anybody.
func (w *world) ask(b *browser, r asking) (doc string, rec *httptest.ResponseRecorder) {
	a := w.authn()
	a.attrs, a.body = r.attrs, r.body
	doc = a.xml()
	return doc, b.get(SSOPath + "?" + redirectQuery(w.t, "SAMLRequest", doc, "state"))
}

func TestRequests(t *testing.T) {
	for name, tc := range requests() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			w.signOn(b, w.authn())
			issued := w.count(ledger.Issued)
			doc, rec := w.ask(b, tc)
			if tc.want == shownOnPage {
				if _, posts := readPage(rec); posts || rec.Code != 400 || w.lastReason() != tc.code || w.count(ledger.Issued) != issued {
					t.Errorf("%d, posts %v, %s", rec.Code, posts, w.lastReason())
				}
				return
			}
			got := w.read(rec)
			if s := got.top + "/" + got.under; s != tc.want || w.lastReason() != tc.code || got.relay == nil || *got.relay != "state" || attr(got.root, "InResponseTo") != idOf(doc) {
				t.Fatalf("%s %s, not %s %s: %s", s, w.lastReason(), tc.want, tc.code, got.raw)
			}
			if success := tc.want == answeredOK; success != (got.assertion != nil) || success != (w.count(ledger.Issued) == issued+1) {
				t.Errorf("assertion %v, %d issued", got.assertion != nil, w.count(ledger.Issued)-issued)
			}
		})
	}
}

// TestConditionsOfARequest: the assertion is narrowed to what was asked, and never widened.
func TestConditionsOfARequest(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	a := w.authn()
	a.body = declared("Conditions", ` NotBefore="2026-11-23T08:00:00Z" NotOnOrAfter="2026-11-23T09:02:00Z"><saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction><saml:OneTimeUse/>`+
		`<saml:ProxyRestriction Count="0"><saml:Audience>urn:x</saml:Audience></saml:ProxyRestriction></saml:Conditions>`)
	got := w.signOn(b, a)
	c := descend(got.assertion, "Conditions")
	if from, to := attr(c, "NotBefore"), attr(c, "NotOnOrAfter"); from != "2026-11-23T08:59:00Z" || to != "2026-11-23T09:02:00Z" {
		t.Errorf("from %s to %s", from, to)
	}
	if to := attr(descend(got.assertion, "Subject", "SubjectConfirmation", "SubjectConfirmationData"), "NotOnOrAfter"); to != "2026-11-23T09:02:00Z" {
		t.Errorf("confirmed to %s", to)
	}
	if n := len(c.All(assertionSpace, "AudienceRestriction")); n != 1 || descend(c, "AudienceRestriction", "Audience").Text() != spID || len(descend(c, "AudienceRestriction").Children) != 1 {
		t.Errorf("audience: %s", got.raw)
	}
	proxies := descend(c, "ProxyRestriction")
	if descend(c, "OneTimeUse") == nil || attr(proxies, "Count") != "0" || descend(proxies, "Audience").Text() != "urn:x" {
		t.Errorf("%s", got.raw)
	}
	// somebody who takes too long for them is told so, and nothing is issued
	w = newWorld(t)
	a = w.authn()
	a.body = declared("Conditions", ` NotOnOrAfter="2026-11-23T09:00:30Z"/>`)
	w.thinks = time.Minute
	if got := w.signOn(w.browser(), a); got.top+"/"+got.under != "Requester/RequestDenied" || got.assertion != nil || w.lastReason() != "conditions_window" || w.count(ledger.Issued) != 0 {
		t.Errorf("%s/%s %s", got.top, got.under, w.lastReason())
	}
}

// TestReadConditions: a ProxyRestriction is a short list of audiences, and nothing is there twice.
func TestReadConditions(t *testing.T) {
	const audience = "<saml:Audience>urn:x</saml:Audience>"
	restriction := func(inside string) string { return "<saml:ProxyRestriction>" + inside + "</saml:ProxyRestriction>" }
	for inside, fits := range map[string]bool{
		restriction(""): true, restriction(strings.Repeat(audience, maxProxies)): true, restriction(strings.Repeat(audience, maxProxies+1)): false,
		restriction("<saml:Audience> </saml:Audience>"): false, restriction("<saml:Other>urn:x</saml:Other>"): false,
		restriction("<saml:Audience>" + strings.Repeat("x", 1024) + "</saml:Audience>"): true, restriction("<saml:Audience>" + strings.Repeat("x", 1025) + "</saml:Audience>"): false,
		restriction("") + restriction(""): false, "<saml:OneTimeUse/><saml:OneTimeUse/>": false,
		strings.Repeat("<saml:AudienceRestriction>"+audience+"</saml:AudienceRestriction>", 2): true, "<saml:Unheard/>": false,
	} {
		v, err := xmlsec.AcceptUnsigned([]byte(declared("Conditions", ">"+inside+"</saml:Conditions>")), xmlsec.MessageLimits())
		if err != nil {
			t.Fatal(err)
		}
		r := &reader{e: v.Root()}
		if readConditions(r, v.Root()); (r.err == nil) != fits {
			t.Errorf("%.200s: %v", inside, r.err)
		}
	}
	uncounted := &writer{}
	uncounted.conditions(&conditions{Proxies: &proxies{}})
	if got := string(uncounted.b); got != "<saml:ProxyRestriction></saml:ProxyRestriction>" {
		t.Errorf("%s", got)
	}
}

// TestWindowOfConditions: written times are whole seconds, and never outside of what was asked.
func TestWindowOfConditions(t *testing.T) {
	read := func(attrs string) *conditions {
		v, err := xmlsec.AcceptUnsigned([]byte(declared("Conditions", attrs+"/>")), xmlsec.MessageLimits())
		if err != nil {
			t.Fatal(err)
		}
		return readConditions(&reader{e: v.Root()}, v.Root())
	}
	now := time.Date(2026, 11, 23, 9, 0, 0, 500_000_000, time.UTC)
	for attrs, want := range map[string]string{
		"":                                       "08:59:00 09:05:00",
		` NotBefore="2026-11-23T09:00:00.1Z"`:    "09:00:01 09:05:00",
		` NotBefore="2026-11-23T09:00:00Z"`:      "09:00:00 09:05:00",
		` NotOnOrAfter="2026-11-23T09:00:01.9Z"`: "08:59:00 09:00:01",
		` NotOnOrAfter="2026-11-23T09:00:00.9Z"`: "refused", ` NotOnOrAfter="2026-11-23T09:06:00Z"`: "08:59:00 09:05:00",
		` NotBefore="2026-11-23T09:05:00Z"`: "refused", ` NotBefore="2026-11-23T09:04:59Z"`: "09:04:59 09:05:00",
	} {
		from, to, r := read(attrs).window(now)
		got := from.Format("15:04:05 ") + to.Format("15:04:05")
		if r != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", attrs, got, want)
		}
	}
}

// TestEncryptedName: a name that was asked for encrypted is nowhere in clear, of whatever kind the terms make it.
func TestEncryptedName(t *testing.T) {
	for _, kind := range []trust.SubjectKind{trust.SubjectUID, trust.SubjectPairwise, trust.SubjectEmail} {
		w := newWorld(t)
		w.change(func(p *trust.Partner) {
			p.Terms.Subject, p.Terms.Release, p.SAML.Encrypt = kind, nil, "never"
			p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
		})
		a := w.authn()
		a.body = `<samlp:NameIDPolicy Format="` + nameIDEncrypted + `"/>`
		got := w.signOn(w.browser(), a)
		if got.top != "Success" || descend(got.assertion, "Subject", "NameID") != nil || strings.Contains(string(got.raw), patel) {
			t.Fatalf("%s", got.raw)
		}
		plain, err := xmlsec.Decrypt(descend(got.assertion, "Subject", "EncryptedID"), keys().encryption)
		if err != nil {
			t.Fatal(err)
		}
		v, err := xmlsec.AcceptUnsigned(plain, ownLimits())
		if err != nil {
			t.Fatal(err)
		}
		if n := readNameID(v.Root()); n.Format != formatOf(kind) || n.Value == "" || (n.Value == patel) != (kind == trust.SubjectUID) {
			t.Errorf("%s: %+v", kind, n)
		}
	}
}

// TestRequestersAreRecorded: for whom a partner says it asks is in the record of what it was told.
func TestRequestersAreRecorded(t *testing.T) {
	w := newWorld(t)
	a := w.authn()
	a.body = `<samlp:Scoping><samlp:RequesterID>https://one.example/sp</samlp:RequesterID><samlp:RequesterID> ` + strings.Repeat("x", 257) + `</samlp:RequesterID><samlp:RequesterID>urn:a
 b</samlp:RequesterID><samlp:RequesterID>urn:&#x9b;2J</samlp:RequesterID><samlp:RequesterID>urn:` + "\u202e" + `x</samlp:RequesterID></samlp:Scoping>`
	w.signOn(w.browser(), a)
	for _, e := range w.events() {
		if e.Kind == ledger.Issued && e.Detail["requesters"] == "https://one.example/sp urn:ab" {
			return
		}
	}
	t.Errorf("%+v", w.events())
}

// TestRequestedOnly: with that term the metadata bounds what is released; without it, it is nothing but a wish.
// TestNothingRequestedIsNotEverything: a service that asks for no attribute gets none, where the terms give what is asked for.
func TestNothingRequestedIsNotEverything(t *testing.T) {
	p := samplePartner()
	p.SAML.RequestedOnly = true
	p.SAML.Entity.SP.Services = []metadata.AttributeService{{Index: 4, Default: true}}
	four, five := 4, 5
	for index, want := range map[*int]bool{nil: true, &four: true, &five: false} {
		if names, known := wanted(p, index); names == nil || len(names) != 0 || known != want {
			t.Errorf("%v, known: %v", names, known)
		}
	}
}

func TestRequestedOnly(t *testing.T) {
	services := []metadata.AttributeService{
		{Index: 5, Requested: []metadata.RequestedAttribute{{Name: "urn:oid:2.16.840.1.113730.3.1.241"}}},
		{Index: 1, Default: true, Requested: []metadata.RequestedAttribute{{Name: "uid"}, {Name: "urn:never-released"}}},
	}
	for name, tc := range map[string]struct {
		only  bool
		index string
		want  string
	}{
		"no term":               {false, "5", "urn:oid:2.16.840.1.113730.3.1.241 uid https://rx1.example/roles"},
		"no term, unknown":      {false, "9", "urn:oid:2.16.840.1.113730.3.1.241 uid https://rx1.example/roles"},
		"term, default":         {true, "", "uid"},
		"term, index":           {true, "5", "urn:oid:2.16.840.1.113730.3.1.241"},
		"term, unknown, refuse": {true, "9", "Requester/RequestUnsupported"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(p *trust.Partner) { p.SAML.RequestedOnly, p.SAML.Entity.SP.Services = tc.only, services })
			a := w.authn()
			if tc.index != "" {
				a.attrs = ` AttributeConsumingServiceIndex="` + tc.index + `"`
			}
			got := w.signOn(w.browser(), a)
			if got.assertion == nil {
				if s := got.top + "/" + got.under; s != tc.want || w.lastReason() != "attribute_service" {
					t.Errorf("%s %s", s, w.lastReason())
				}
				return
			}
			var names []string
			for _, e := range descend(got.assertion, "AttributeStatement").Children {
				names = append(names, attr(e, "Name"))
			}
			if s := strings.Join(names, " "); s != tc.want {
				t.Errorf("released %s", s)
			}
		})
	}
}

// TestSessionOfAParticipant: one index a participant, which says nothing of another's; the end of the session does not move
// when somebody proves again, the instant of authentication does.
func TestSessionOfAParticipant(t *testing.T) {
	w := newWorld(t)
	w.withOther()
	b := w.browser()
	statement := func(s said) (index, instant, end string) {
		e := descend(s.assertion, "AuthnStatement")
		return attr(e, "SessionIndex"), attr(e, "AuthnInstant"), attr(e, "SessionNotOnOrAfter")
	}
	index, instant, end := statement(w.signOn(b, w.authn()))
	if end != w.now.Add(bridge.DefaultLimits().Absolute).Format(instantLayout) || instant != w.now.Format(instantLayout) {
		t.Errorf("ends %s, began %s", end, instant)
	}
	w.now = w.now.Add(minutes(3))
	other, otherInstant, otherEnd := statement(w.signOn(b, w.authnOther()))
	if other == index || other == "" || otherInstant != instant || otherEnd != end {
		t.Errorf("other partner: %s %s %s", other, otherInstant, otherEnd)
	}
	forced := w.authn()
	forced.attrs = ` ForceAuthn="true"`
	w.now = w.now.Add(minutes(3))
	again, moved, still := statement(w.signOn(b, forced))
	if again != index || moved != w.now.Format(instantLayout) || still != end {
		t.Errorf("forced: %s %s %s", again, moved, still)
	}
	if _, last, _ := statement(w.signOn(b, w.authn())); last != moved {
		t.Errorf("the next says %s, the proof was at %s", last, moved)
	}
}

// TestClassOfIdentity: a class of identity is met by whoever was proofed so, and nobody is asked to prove again what no proof changes.
func TestClassOfIdentity(t *testing.T) {
	w := newWorld(t)
	if err := w.store.SavePersons(t.Context(), people.Person{UID: jones, Status: people.Active, Name: "Sam Jones", Identity: 1}); err != nil {
		t.Fatal(err)
	}
	w.keyboard = jones
	b := w.browser()
	for name, c := range map[string]struct{ class, want string }{
		"enough": {"http://idmanagement.gov/ns/assurance/ial/1", "Success/"}, "too little": {classIAL2, "Responder/NoAuthnContext"}, "both": {"http://idmanagement.gov/ns/assurance/loa/4", "Responder/NoAuthnContext"},
	} {
		a := w.authn()
		a.body = `<samlp:RequestedAuthnContext>` + declared("AuthnContextClassRef", ">"+c.class+"</saml:AuthnContextClassRef>") + `</samlp:RequestedAuthnContext>`
		got := w.signOn(b, a)
		if s := got.top + "/" + got.under; s != c.want || got.top != "Success" && w.lastReason() != "identity_class" {
			t.Errorf("%s: %s %s", name, s, w.lastReason())
		}
		if got.assertion != nil && descend(got.assertion, "AuthnStatement", "AuthnContext", "AuthnContextClassRef").Text() != c.class {
			t.Errorf("%s: %s", name, got.raw)
		}
	}
	if n := w.count(ledger.SignedIn); n != 1 {
		t.Errorf("%d proofs", n)
	}
}

// TestWhiteSpaceAroundValues: times and Destination may have white space around them, which means nothing (XML Schema 2, 4.3.6). Where
// an answer goes is compared as it stands.
func TestWhiteSpaceAroundValues(t *testing.T) {
	w := newWorld(t)
	a := w.authn()
	a.destination = " " + issuerURL + SSOPath + " "
	doc := strings.Replace(a.xml(), `IssueInstant="`, `IssueInstant=" `, 1)
	rec := w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", doc, ""))
	if got := w.read(rec); got.top != "Success" {
		t.Errorf("%+v", got)
	}
}
