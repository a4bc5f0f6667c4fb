package metadata

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

func TestParse(t *testing.T) {
	e := parsed(t, goodPartner(t))
	if e.ID != "https://pas.rx1.example/shibboleth" || e.DisplayName != "Patient Administration & Beds" {
		t.Errorf("%q %q", e.ID, e.DisplayName)
	}
	if got := e.ValidUntil.Format("2006-01-02T15:04:05Z"); got != "2027-01-01T00:00:00Z" {
		t.Errorf("validUntil %s", got)
	}
	sp := e.SP
	if !sp.AuthnRequestsSigned || !sp.WantAssertionsSigned {
		t.Error("flags")
	}
	if len(sp.SigningKeys) != 1 || len(sp.EncryptionKeys) != 1 || len(sp.EncryptionKeys[0].Certificate) == 0 {
		t.Errorf("keys %+v", sp)
	}
	methods := []xmlsec.EncryptionMethod{{Algorithm: xmlsec.AES256GCM},
		{Algorithm: xmlsec.RSAOAEP, Digest: xmlsec.SHA512, MGF: xmlsec.MGF1SHA384}}
	if diff := cmp.Diff(methods, sp.EncryptionKeys[0].Methods); diff != "" {
		t.Error(diff)
	}
	acs := []IndexedEndpoint{
		{BindingArtifact, "https://pas.rx1.example/artifact", 1, false},
		{BindingPOST, "https://pas.rx1.example/acs", 2, true},
	}
	if diff := cmp.Diff(acs, sp.ACS); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Endpoint{{BindingRedirect, "https://pas.rx1.example/slo", "https://pas.rx1.example/slo/done"}}, sp.SLO); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{NameIDPersistent}, sp.NameIDFormats); diff != "" {
		t.Error(diff)
	}
	want := []RequestedAttribute{{
		"urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri", "eduPersonEntitlement", true, nil,
	}}
	if diff := cmp.Diff(want, e.Requested); diff != "" {
		t.Error(diff)
	}
	if findings := Lint(e, now); len(findings) != 0 {
		t.Errorf("findings %v", findings)
	}
}

func TestParseKeepsBytes(t *testing.T) {
	doc := goodPartner(t)
	if got := string(parsed(t, doc).Raw); got != doc[strings.Index(doc, "<md:"):] {
		t.Errorf("raw bytes changed: %s", got)
	}
}

