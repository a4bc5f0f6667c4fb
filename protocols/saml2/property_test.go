package saml2

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// hostile are texts that must come out as they went in, whatever is done with them on the way.
func hostile(r *rand.Rand) string {
	parts := []string{"a", "é", "\u2003", "<", "&", "]]>", `"`, "'", "\t", "\n", "\r", " ", "</saml:AttributeValue><saml:Attribute Name=\"x\">", "&amp;", "😀", "<!-- -->", "Ω"}
	var s strings.Builder
	s.WriteString("x") // an attribute without text is not released
	for range r.IntN(6) {
		s.WriteString(parts[r.IntN(len(parts))])
	}
	return s.String()
}

func randomPartner(r *rand.Rand, n int) trust.Partner {
	kinds := []trust.SubjectKind{trust.SubjectUID, trust.SubjectPairwise, trust.SubjectTransient, trust.SubjectEmail}
	p := samplePartner()
	p.ID = fmt.Sprintf("https://sp%d.example/?a=%d&b=<%d>", n, n, n)
	p.Terms.Subject = kinds[r.IntN(len(kinds))]
	p.SAML = &trust.SAMLTerms{
		Sign: []string{"", "response", "assertion", "both"}[r.IntN(4)], Encrypt: []string{"", "when-key-present", "never"}[r.IntN(3)], Algorithm: "ES256",
		Entity: metadata.Entity{ID: p.ID, SP: &metadata.ServiceProvider{
			WantAssertionsSigned: r.IntN(2) == 0,
			ACS:                  []metadata.IndexedEndpoint{{Binding: metadata.BindingPOST, Location: fmt.Sprintf("https://sp%d.example/acs?x=1&y=%d", n, n)}},
		}},
	}
	if r.IntN(2) == 0 {
		p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
	}
	return p
}

// responseProperties is row 116: what every Response says, for partners nobody chose; with row 46 for the values in it.
func responseProperties(partners int) func(*testing.T) {
	return func(t *testing.T) { checkResponses(t, partners) }
}

func checkResponses(t *testing.T, partners int) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(1, 116))
	for n := range partners {
		p := randomPartner(r, n)
		st := state{ID: "_" + w.hub.NewID(), Reply: reply{URL: p.SAML.Entity.SP.ACS[0].Location, By: byPOST}}
		iss := bridge.Issuance{
			Partner: p.ID, Protocol: trust.SAML2, Subject: hostile(r), SubjectKind: p.Terms.Subject, Assurance: 3, Method: bridge.MethodSmartcard,
			AuthnAt: w.now.Add(-time.Minute), SessionEnds: w.now.Add(time.Hour), Index: w.hub.NewID(),
			Attributes: []bridge.Attribute{{Name: "urn:x:" + hostile(r), Friendly: hostile(r), Values: []any{hostile(r), true, int64(-7), map[string]any{"k": hostile(r)}}}, {Name: "plain", Values: []any{"v"}}},
		}
		doc, err := w.p.encode(p, st, iss)
		if err != nil {
			t.Fatal(err)
		}
		got := said{raw: doc}
		w.verifySaid(&got)
		checkResponse(t, w, p, st, iss, got)
		if t.Failed() {
			t.Fatalf("partner %d: %s", n, doc)
		}
	}
}

func checkResponse(t *testing.T, w *world, p trust.Partner, st state, iss bridge.Issuance, got said) {
	t.Helper()
	end := w.now.Add(5 * time.Minute).Format(instantLayout)
	equal := func(what, got, want string) {
		if got != want {
			t.Errorf("%s is %q, not %q", what, got, want)
		}
	}
	confirmation := descend(got.assertion, "Subject", "SubjectConfirmation")
	data := descend(confirmation, "SubjectConfirmationData")
	conditions := descend(got.assertion, "Conditions")
	equal("Destination", attr(got.root, "Destination"), st.Reply.URL)
	equal("InResponseTo", attr(got.root, "InResponseTo"), st.ID)
	equal("status", got.top+"/"+got.under, "Success/")
	equal("Issuer", descend(got.assertion, "Issuer").Text(), w.p.EntityID)
	equal("NameID", got.nameID(), iss.Subject)
	equal("Method", attr(confirmation, "Method"), bearer)
	equal("Recipient", attr(data, "Recipient"), st.Reply.URL)
	equal("InResponseTo of the subject", attr(data, "InResponseTo"), st.ID)
	equal("NotOnOrAfter of the subject", attr(data, "NotOnOrAfter"), end)
	equal("NotBefore of the subject", attr(data, "NotBefore"), "")
	equal("NotBefore", attr(conditions, "NotBefore"), w.now.Add(-time.Minute).Format(instantLayout)) // for partners whose clocks are behind
	equal("NotOnOrAfter", attr(conditions, "NotOnOrAfter"), end)
	equal("Audience", descend(conditions, "AudienceRestriction", "Audience").Text(), p.ID)
	equal("SessionIndex", got.index(), iss.Index)
	if n := len(got.root.All(assertionSpace, "Assertion")) + len(got.root.All(assertionSpace, "EncryptedAssertion")); n != 1 {
		t.Errorf("%d assertions", n)
	}
	if got.encrypted != (len(p.SAML.Entity.SP.EncryptionKeys) > 0 && p.SAML.Encrypt != "never") {
		t.Errorf("encrypted: %v", got.encrypted)
	}
	values := got.values(iss.Attributes[0].Name)
	if len(values) != 4 || values[0] != iss.Attributes[0].Values[0] || values[1] != "true" || values[2] != "-7" || !strings.HasPrefix(values[3], `{"k":"`) {
		t.Errorf("values %q", values)
	}
}

