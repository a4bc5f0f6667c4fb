package metadata

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// TestLintMistakes are those of the field that are worth a warning, and what stays right beside them.
func TestLintMistakes(t *testing.T) {
	good := goodPartner(t)
	const post = `Binding="` + BindingPOST + `"`
	expired := withKeys(`<md:KeyDescriptor>` + keyInfo(certificateUntil(t, testKey(), now.Add(-time.Hour))) + `</md:KeyDescriptor>`)
	signing := withKeys(strings.Replace(rsaKeyValue(testKey().N, 65537), "encryption", "signing", 1))
	for name, c := range map[string]struct {
		doc              string
		warnings, errors string
	}{
		"a good one":              {good, "", ""},
		"expired certificate":     {expired, "certificate_expired", ""},
		"nothing to encrypt to":   {signing, "no_encryption_key", ""},
		"capitalised boolean":     {replace(t, good, `AuthnRequestsSigned="true"`, `AuthnRequestsSigned="True"`), "boolean", ""},
		"two defaults":            {replace(t, replace(t, good, `isDefault="false"`, `isDefault="1"`), `index="2"`, `index="2" isDefault="true"`), "acs_default", ""},
		"answers by Redirect":     {replace(t, good, post, `Binding="`+BindingRedirect+`"`), "acs_binding", ""},
		"no usable binding":       {replace(t, replace(t, good, post, `Binding="`+BindingRedirect+`"`), `Binding="`+BindingArtifact+`"`, `Binding="`+BindingSOAP+`"`), "acs_binding acs_binding", "acs_unusable"},
		"PAOS alone":              {replace(t, replace(t, good, post, `Binding="`+BindingPAOS+`"`), `Binding="`+BindingArtifact+`"`, `Binding="`+BindingPAOS+`"`), "", ""},
		"ACS with two places":     {replace(t, good, `index="2"`, `index="2" ResponseLocation="https://pas.rx1.example/x"`), "acs_response", ""},
		"artifact index twice":    {replace(t, good, "<md:SingleLogoutService", strings.Repeat(`<md:ArtifactResolutionService index="1" Binding="`+BindingSOAP+`" Location="https://pas.rx1.example/ars"/>`, 2)+"<md:SingleLogoutService"), "", "artifact_index"},
		"artifact by Redirect":    {replace(t, good, "<md:SingleLogoutService", `<md:ArtifactResolutionService index="1" Binding="`+BindingRedirect+`" Location="https://pas.rx1.example/ars"/><md:SingleLogoutService`), "artifact_binding", ""},
		"artifact on this host":   {replace(t, good, "<md:SingleLogoutService", `<md:ArtifactResolutionService index="1" Binding="`+BindingSOAP+`" Location="https://127.0.0.1/ars"/><md:SingleLogoutService`), "", "endpoint_address"},
		"format of the future":    {replace(t, good, NameIDPersistent, "urn:oasis:names:tc:SAML:2.0:nameid-format:emailAddress"), "nameid_format", ""},
		"format of their own":     {replace(t, good, NameIDPersistent, "https://pas.rx1.example/format"), "", ""},
		"service without a name":  {replace(t, good, `<md:ServiceName xml:lang="en">PAS</md:ServiceName>`, ""), "service_name", ""},
		"service without a wish":  {good[:strings.Index(good, "<md:RequestedAttribute")] + good[strings.Index(good, "</md:AttributeConsumingService>"):], "service_empty", ""},
		"wish without a name":     {replace(t, good, `Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.7" `, ""), "attribute_name", ""},
		"SHA-1 only":              {replace(t, good, "<md:Extensions>", `<md:Extensions><a:DigestMethod xmlns:a="`+spaceAlg+`" Algorithm="`+xmlsec.SHA1+`"/><a:SigningMethod xmlns:a="`+spaceAlg+`" Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/>`), "digest_methods signing_methods", ""},
		"an identity provider's":  {replace(t, good, "SPSSODescriptor", "IDPSSODescriptor"), "", "role_other no_role"},
		"address without mailto:": {replace(t, good, "</md:EntityDescriptor>", `<md:ContactPerson contactType="support"><md:EmailAddress>help@rx1.example</md:EmailAddress></md:ContactPerson></md:EntityDescriptor>`), "contact_mailto", ""},
	} {
		t.Run(name, func(t *testing.T) {
			findings := Lint(parsed(t, c.doc), now)
			if got := codes(findings, Warning); got != c.warnings {
				t.Errorf("warnings %q, want %q", got, c.warnings)
			}
			if got := codes(findings, Error); got != c.errors {
				t.Errorf("errors %q, want %q", got, c.errors)
			}
		})
	}
}
