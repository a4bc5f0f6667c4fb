package metadata

import (
	"crypto"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

func hub(t testing.TB) Descriptor {
	der := certificate(t, testKey())
	english := func(text string) []Localized { return []Localized{{"en", text}} }
	return Descriptor{
		EntityID: "https://hub.rx1.example/saml", ID: "_metadata1", ValidFor: 7 * 24 * time.Hour, CacheFor: time.Hour,
		SigningMethods: []SigningMethod{{xmlsec.RSASHA256, 2048, 8192}, {xmlsec.ECDSASHA256, 0, 0}}, DigestMethods: []string{xmlsec.SHA256},
		IdP: IdentityProvider{
			ErrorURL: "https://hub.rx1.example/error?a=1&b=2", WantAuthnRequestsSigned: true,
			SSO: []Endpoint{
				{BindingRedirect, "https://hub.rx1.example/saml/sso", ""}, {BindingPOST, "https://hub.rx1.example/saml/sso", ""},
			},
			SLO: []Endpoint{
				{BindingRedirect, "https://hub.rx1.example/saml/slo", "https://hub.rx1.example/saml/slo/done?a=1&b=2"},
				{BindingSOAP, "https://hub.rx1.example/saml/slo/soap", ""},
			},
			AsyncLogout:        true,
			ArtifactResolution: []IndexedEndpoint{{BindingSOAP, "https://hub.rx1.example/saml/artifact", 0, true}},
			NameIDFormats:      []string{NameIDPersistent, NameIDTransient}, Profiles: []string{"urn:oasis:names:tc:SAML:2.0:profiles:attribute:basic"},
			Attributes: []Attribute{{"urn:oid:0.9.2342.19200300.100.1.1", nameFormatURI, "uid", nil}},
		},
		Authority: &AttributeAuthority{
			Services:      []Endpoint{{BindingSOAP, "https://hub.rx1.example/saml/attributes", ""}},
			NameIDFormats: []string{NameIDTransient}, Profiles: []string{"urn:oasis:names:tc:SAML:2.0:profiles:attribute:basic"},
			Attributes: []Attribute{{"urn:oid:0.9.2342.19200300.100.1.1", nameFormatURI, "uid", nil}},
		},
		SigningCertificates: [][]byte{der, der}, EncryptionCertificates: [][]byte{der},
		About: About{
			UI: UI{
				DisplayNames: []Localized{{"en", `Royal <Example> & Sons`}, {"cy", "Ysbyty Enghraifft"}}, Descriptions: english("A hub"), Keywords: english("hospital rx1+example"),
				InformationURLs: english("https://rx1.example/about"), PrivacyURLs: english("https://rx1.example/privacy?a=1&b=2"),
				Logos: []Logo{{"https://rx1.example/logo.png", "", 80, 60}, {"https://rx1.example/logo-cy.png", "cy", 16, 16}},
			},
			Hints:  Hints{[]string{"192.0.2.0/24"}, []string{"rx1.example"}, []string{"geo:51.5,-0.1"}},
			Scopes: []string{"rx1.example"},
			Organization: Organization{
				Names: english("RX1"), DisplayNames: []Localized{{"cy", "Ysbyty"}, {"en", "RX1"}}, URLs: english("https://rx1.example/"),
			},
			Contacts: []Contact{
				{Type: "technical", Company: "RX1", GivenName: "Service", Surname: "Desk", Emails: []string{"help@rx1.example", "b@rx1.example"}, Phones: []string{"+44 1632 960001"}},
				{Type: Security, GivenName: "Security desk", Emails: []string{"security@rx1.example"}},
			},
			Attributes:   []Attribute{{Name: "urn:oasis:names:tc:SAML:attribute:assurance-certification", NameFormat: nameFormatURI, Values: []string{"https://refeds.org/sirtfi"}}},
			Registration: Registration{"https://federation.example", now, english("https://federation.example/policy")},
			Publisher:    "https://rx1.example/publisher",
		},
	}
}

func published(t testing.TB, d Descriptor) string {
	t.Helper()
	out, err := Publish(d, xmlsec.SigningKey{Signer: testKey(), Algorithm: xmlsec.RSASHA256}, now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestPublish(t *testing.T) {
	doc := published(t, hub(t))
	if canonical, err := xmlsec.Canonicalize([]byte(doc), xmlsec.MetadataLimits()); err != nil || string(canonical) != doc {
		t.Errorf("not canonical: %v\n%s", err, doc)
	}
	// Message limits: goxmldsig must agree as well.
	v, err := xmlsec.VerifyEnveloped([]byte(doc), xmlsec.MessageLimits(), []crypto.PublicKey{testKey().Public()})
	if err != nil {
		t.Fatal(err)
	}
	root := v.Root()
	if id, _ := root.Attr("entityID"); id != "https://hub.rx1.example/saml" {
		t.Errorf("entityID %q", id)
	}
	if until, _ := root.Attr("validUntil"); until != "2026-12-02T12:00:00Z" {
		t.Errorf("validUntil %q", until)
	}
	role := root.Child(space, "IDPSSODescriptor")
	var order []string
	for _, c := range role.Children {
		order = append(order, c.Local)
	}
	want := "Extensions KeyDescriptor KeyDescriptor KeyDescriptor ArtifactResolutionService SingleLogoutService SingleLogoutService NameIDFormat NameIDFormat " +
		"SingleSignOnService SingleSignOnService AttributeProfile Attribute"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("order %s", got)
	}
	for _, e := range role.All(space, "SingleLogoutService") {
		if said, _ := e.AttrNS(spaceAsync, "supportsAsynchronous"); said != "true" {
			t.Errorf("no word of sign-outs without an answer: %s", e.Raw())
		}
	}
	if scope := descend(role, space, "Extensions", spaceShib, "Scope"); scope == nil || scope.Text() != "rx1.example" {
		t.Error("no scope")
	}
	if name := descend(role, space, "Extensions", spaceUI, "UIInfo", spaceUI, "DisplayName"); name.Text() != `Royal <Example> & Sons` {
		t.Errorf("name %q", name.Text())
	}
	if e, err := Parse(v); err != nil || e.SP != nil || e.DisplayName != "RX1" || len(e.Scopes) != 0 {
		t.Errorf("as an entity: %+v, %v", e, err)
	}
}

func TestPublishRefusesIncomplete(t *testing.T) {
	for name, spoil := range map[string]func(*Descriptor){
		"no entity ID":         func(d *Descriptor) { d.EntityID = "" },
		"no SSO":               func(d *Descriptor) { d.IdP.SSO = nil },
		"no attribute service": func(d *Descriptor) { d.Authority.Services = nil },
		"no certificate":       func(d *Descriptor) { d.SigningCertificates = nil },
		"no validity":          func(d *Descriptor) { d.ValidFor = 0 },
		"half an organisation": func(d *Descriptor) { d.Organization.URLs = nil },
	} {
		t.Run(name, func(t *testing.T) {
			d := hub(t)
			spoil(&d)
			if _, err := Publish(d, xmlsec.SigningKey{Signer: testKey(), Algorithm: xmlsec.RSASHA256}, now, rand.Reader); !errors.Is(err, ErrDescriptor) {
				t.Errorf("got %v", err)
			}
		})
	}
	d := hub(t)
	d.ID = "1"
	if _, err := Publish(d, xmlsec.SigningKey{Signer: testKey(), Algorithm: xmlsec.RSASHA256}, now, rand.Reader); !errors.Is(err, xmlsec.ErrSignature) {
		t.Errorf("bad XML ID: %v", err)
	}
}