// TestCanonicalOutput: everything written is in exclusive canonical form already, which signing relies on.
func TestCanonicalOutput(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(2, 116))
	for n := range 50 {
		p := randomPartner(r, n)
		doc, err := w.p.encode(p, state{ID: "_1", Reply: reply{"https://x.example/?a&b", byPOST}}, bridge.Issuance{Subject: hostile(r), Attributes: []bridge.Attribute{{Name: hostile(r), Values: []any{hostile(r)}}}})
		if err != nil {
			t.Fatal(err)
		}
		request, _ := notice{id: "_1", to: "https://x.example/?a&b", subject: nameID{Value: hostile(r), Format: "f"}, index: "i", reason: reasonUser, async: n%2 == 0}.write(w.p.EntityID, w.now)
		for _, out := range [][]byte{doc, request} {
			canonical, err := xmlsec.Canonicalize(out, ownLimits())
			if err != nil || string(canonical) != string(out) {
				t.Fatalf("%v\n%s\n%s", err, out, canonical)
			}
		}
	}
}

var update = flag.Bool("update", false, "write golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got) {
		t.Errorf("%s is now\n%s", name, got)
	}
}

// TestGolden shows the messages as they leave, before they are signed.
func TestGolden(t *testing.T) {
	w := newWorld(t)
	iss := bridge.Issuance{
		Subject: patel, SubjectKind: trust.SubjectPairwise, Method: bridge.MethodSmartcard, Assurance: 3, AuthnAt: w.now.Add(-time.Minute),
		SessionEnds: w.now.Add(12 * time.Hour), Index: "index",
		Attributes: []bridge.Attribute{
			{Name: "urn:oid:2.16.840.1.113730.3.1.241", Friendly: "displayName", Values: []any{"Dr Asha Patel"}},
			{Name: "roles", Values: []any{map[string]any{"role_code": `S8000:G8000:R8000`, "role_name": `"Clinical":"A & B"`}}},
		},
	}
	a := assertion{id: "_a", at: w.now, request: "_q", recipient: spACS, audience: spID, iss: iss, class: classSmartcardPKI, subject: w.p.nameIDOf(iss.SubjectKind, iss.Subject, spID)}
	doc, at, err := w.p.assertion(a)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(doc[at:]), "<saml:Subject>") {
		t.Errorf("a signature would stand before %s", doc[at:at+20])
	}
	out, _ := w.p.response(response{element: responseElement, id: "_r", at: w.now, to: spACS, request: "_q", status: status{top: successTop}}, doc)
	golden(t, "response.xml", out)
	two := 2
	a.conditions = &conditions{NotBefore: w.now, NotOnOrAfter: w.now.Add(time.Minute), OneTimeUse: true, Proxies: &proxies{Count: &two, Audiences: []string{"https://third.example/?a&b"}}}
	a.iss.Attributes = []bridge.Attribute{{Name: targetedID, Friendly: "eduPersonTargetedID", Values: []any{"opaque"}}, {Name: "uid", Format: "unspecified", Values: []any{patel}}, {Name: "urn:x", Format: "basic", Values: []any{"v"}}}
	narrowed, _, err := w.p.assertion(a)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "narrowed.xml", narrowed)
	refusal, _ := w.p.response(response{element: responseElement, id: "_r", at: w.now, to: spACS, request: "_q", status: status{"Responder", "NoPassive"}, message: "Nobody is signed in here."}, nil)
	golden(t, "refusal.xml", refusal)
	said := notice{id: "_l", to: spSLO, subject: a.subject, index: "index", reason: reasonUser}
	logout, _ := said.write(w.p.EntityID, w.now)
	golden(t, "logout-request.xml", logout)
	said.async, said.reason = true, ""
	logout, _ = said.write(w.p.EntityID, w.now)
	golden(t, "logout-request-async.xml", logout)
	answer, _ := w.p.response(response{element: logoutElement, id: "_r", at: w.now, to: spSLO, request: "_l", status: status{successTop, partialLogout}}, nil)
	golden(t, "logout-response.xml", envelope(answer))
}
