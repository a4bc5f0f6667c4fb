package hub

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/metadata"
)

// TestAbout: what the configuration says comes to stand in the metadata, word for word.
func TestAbout(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lanyard.yaml")
	text := `version: 1
issuer: http://hub.localhost:8420
organisation: { name: Example Hospital, ods: RX1, scope: rx1.example }
data: data
keys: { signing_file: signing.pem }
authenticators: [fido2]
saml:
  metadata:
    life: 14d
    display_name: [en=Example Hospital, cy=Ysbyty = Enghraifft]
    description: [en=Signs you in]
    keywords: [en=hospital rx1+example]
    information_url: ["en=https://rx1.example/?a=b"]
    privacy_url: ["en=https://rx1.example/privacy"]
    logo: ["80x60 https://rx1.example/l.png", "cy=16x16 https://rx1.example/l-cy.png"]
    contacts: { technical: ["Service desk <help@rx1.example>", bare@rx1.example], security: ["\"Desk, security\" <cert@rx1.example>"] }
    hints: { networks: ["192.0.2.0/24"], domains: [rx1.example], locations: ["geo:51.5,-0.1"] }
    assurance: ["https://refeds.org/sirtfi"]
    entity_category: ["http://refeds.org/category/hide-from-discovery"]
    entity_category_support: ["https://refeds.org/category/personalized"]
    attributes: ["urn:oid:0.9.2342.19200300.100.1.1 uid", roles]
    registration: { authority: "https://federation.example", instant: "2026-11-01T09:00:00Z", policy: ["en=https://federation.example/mrps"] }
    publisher: https://rx1.example
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, report := config.Load(file, nil, config.Options{SkipFiles: true, Now: time.Now()})
	if report.HasErrors() {
		t.Fatal(report)
	}
	in := func(language, text string) metadata.Localized {
		return metadata.Localized{Language: language, Text: text}
	}
	const uri = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	name := []metadata.Localized{in("en", "Example Hospital")}
	want := metadata.About{
		UI: metadata.UI{
			DisplayNames: append(name, in("cy", "Ysbyty = Enghraifft")), Descriptions: []metadata.Localized{in("en", "Signs you in")},
			Keywords: []metadata.Localized{in("en", "hospital rx1+example")}, InformationURLs: []metadata.Localized{in("en", "https://rx1.example/?a=b")},
			PrivacyURLs: []metadata.Localized{in("en", "https://rx1.example/privacy")},
			Logos:       []metadata.Logo{{URL: "https://rx1.example/l.png", Width: 80, Height: 60}, {URL: "https://rx1.example/l-cy.png", Language: "cy", Width: 16, Height: 16}},
		},
		Hints:        metadata.Hints{Networks: []string{"192.0.2.0/24"}, Domains: []string{"rx1.example"}, Locations: []string{"geo:51.5,-0.1"}},
		Scopes:       []string{"rx1.example"},
		Organization: metadata.Organization{Names: name, DisplayNames: name, URLs: []metadata.Localized{in("en", "http://hub.localhost:8420")}},
		Contacts: []metadata.Contact{
			{Type: "technical", GivenName: "Service desk", Emails: []string{"help@rx1.example"}}, {Type: "technical", Emails: []string{"bare@rx1.example"}},
			{Type: metadata.Security, GivenName: "Desk, security", Emails: []string{"cert@rx1.example"}},
		},
		Attributes: []metadata.Attribute{
			{Name: "urn:oasis:names:tc:SAML:attribute:assurance-certification", NameFormat: uri, Values: []string{"https://refeds.org/sirtfi"}},
			{Name: "http://macedir.org/entity-category", NameFormat: uri, Values: []string{"http://refeds.org/category/hide-from-discovery"}},
			{Name: "http://macedir.org/entity-category-support", NameFormat: uri, Values: []string{"https://refeds.org/category/personalized"}},
		},
		Registration: metadata.Registration{Authority: "https://federation.example", At: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC), Policies: []metadata.Localized{in("en", "https://federation.example/mrps")}},
		Publisher:    "https://rx1.example",
	}
	if diff := cmp.Diff(want, about(c)); diff != "" {
		t.Error(diff)
	}
	told := []metadata.Attribute{{Name: "urn:oid:0.9.2342.19200300.100.1.1", FriendlyName: "uid", NameFormat: uri}, {Name: "roles", NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}}
	if diff := cmp.Diff(told, attributes(c.SAML.Metadata.Attributes)); diff != "" {
		t.Error(diff)
	}
	if c.SAML.Metadata.Life != 14*24*time.Hour {
		t.Error(c.SAML.Metadata.Life)
	}
}
