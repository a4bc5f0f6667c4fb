package metadata

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func certificate(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	return certificateUntil(t, key, now.AddDate(1, 0, 0))
}

func certificateUntil(t testing.TB, key crypto.Signer, end time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pas.rx1.example"},
		NotBefore: time.Unix(0, 0), NotAfter: end,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func ecKeyPair(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keyInfo(der []byte) string {
	return `<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
` + base64.StdEncoding.EncodeToString(der) + `
</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
}

// partner is the metadata of a good partner; KEYS stands for its KeyDescriptors.
const partner = `<?xml version="1.0"?>
<!-- written by an administrator -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://pas.rx1.example/shibboleth" validUntil="2027-01-01T00:00:00Z">
  <md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="1" protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol">
    <md:Extensions>
      <mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">
        <mdui:DisplayName xml:lang="cy">System Weinyddu Cleifion</mdui:DisplayName>
        <mdui:DisplayName xml:lang="en">Patient Administration &amp; Beds</mdui:DisplayName>
      </mdui:UIInfo>
    </md:Extensions>
    KEYS
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://pas.rx1.example/slo" ResponseLocation="https://pas.rx1.example/slo/done"/>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://pas.rx1.example/artifact" index="1" isDefault="false"/>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://pas.rx1.example/acs" index="2"/>
    <md:AttributeConsumingService index="1">
      <md:ServiceName xml:lang="en">PAS</md:ServiceName>
      <md:RequestedAttribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.7" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="eduPersonEntitlement" isRequired="true"/>
    </md:AttributeConsumingService>
  </md:SPSSODescriptor>
  <md:Organization>
    <md:OrganizationName xml:lang="en">RX1</md:OrganizationName>
    <md:OrganizationDisplayName xml:lang="en">Royal Example</md:OrganizationDisplayName>
    <md:OrganizationURL xml:lang="en">https://rx1.example/</md:OrganizationURL>
  </md:Organization>
</md:EntityDescriptor>`

func withKeys(descriptors string) string { return strings.Replace(partner, "KEYS", descriptors, 1) }

func goodPartner(t testing.TB) string {
	return withKeys(`<md:KeyDescriptor>` + keyInfo(certificate(t, testKey())) +
		`<md:EncryptionMethod Algorithm="` + xmlsec.AES256GCM + `"/><md:EncryptionMethod Algorithm="` + xmlsec.RSAOAEP +
		`"><d:DigestMethod xmlns:d="http://www.w3.org/2000/09/xmldsig#" Algorithm="` + xmlsec.SHA512 + `"/><x:MGF xmlns:x="http://www.w3.org/2009/xmlenc11#" Algorithm="` + xmlsec.MGF1SHA384 +
		`"/></md:EncryptionMethod></md:KeyDescriptor>`)
}

func replace(t testing.TB, s, old, with string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("fixture lacks %q", old)
	}
	return strings.ReplaceAll(s, old, with)
}

func parsed(t testing.TB, doc string) Entity {
	t.Helper()
	e, err := Parse(accepted(t, doc))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func codes(findings []Finding, severity Severity) string {
	var list []string
	for _, f := range findings {
		if f.Severity == severity {
			list = append(list, f.Code)
		}
	}
	return strings.Join(list, " ")
}

func accepted(t testing.TB, doc string) xmlsec.Verified {
	t.Helper()
	v, err := xmlsec.AcceptUnsigned([]byte(doc), xmlsec.MetadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	return v
}
