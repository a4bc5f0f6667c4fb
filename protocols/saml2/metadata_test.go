package saml2

import (
	"crypto"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web"
)

// everythingAbout fills every field. The schemas are asked about it when the tests are over.
func everythingAbout() metadata.About {
	both := []metadata.Localized{{Language: "en", Text: "Royal <Example> & Sons"}, {Language: "cy", Text: "Ysbyty Enghraifft"}}
	urls := []metadata.Localized{{Language: "en", Text: "https://rx1.example/?a=1&b=2"}}
	return metadata.About{
		UI: metadata.UI{
			DisplayNames: both, Descriptions: both, Keywords: []metadata.Localized{{Language: "en", Text: "hospital rx1+example"}}, InformationURLs: urls, PrivacyURLs: urls,
			Logos: []metadata.Logo{{URL: "https://rx1.example/logo.png", Width: 80, Height: 60}, {URL: "https://rx1.example/cy.png", Language: "cy", Width: 16, Height: 16}},
		},
		Hints:        metadata.Hints{Networks: []string{"192.0.2.0/24", "2001:db8::/32"}, Domains: []string{"rx1.example"}, Locations: []string{"geo:51.5,-0.1"}},
		Scopes:       []string{"rx1.example"},
		Organization: metadata.Organization{Names: both, DisplayNames: both, URLs: urls},
		Contacts: []metadata.Contact{
			{Type: "technical", Company: "RX1", GivenName: "Service", Surname: "Desk", Emails: []string{"help@rx1.example", "b@rx1.example"}, Phones: []string{"+44 1632 960001"}},
			{Type: "support", GivenName: "x"}, {Type: "administrative", GivenName: "x"}, {Type: "billing", GivenName: "x"}, {Type: "other", GivenName: "x"},
			{Type: metadata.Security, GivenName: "Security desk", Emails: []string{"cert@rx1.example"}},
		},
		Attributes: []metadata.Attribute{
			{Name: "urn:oasis:names:tc:SAML:attribute:assurance-certification", NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:uri", Values: []string{"https://refeds.org/sirtfi"}},
			{Name: "http://macedir.org/entity-category-support", NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:uri", Values: []string{"https://refeds.org/category/personalized", "urn:x"}},
		},
		Registration: metadata.Registration{Authority: "https://federation.example", At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Policies: urls},
		Publisher:    "https://rx1.example/publisher",
	}
}

// TestMetadataAboutEverything: the metadata of a hub that says all it can is read back by our own gate, and is signed.
func TestMetadataAboutEverything(t *testing.T) {
	for name, about := range map[string]metadata.About{"everything": everythingAbout(), "nothing": {}} {
		w := newWorld(t)
		w.receives()
		w.p.About, w.p.CardECP, w.p.Clients = about, "https://ecp.card.hub.example"+ECPPath, clients{w}
		w.p.published = publication{}
		if name == "everything" {
			w.p.Attributes = []metadata.Attribute{{Name: "urn:oid:0.9.2342.19200300.100.1.1", FriendlyName: "uid", NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"}, {Name: "uid"}}
		}
		rec := w.asked(http.MethodGet, MetadataPath)
		v, err := xmlsec.VerifyEnveloped(rec.Body.Bytes(), xmlsec.MetadataLimits(), []crypto.PublicKey{keys().hub.Public()})
		if err != nil {
			t.Fatal(name, err)
		}
		e, err := metadata.Parse(v)
		if err != nil {
			t.Fatal(name, err)
		}
		if len(e.Contacts) != len(about.Contacts) || len(e.Attributes) != len(about.Attributes) || len(e.Organization.Names) != len(about.Organization.Names) {
			t.Errorf("%s: read back as %+v", name, e)
		}
		if n := len(about.Contacts); n > 0 && e.Contacts[n-1].Type != metadata.Security {
			t.Errorf("no contact for security: %+v", e.Contacts)
		}
	}
}

// TestMetadataWantsSignatures where the configuration says so, and nowhere else.
func TestMetadataWantsSignatures(t *testing.T) {
	for _, want := range []bool{true, false} {
		w := newWorld(t)
		w.p.WantSigned = want
		if got := strings.Contains(w.asked(http.MethodGet, MetadataPath).Body.String(), ` WantAuthnRequestsSigned="true"`); got != want {
			t.Errorf("said: %v, want %v", got, want)
		}
	}
}

// TestMetadataNames where enhanced clients go, cards first, and where people are sent with an error.
func TestMetadataNames(t *testing.T) {
	w := newWorld(t)
	const card = "https://ecp.card.hub.example" + ECPPath
	for _, c := range []struct {
		clients Clients
		card    string
		want    []string
	}{{nil, card, nil}, {clients{w}, "", []string{issuerURL + ECPPath}}, {clients{w}, card, []string{card, issuerURL + ECPPath}}} {
		w.p.Clients, w.p.CardECP = c.clients, c.card
		var got []string
		d := w.p.descriptor()
		for _, e := range d.IdP.SSO {
			if e.Binding == metadata.BindingSOAP {
				got = append(got, e.Location)
			}
		}
		if !slices.Equal(got, c.want) || d.IdP.ErrorURL != issuerURL+web.ErrorURL {
			t.Errorf("%v, want %v; %s", got, c.want, d.IdP.ErrorURL)
		}
	}
}

// TestMetadataEndpoints: every address in the metadata is one that a route of ours answers, by the method that its binding has.
func TestMetadataEndpoints(t *testing.T) {
	w := newWorld(t)
	w.p.Clients = clients{w}
	d := w.p.descriptor()
	routes := w.p.Routes()
	all := slices.Concat(d.IdP.SSO, d.IdP.SLO, d.Authority.Services)
	for _, a := range d.IdP.ArtifactResolution {
		all = append(all, metadata.Endpoint{Binding: a.Binding, Location: a.Location})
	}
	for _, e := range all {
		methods := map[string][]string{
			metadata.BindingRedirect: {"GET"}, metadata.BindingArtifact: {"GET", "POST"}, metadata.BindingPOST: {"POST"}, metadata.BindingSimpleSign: {"POST"}, metadata.BindingSOAP: {"POST"},
		}[e.Binding]
		path, ours := strings.CutPrefix(e.Location, issuerURL)
		if !ours || methods == nil {
			t.Errorf("%+v", e)
		}
		for _, m := range methods {
			found := false
			for _, r := range routes {
				found = found || r.Method == m && r.Path == path
			}
			if !found {
				t.Errorf("nobody answers %s %s", m, path)
			}
		}
	}
	if len(all) < 11 {
		t.Errorf("%d endpoints", len(all))
	}
}

// TestMetadataAlgorithms: what the metadata lists is verified, and made by the key that can.
func TestMetadataAlgorithms(t *testing.T) {
	w := newWorld(t)
	d := w.p.descriptor()
	if len(d.SigningMethods) != len(keyring.Algorithms()) {
		t.Errorf("%d methods", len(d.SigningMethods))
	}
	for _, alg := range keyring.Algorithms() {
		k, err := hubRing().Signing(alg)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(d.SigningMethods, func(m metadata.SigningMethod) bool { return m.Algorithm == trust.SignatureURI(alg) }) {
			t.Errorf("%s is not listed", alg)
		}
		for _, digest := range d.DigestMethods {
			key := keyFor(k, alg)
			key.Digest = digest
			doc := `<a xmlns="urn:x" ID="_1"><b></b></a>`
			signed, err := xmlsec.SignEnveloped([]byte(doc), "_1", strings.Index(doc, "<b>"), key, rand.Reader)
			if err != nil {
				t.Fatal(alg, digest, err)
			}
			if _, err := xmlsec.VerifyEnveloped(signed, xmlsec.MetadataLimits(), []crypto.PublicKey{k.Certificate.PublicKey}); err != nil {
				t.Error(alg, digest, err)
			}
		}
	}
}
