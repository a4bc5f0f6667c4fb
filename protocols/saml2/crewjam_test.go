package saml2

import (
	"crypto"
	"encoding/base64"
	"encoding/xml"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// crewjam is a service provider that nobody here wrote. It reads our metadata, and we read its own.
func (w *world) crewjam() *saml.ServiceProvider {
	w.t.Helper()
	w.now = time.Now().UTC().Truncate(time.Second) // the library has its own clock
	doc, err := w.p.Metadata(w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	var idp saml.EntityDescriptor
	if err := xml.Unmarshal(doc, &idp); err != nil {
		w.t.Fatal(err)
	}
	at := func(path string) url.URL { return url.URL{Scheme: "https", Host: "crewjam.example", Path: path} }
	sp := &saml.ServiceProvider{
		EntityID: "https://crewjam.example/metadata", Key: keys().encryption, Certificate: certificateOf(w.t, keys().encryption),
		MetadataURL: at("/metadata"), AcsURL: at("/acs"), SloURL: at("/slo"), IDPMetadata: &idp,
		SignatureMethod: xmlsec.RSASHA256, LogoutBindings: []string{saml.HTTPPostBinding},
	}
	raw, err := xml.Marshal(sp.Metadata())
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := xmlsec.AcceptVouched(raw, xmlsec.MetadataLimits())
	if err != nil {
		w.t.Fatal(err)
	}
	entity, err := metadata.Parse(v)
	if err != nil {
		w.t.Fatal(err)
	}
	p := samplePartner()
	p.ID, p.Name, p.Terms.Subject = entity.ID, "crewjam", trust.SubjectTransient
	p.SAML = &trust.SAMLTerms{Entity: entity, Encrypt: "never", Algorithm: "RS256"}
	w.partners[p.ID] = p
	return sp
}

func TestCrewjamServiceProvider(t *testing.T) {
	for name, change := range map[string]func(*trust.Partner){
		"as its metadata says": func(*trust.Partner) {},
		"response signed":      func(p *trust.Partner) { p.SAML.Sign = "response" },
		"both signed":          func(p *trust.Partner) { p.SAML.Sign = "both" },
		"RS384":                func(p *trust.Partner) { p.SAML.Sign, p.SAML.Algorithm = "both", "RS384" },
		"RS512, other digest": func(p *trust.Partner) {
			p.SAML.Sign, p.SAML.Algorithm, p.SAML.Digest = "both", "RS512", xmlsec.SHA384
		},
		"encrypted": func(p *trust.Partner) { // its metadata lists CBC alone, though it reads AES-128-GCM
			p.SAML.Encrypt = "always"
			p.SAML.Entity.SP.EncryptionKeys[0].Methods = nil
		},
		"encrypted, response signed": func(p *trust.Partner) {
			p.SAML.Sign, p.SAML.Encrypt = "response", "always"
			p.SAML.Entity.SP.EncryptionKeys[0].Methods = nil
		},
	} {
		for _, binding := range []string{saml.HTTPRedirectBinding, saml.HTTPPostBinding} {
			t.Run(name+" "+binding[strings.LastIndex(binding, ":"):], func(t *testing.T) {
				w := newWorld(t)
				sp := w.crewjam()
				p := w.partners[sp.EntityID]
				change(&p)
				w.partners[sp.EntityID] = p
				assertion := w.crewjamSignOn(sp, binding, w.browser())
				if assertion.Subject.NameID.Format != string(saml.TransientNameIDFormat) || len(assertion.AttributeStatements) != 1 {
					t.Errorf("%+v", assertion)
				}
				found := false
				for _, a := range assertion.AttributeStatements[0].Attributes {
					found = found || a.Name == "uid" && a.Values[0].Value == patel
				}
				if !found {
					t.Errorf("no uid: %+v", assertion.AttributeStatements)
				}
			})
		}
	}
}

func (w *world) crewjamSignOn(sp *saml.ServiceProvider, binding string, b *browser) *saml.Assertion {
	w.t.Helper()
	req, err := sp.MakeAuthenticationRequest(sp.GetSSOBindingLocation(binding), binding, saml.HTTPPostBinding)
	if err != nil {
		w.t.Fatal(err)
	}
	var rec *httptest.ResponseRecorder
	if binding == saml.HTTPRedirectBinding {
		target, err := req.Redirect("relay", sp)
		if err != nil {
			w.t.Fatal(err)
		}
		rec = b.get(target.String())
	} else {
		page := httptest.NewRecorder()
		_, _ = page.Write(req.Post("relay"))
		rec = b.postCross(SSOPath, crewjamForm(w.t, page.Body.String()))
	}
	answer, ok := readPage(rec)
	if !ok {
		w.t.Fatalf("%d %s", rec.Code, w.lastReason())
	}
	form := url.Values{}
	for name, value := range answer.fields {
		form.Set(name, value)
	}
	r := httptest.NewRequest("POST", answer.action, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := r.ParseForm(); err != nil {
		w.t.Fatal(err)
	}
	assertion, err := sp.ParseResponse(r, []string{req.ID})
	if err != nil {
		if e, ok := err.(*saml.InvalidResponseError); ok {
			err = e.PrivateErr
		}
		w.t.Fatalf("the partner refuses: %v", err)
	}
	return assertion
}

// crewjamForm reads the form that the library makes for the browser.
func crewjamForm(t testing.TB, page string) url.Values {
	t.Helper()
	form := url.Values{}
	for _, name := range []string{"SAMLRequest", "RelayState"} {
		_, rest, ok := strings.Cut(page, `name="`+name+`" value="`)
		if !ok {
			t.Fatalf("no %s in %s", name, page)
		}
		value, _, _ := strings.Cut(rest, `"`)
		form.Set(name, strings.ReplaceAll(value, "&#43;", "+"))
	}
	return form
}

func TestCrewjamLogout(t *testing.T) {
	w := newWorld(t)
	sp := w.crewjam()
	b := w.browser()
	assertion := w.crewjamSignOn(sp, saml.HTTPPostBinding, b)
	page, err := sp.MakePostLogoutRequest(assertion.Subject.NameID.Value, "relay")
	if err != nil {
		t.Fatal(err)
	}
	rec := b.postCross(SLOPath, crewjamForm(t, string(page)))
	answer, ok := readPage(rec)
	if !ok || w.sessionLives(b) {
		t.Fatalf("%d %s, session lives: %v", rec.Code, w.lastReason(), w.sessionLives(b))
	}
	if err := sp.ValidateLogoutResponseForm(answer.fields["SAMLResponse"]); err != nil {
		t.Errorf("the partner refuses: %v", err)
	}
	// its redirected LogoutRequest has the signature inside, which the binding forbids
	fresh := w.crewjamSignOn(sp, saml.HTTPRedirectBinding, b)
	target, err := sp.MakeRedirectLogoutRequest(fresh.Subject.NameID.Value, "relay")
	if err != nil {
		t.Fatal(err)
	}
	if rec := b.get(target.String()); rec.Code != 400 || w.lastReason() != "sig_profile" || !w.sessionLives(b) || !strings.Contains(rec.Body.String(), "signed inside") {
		t.Errorf("%d %s", rec.Code, w.lastReason())
	}
}

// TestMetadata: what is published verifies, says where we listen, and is made again in time.
func TestMetadata(t *testing.T) {
	w := newWorld(t)
	rec := w.browser().get(MetadataPath)
	v, err := xmlsec.VerifyEnveloped(rec.Body.Bytes(), xmlsec.MetadataLimits(), []crypto.PublicKey{keys().hub.Public()})
	if err != nil {
		t.Fatal(err)
	}
	if id := attr(v.Root(), "entityID"); id != issuerURL+MetadataPath || rec.Header().Get("Content-Type") != "application/samlmetadata+xml" {
		t.Errorf("%s %s", id, rec.Header())
	}
	for _, want := range []string{SSOPath, SLOPath, SOAPPath, base64.StdEncoding.EncodeToString(w.p.Keys().Published()[0].Certificate.Raw)} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("no %s", want)
		}
	}
	if again := w.browser().get(MetadataPath); again.Body.String() != rec.Body.String() {
		t.Error("made again at once")
	}
	w.now = w.now.Add(4 * 24 * time.Hour)
	if later := w.browser().get(MetadataPath); later.Body.String() == rec.Body.String() {
		t.Error("not made again after half of its life")
	}
}
