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
	return Descriptor{
		EntityID: "https://hub.rx1.example/saml", ID: "_metadata1", ValidFor: 7 * 24 * time.Hour, CacheFor: time.Hour,
		ErrorURL: "https://hub.rx1.example/error?a=1&b=2",
		SSO: []Endpoint{
			{BindingRedirect, "https://hub.rx1.example/saml/sso", ""}, {BindingPOST, "https://hub.rx1.example/saml/sso", ""},
		},
		SLO: []Endpoint{
			{BindingRedirect, "https://hub.rx1.example/saml/slo", "https://hub.rx1.example/saml/slo/done?a=1&b=2"},
			{BindingSOAP, "https://hub.rx1.example/saml/slo/soap", ""},
		},
		SigningCertificates: [][]byte{der, der}, NameIDFormats: []string{NameIDPersistent, NameIDTransient},
		Scopes: []string{"rx1.example"}, DisplayName: `Royal <Example> & Sons`,
		Organization:            Organization{Name: "RX1", URL: "https://rx1.example/"},
		Contacts:                []Contact{{"technical", "Service desk", "help@rx1.example"}},
		WantAuthnRequestsSigned: true,
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
	want := "Extensions KeyDescriptor KeyDescriptor SingleLogoutService SingleLogoutService NameIDFormat NameIDFormat SingleSignOnService SingleSignOnService"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("order %s", got)
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
		"no SSO":               func(d *Descriptor) { d.SSO = nil },
		"no certificate":       func(d *Descriptor) { d.SigningCertificates = nil },
		"no validity":          func(d *Descriptor) { d.ValidFor = 0 },
		"half an organisation": func(d *Descriptor) { d.Organization.URL = "" },
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
