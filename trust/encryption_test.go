package trust

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// metadataListing is a partner with one encryption key and these methods.
func metadataListing(t *testing.T, methods ...string) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	list := ""
	for _, m := range methods {
		list += `<md:EncryptionMethod Algorithm="` + m + `"/>`
	}
	return []byte(`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(der) +
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo>` + list + `</md:KeyDescriptor><md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs"/></md:SPSSODescriptor></md:EntityDescriptor>`)
}

// TestCBCOnlyMetadata: libraries that list nothing but AES-CBC are told what permits it when they are registered, not at the
// first sign-in.
func TestCBCOnlyMetadata(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	cbc := []string{xmlsec.AES128CBC, xmlsec.AES256CBC, xmlsec.RSAOAEPMGF1P}
	for name, c := range map[string]struct {
		terms   SAMLDocument
		methods []string
		refused bool
	}{
		"refused":         {SAMLDocument{}, cbc, true},
		"asked for":       {SAMLDocument{Encrypt: "always"}, cbc, true},
		"permitted":       {SAMLDocument{AllowCBC: true}, cbc, false},
		"not encrypted":   {SAMLDocument{Encrypt: "never"}, cbc, false},
		"GCM listed too":  {SAMLDocument{}, append([]string{xmlsec.AES256GCM}, cbc...), false},
		"nothing listed":  {SAMLDocument{}, nil, false},
		"RSA 1.5 remains": {SAMLDocument{AllowCBC: true}, []string{xmlsec.AES128CBC, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, SAML: &c.terms}
			p, err := compiler.Compile(d, metadataListing(t, c.methods...), CompileOptions{Now: time.Now()})
			if refused := err != nil && strings.Contains(err.Error(), "saml.allow_cbc"); refused != c.refused || err != nil && !refused {
				t.Fatalf("%v", err)
			}
			if err == nil && p.SAML.Entity.SP.EncryptionKeys[0].AllowCBC != c.terms.AllowCBC {
				t.Error("the key does not know")
			}
		})
	}
}

// TestKeylessPartner: a product that has no key at all, such as dex, is taken once the terms of that very partner say that it is told in
// clear. The configuration of all partners does not say it.
func TestKeylessPartner(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	whole := string(metadataListing(t))
	start, end := strings.Index(whole, "<md:KeyDescriptor>"), strings.Index(whole, "<md:AssertionConsumerService")
	bare := whole[:start] + whole[end:]
	for name, c := range map[string]struct {
		terms    SAMLDocument
		defaults SAMLDefaults
		metadata string
		want     string
	}{
		"nobody says":            {SAMLDocument{}, SAMLDefaults{}, bare, "no_keys"},
		"the configuration says": {SAMLDocument{}, SAMLDefaults{Encrypt: "never"}, bare, "no_keys"},
		"always":                 {SAMLDocument{Encrypt: "always"}, SAMLDefaults{}, bare, "no_keys"},
		"the terms say":          {SAMLDocument{Encrypt: "never"}, SAMLDefaults{}, bare, ""},
		"it says that it signs":  {SAMLDocument{Encrypt: "never"}, SAMLDefaults{}, strings.Replace(bare, "<md:SPSSODescriptor ", `<md:SPSSODescriptor AuthnRequestsSigned="true" `, 1), "no_signing_key"},
	} {
		t.Run(name, func(t *testing.T) {
			d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, SAML: &c.terms}
			_, err := compiler.Compile(d, []byte(c.metadata), CompileOptions{Now: time.Now(), SAML: c.defaults})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestEncryptWith: products that read one algorithm and list none, or others, are encrypted to by the one in their terms.
func TestEncryptWith(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		terms   SAMLDocument
		refused []string
		listed  []string
		want    string // a part of what is encrypted, or of the error
	}{
		"nobody says":            {SAMLDocument{}, nil, nil, xmlsec.AES128GCM},
		"CBC, nothing listed":    {SAMLDocument{EncryptWith: "aes128-cbc", AllowCBC: true}, nil, nil, xmlsec.AES128CBC},
		"CBC, GCM listed":        {SAMLDocument{EncryptWith: "aes256-cbc", AllowCBC: true}, nil, []string{xmlsec.AES128GCM}, xmlsec.AES256CBC},
		"GCM, CBC listed":        {SAMLDocument{EncryptWith: "aes256-gcm"}, nil, []string{xmlsec.AES128CBC}, xmlsec.AES256GCM},
		"CBC is not allowed":     {SAMLDocument{EncryptWith: "aes128-cbc"}, nil, nil, "needs saml.allow_cbc"},
		"no such algorithm":      {SAMLDocument{EncryptWith: "tripledes-cbc", AllowCBC: true}, nil, nil, "is not one of aes128-gcm"},
		"the configuration bans": {SAMLDocument{EncryptWith: "aes128-cbc", AllowCBC: true}, []string{xmlsec.AES128CBC}, nil, "takes away"},
		"keys as listed":         {SAMLDocument{EncryptWith: "aes128-gcm"}, nil, []string{xmlsec.AES256CBC, xmlsec.RSAOAEP}, xmlsec.RSAOAEP},
		"RSA 1.5 alone":          {SAMLDocument{EncryptWith: "aes128-gcm"}, nil, []string{"http://www.w3.org/2001/04/xmlenc#rsa-1_5"}, "no encryption method"},
	} {
		t.Run(name, func(t *testing.T) {
			d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, SAML: &c.terms}
			p, err := compiler.Compile(d, metadataListing(t, c.listed...), CompileOptions{Now: time.Now(), SAML: SAMLDefaults{Refused: c.refused}})
			if !strings.HasPrefix(c.want, "http") {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			made, err := xmlsec.Encrypt([]byte("<a/>"), p.SAML.Entity.SP.EncryptionKeys[0], rand.Reader)
			if err != nil || !strings.Contains(string(made), `Algorithm="`+c.want+`"`) {
				t.Errorf("%s %v", made, err)
			}
		})
	}
}
