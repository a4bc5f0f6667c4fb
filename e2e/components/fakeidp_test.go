package components_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// idp is the entityID of the hub that these tests play.
const idp = "https://hub.localhost/saml2"

// idpMetadata is a hub's signed metadata, with its artifact endpoint at soap.
func idpMetadata(t *testing.T, key *components.Leaf, soap string) []byte {
	t.Helper()
	cert := base64.StdEncoding.EncodeToString(key.Certificate.Raw)
	text := fmt.Sprintf(`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_m1" entityID=%q validUntil=%q><!--signature-->`+
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:Extensions>`+
		`<shibmd:Scope xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" regexp="false">hub.localhost</shibmd:Scope></md:Extensions>`+
		`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>`+
		`<ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`+
		`<md:ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location=%q index="0"/>`+
		`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://hub.localhost/saml2/slo"/>`+
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://hub.localhost/saml2/sso"/>`+
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://hub.localhost/saml2/sso"/>`+
		`</md:IDPSSODescriptor></md:EntityDescriptor>`, idp, time.Now().Add(time.Hour).UTC().Format(time.RFC3339), cert, soap)
	return components.SignXML(t, []byte(text), "_m1", key)
}

// samlResponse answers the request in the SP's redirect as a hub would.
func samlResponse(t *testing.T, key *components.Leaf, sp *components.ShibbolethSP, request string) string {
	t.Helper()
	var asked struct {
		ID  string `xml:",attr"`
		ACS string `xml:"AssertionConsumerServiceURL,attr"`
	}
	if err := xml.Unmarshal([]byte(request), &asked); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	text := strings.NewReplacer(
		"IDP", idp, "REQUEST", asked.ID, "ACS", asked.ACS, "SP", sp.EntityID,
		"NOW", now.Format(time.RFC3339), "LATER", now.Add(time.Minute).Format(time.RFC3339),
	).Replace(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` +
		` ID="_r1" Version="2.0" IssueInstant="NOW" Destination="ACS" InResponseTo="REQUEST"><saml:Issuer>IDP</saml:Issuer><!--signature-->` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		`<saml:Assertion ID="_a1" Version="2.0" IssueInstant="NOW"><saml:Issuer>IDP</saml:Issuer><saml:Subject>` +
		`<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">t1</saml:NameID>` +
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData` +
		` NotOnOrAfter="LATER" Recipient="ACS" InResponseTo="REQUEST"/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="NOW" NotOnOrAfter="LATER"><saml:AudienceRestriction><saml:Audience>SP</saml:Audience>` +
		`</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="NOW" SessionIndex="s1"><saml:AuthnContext>` +
		`<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI</saml:AuthnContextClassRef>` +
		`</saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>` +
		`<saml:Attribute Name="urn:oid:0.9.2342.19200300.100.1.1" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">` +
		`<saml:AttributeValue>555000000001</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="urn:oasis:names:tc:SAML:attribute:subject-id" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">` +
		`<saml:AttributeValue>a1@hub.localhost</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="urn:example:role" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">` +
		`<saml:AttributeValue>R8000 &amp; more</saml:AttributeValue><saml:AttributeValue>two</saml:AttributeValue></saml:Attribute>` +
		`</saml:AttributeStatement></saml:Assertion></samlp:Response>`)
	return base64.StdEncoding.EncodeToString(components.SignXML(t, []byte(text), "_r1", key))
}

func inflate(t *testing.T, message string) string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(message)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