func TestParseAggregate(t *testing.T) {
	one := goodPartner(t)
	one = one[strings.Index(one, "<md:"):]
	bare := replace(t, one, ` xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"`, "")
	open := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2026-12-01T00:00:00Z">`
	e := parsed(t, open+bare+`</md:EntitiesDescriptor>`)
	if got := e.ValidUntil.Format("2006-01-02"); got != "2026-12-01" {
		t.Errorf("the aggregate's earlier validUntil is lost: %s", got)
	}
	if got := parsed(t, replace(t, one, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00")).ValidUntil.Format("2006-01-02T15:04:05Z"); got != "2027-01-01T00:00:00Z" {
		t.Errorf("without a zone: %s", got)
	}
	// what ends first counts, whoever says it
	for _, c := range [][2]string{{"2027-01-01T00:00:00Z", "2026-11-30T00:00:00Z"}, {"<md:SPSSODescriptor ", `<md:SPSSODescriptor validUntil="2026-11-30T00:00:00Z" `}} {
		if got := parsed(t, open+replace(t, bare, c[0], c[1])+`</md:EntitiesDescriptor>`).ValidUntil.Format("2006-01-02"); got != "2026-11-30" {
			t.Errorf("%s: %s", c[1], got)
		}
	}
	if again := parsed(t, string(e.Raw)); again.ID != e.ID || len(again.SP.SigningKeys) != 1 {
		t.Errorf("raw bytes do not stand alone: %s", e.Raw)
	}
	other := replace(t, bare, "pas.rx1", "epr.rx1")
	for name, doc := range map[string]string{
		"two":     open + bare + other + `</md:EntitiesDescriptor>`,
		"three":   open + bare + other + replace(t, bare, "pas.rx1", "lab.rx1") + `</md:EntitiesDescriptor>`,
		"beside":  open + bare + open + other + `</md:EntitiesDescriptor></md:EntitiesDescriptor>`,
		"none":    open + `</md:EntitiesDescriptor>`,
		"no ID":   replace(t, one, ` entityID="https://pas.rx1.example/shibboleth"`, ""),
		"empty":   replace(t, one, "https://pas.rx1.example/shibboleth", ""),
		"date":    replace(t, one, "2027-01-01T00:00:00Z", "tomorrow"),
		"another": `<md:IDPSSODescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>`,
	} {
		t.Run(name, func(t *testing.T) {
			v, err := xmlsec.AcceptUnsigned([]byte(doc), xmlsec.MetadataLimits())
			if err != nil {
				t.Fatal(err)
			}
			if e, err := Parse(v); !errors.Is(err, ErrNotMetadata) {
				t.Errorf("parsed %v, %v", e, err)
			}
		})
	}
	if _, err := Parse(xmlsec.Verified{}); !errors.Is(err, ErrNotMetadata) {
		t.Errorf("nothing verified: %v", err)
	}
}

func TestParseKeys(t *testing.T) {
	key := testKey()
	der := certificate(t, key)
	ec := ecKeyPair(t, elliptic.P256())
	point, err := ec.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	value := func(s string) string {
		return `<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:dsig11="http://www.w3.org/2009/xmldsig11#"><ds:KeyName>k</ds:KeyName>` +
			s + `</ds:KeyInfo>`
	}
	rsaValue := value(`<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>` + b64(key.N.Bytes()) + `</ds:Modulus><ds:Exponent>` +
		b64(big.NewInt(int64(key.E)).Bytes()) + `</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`)
	ecValue := value(`<ds:KeyValue><dsig11:ECKeyValue><dsig11:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/><dsig11:PublicKey>` +
		b64(point) + `</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>`)
	for name, c := range map[string]struct {
		keys                string
		signing, encryption int
		notes               string
	}{
		"no use":                 {`<md:KeyDescriptor>` + keyInfo(der) + `</md:KeyDescriptor>`, 1, 1, ""},
		"signing":                {`<md:KeyDescriptor use="signing">` + keyInfo(der) + `</md:KeyDescriptor>`, 1, 0, ""},
		"encryption":             {`<md:KeyDescriptor use="encryption">` + keyInfo(der) + `</md:KeyDescriptor>`, 0, 1, ""},
		"RSA value":              {`<md:KeyDescriptor>` + rsaValue + `</md:KeyDescriptor>`, 1, 1, ""},
		"EC value":               {`<md:KeyDescriptor>` + ecValue + `</md:KeyDescriptor>`, 1, 0, ""},
		"DER value":              {`<md:KeyDescriptor>` + value(`<dsig11:DEREncodedKeyValue Id="k">`+b64(spki)+`</dsig11:DEREncodedKeyValue>`) + `</md:KeyDescriptor>`, 1, 1, ""},
		"EC certificate":         {`<md:KeyDescriptor>` + keyInfo(certificate(t, ec)) + `</md:KeyDescriptor>`, 1, 0, ""},
		"EC for encryption":      {`<md:KeyDescriptor use="encryption">` + ecValue + `</md:KeyDescriptor>`, 0, 1, ""},
		"EC first, RSA chosen":   {`<md:KeyDescriptor use="encryption">` + ecValue + `</md:KeyDescriptor><md:KeyDescriptor>` + rsaValue + `</md:KeyDescriptor>`, 1, 2, ""},
		"same key in two shapes": {`<md:KeyDescriptor use="signing">` + keyInfo(der) + `</md:KeyDescriptor><md:KeyDescriptor use="signing">` + rsaValue + `</md:KeyDescriptor>`, 1, 0, ""},
		"name only":              {`<md:KeyDescriptor>` + value("") + `</md:KeyDescriptor>`, 0, 0, "key_name_only"},
		"unknown use":            {`<md:KeyDescriptor use="wrapping">` + keyInfo(der) + `</md:KeyDescriptor>`, 0, 0, "key_use"},
		"fifty of them":          {strings.Repeat(`<md:KeyDescriptor use="signing">`+keyInfo(der)+`</md:KeyDescriptor>`, 50), 1, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := parsed(t, withKeys(c.keys))
			if len(e.SP.SigningKeys) != c.signing || len(e.SP.EncryptionKeys) != c.encryption || codes(e.Notes, Warning) != c.notes ||
				codes(e.Notes, Error) != "" {
				t.Errorf("signing %d, encryption %d, notes %v", len(e.SP.SigningKeys), len(e.SP.EncryptionKeys), e.Notes)
			}
			if len(e.SP.EncryptionKeys) == 2 && !hasRSA(e.SP.EncryptionKeys[0]) {
				t.Error("RSA is not first")
			}
		})
	}
}

