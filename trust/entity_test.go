package trust

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// federation signs metadata, and publishes its key as a certificate and bare.
type federation struct {
	key               *ecdsa.PrivateKey
	certificate, bare []byte
}

func newFederation(t *testing.T) federation {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ended := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, ended, ended, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return federation{
		key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}),
	}
}

// sign signs the element with this ID.
func (f federation) sign(t *testing.T, doc, id string) string {
	t.Helper()
	canonical, err := xmlsec.Canonicalize([]byte(doc), xmlsec.MetadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(canonical, []byte(`ID="`+id+`"`))
	at += bytes.IndexByte(canonical[at:], '>') + 1
	out, err := xmlsec.SignEnveloped(canonical, id, at, xmlsec.SigningKey{Signer: f.key, Algorithm: xmlsec.ECDSASHA256}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestSecurityVerifyWith132 and 148: where the terms name who signs a partner's metadata, only what that key signed as a whole is taken.
func TestSecurityVerifyWith132(t *testing.T) {
	ours, other := newFederation(t), newFederation(t)
	const open = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_all" validUntil="2027-01-01T00:00:00Z">`
	entity := strings.Replace(string(metadataListing(t)), "<md:EntityDescriptor ", `<md:EntityDescriptor ID="_one" `, 1)
	second := strings.NewReplacer("sp.example", "other.example", "_one", "_two").Replace(entity)
	inner := strings.ReplaceAll(entity, ` xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"`, "")
	aggregate := ours.sign(t, open+inner+second+`</md:EntitiesDescriptor>`, "_all")
	one := ours.sign(t, entity, "_one")
	for name, c := range map[string]struct {
		doc, keys string
		taken     bool
	}{
		"an entity":             {one, string(ours.certificate), true},
		"by a bare key":         {one, string(ours.bare), true},
		"one of two keys":       {one, string(other.bare) + string(ours.certificate), true},
		"an aggregate":          {aggregate, string(ours.certificate), true},
		"no keys":               {one, "", true},
		"no keys, tampered":     {strings.Replace(one, "sp.example/acs", "sp.example/ACS", 1), "", true}, // vouched for by whoever applies it
		"unsigned":              {entity, string(ours.certificate), false},
		"by another":            {other.sign(t, entity, "_one"), string(ours.certificate), false},
		"aggregate by another":  {other.sign(t, open+inner+second+`</md:EntitiesDescriptor>`, "_all"), string(ours.certificate), false},
		"tampered":              {strings.Replace(one, "sp.example/acs", "evil.example/acs", 1), string(ours.certificate), false},
		"tampered aggregate":    {strings.Replace(aggregate, "sp.example/acs", "evil.example/acs", 1), string(ours.certificate), false},
		"longer than signed":    {strings.Replace(aggregate, "2027-01-01", "2029-01-01", 1), string(ours.certificate), false},
		"on a child only":       {open + one[strings.Index(one, "<md:"):] + second + `</md:EntitiesDescriptor>`, string(ours.certificate), false},
		"around what is signed": {open + one + `</md:EntitiesDescriptor>`, string(ours.certificate), false},
		"keys that are none":    {one, "-----BEGIN X-----\n-----END X-----\n", false},
		"keys that are no PEM":  {one, "text", false},
	} {
		t.Run(name, func(t *testing.T) {
			compiler, err := NewCompiler()
			if err != nil {
				t.Fatal(err)
			}
			d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, SAML: &SAMLDocument{VerifyKeys: c.keys}}
			p, err := compiler.Compile(d, []byte(c.doc), CompileOptions{Now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
			if (err == nil) != c.taken || err != nil && !errors.Is(err, ErrInvalid) {
				t.Fatalf("%v", err)
			}
			if c.taken && p.SAML.Entity.ID != "https://sp.example/" {
				t.Errorf("entity %s", p.SAML.Entity.ID)
			}
		})
	}
}

// TestVerifyWithStays: the keys come from a file, go into the stored document, and are asked again whenever it is read.
func TestVerifyWithStays(t *testing.T) {
	ours := newFederation(t)
	entity := strings.Replace(string(metadataListing(t)), "<md:EntityDescriptor ", `<md:EntityDescriptor ID="_one" `, 1)
	files := fstest.MapFS{"fed.pem": {Data: ours.certificate}, "sp.xml": {Data: []byte(ours.sign(t, entity, "_one"))}}
	docs, err := ReadDocuments(strings.NewReader("partner: https://sp.example/\nprotocol: saml2\nsaml: { metadata: sp.xml, verify_with: fed.pem }\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, xml, err := docs[0].Resolve(files)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := d.stored()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadDocuments(bytes.NewReader(stored))
	if err != nil || again[0].SAML.VerifyKeys != string(ours.certificate) {
		t.Fatalf("%s, %v", stored, err)
	}
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compiler.Compile(again[0], xml, CompileOptions{Stored: true}); err != nil {
		t.Error(err)
	}
	if _, err := compiler.Compile(again[0], []byte(entity), CompileOptions{Stored: true}); err == nil {
		t.Error("unsigned metadata is taken beside the stored document")
	}
}

func TestReadVerifyKeys(t *testing.T) {
	a, b := newFederation(t), newFederation(t)
	keys, err := ReadVerifyKeys(append(append([]byte("words before\n"), a.certificate...), b.bare...))
	if err != nil || len(keys) != 2 || !a.key.PublicKey.Equal(keys[0].(crypto.PublicKey)) || !b.key.PublicKey.Equal(keys[1]) {
		t.Errorf("%v, %v", keys, err)
	}
	for name, text := range map[string]string{
		"nothing": "", "no PEM": "x", "a private key": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte{1}})),
		"not a certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}})),
		"not a key":         string(a.bare) + string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{1}})),
	} {
		if keys, err := ReadVerifyKeys([]byte(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
}