// TestParseScopes: a literal scope is kept; what is a pattern is not.
func TestParseScopes(t *testing.T) {
	doc := replace(t, goodPartner(t), "<md:SPSSODescriptor ", `<md:Extensions xmlns:shibmd="urn:mace:shibboleth:metadata:1.0"><shibmd:Scope regexp="false"> rx1.example </shibmd:Scope>`+
		`<shibmd:Scope>epr.example</shibmd:Scope><shibmd:Scope regexp="true">.*</shibmd:Scope></md:Extensions><md:SPSSODescriptor `)
	e := parsed(t, doc)
	if diff := cmp.Diff([]string{"rx1.example", "epr.example"}, e.Scopes); diff != "" || codes(e.Notes, Error) != "scope_regexp" {
		t.Errorf("%s %v", diff, e.Notes)
	}
}

// TestParseRepeatedRole: the first role of SAML 2.0 counts, and the other is noted.
func TestParseRepeatedRole(t *testing.T) {
	doc := replace(t, goodPartner(t), "</md:SPSSODescriptor>", `</md:SPSSODescriptor><md:SPSSODescriptor protocolSupportEnumeration="`+Protocol+`"><md:AssertionConsumerService Binding="`+BindingPOST+`" Location="https://other.example/acs" index="1"/></md:SPSSODescriptor>`)
	if e := parsed(t, doc); codes(e.Notes, Warning) != "role_repeated" || len(e.SP.ACS) != 2 {
		t.Errorf("%v %+v", e.Notes, e.SP.ACS)
	}
}

// TestParseDefaultService: the first that says so, else the first that does not deny it, else the first.
func TestParseDefaultService(t *testing.T) {
	for said, want := range map[string]int{"   ": 0, "t  ": 0, " t ": 1, "tt ": 0, " tt": 1, "f  ": 1, "ff ": 2, "fff": 0, "ft ": 1} {
		services := `<md:AttributeConsumingService index="x"/>`
		for i, c := range said {
			flag := map[rune]string{'t': ` isDefault="true"`, 'f': ` isDefault="false"`}[c]
			services += fmt.Sprintf(`<md:AttributeConsumingService index="%d"%s><md:ServiceName xml:lang="en">a</md:ServiceName><md:RequestedAttribute Name="%d"/></md:AttributeConsumingService>`, i, flag, i)
		}
		doc := goodPartner(t)
		from, to := strings.Index(doc, "<md:AttributeConsumingService"), strings.Index(doc, "</md:AttributeConsumingService>")+len("</md:AttributeConsumingService>")
		e := parsed(t, doc[:from]+services+doc[to:])
		notes := "service_index"
		if strings.Count(said, "t") > 1 {
			notes += " service_default"
		}
		if e.Requested[0].Name != strconv.Itoa(want) || !e.SP.Services[want].Default || !sameWords(codes(e.Notes, Warning), notes) {
			t.Errorf("%q: %+v %v", said, e.Requested, e.Notes)
		}
	}
}
