package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// hubKeys are the hub's: RSA active, P-256 active, P-384 next, another RSA next.
type hubKeys struct {
	ring                        keyring.Ring
	rsa, p256, p384, other, old string // ids
}

func newHubKeys(t *testing.T) hubKeys {
	t.Helper()
	made := func(state keyring.State, signer crypto.Signer, err error) keyring.Key {
		if err != nil {
			t.Fatal(err)
		}
		return keyring.Key{ID: keyring.Thumbprint(signer.Public()), State: state, Signer: signer, Certificate: &x509.Certificate{}}
	}
	ofRSA := func(state keyring.State) keyring.Key {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		return made(state, k, err)
	}
	ofEC := func(state keyring.State, c elliptic.Curve) keyring.Key {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		return made(state, k, err)
	}
	all := []keyring.Key{
		ofRSA(keyring.Active), ofEC(keyring.Active, elliptic.P256()), ofEC(keyring.Next, elliptic.P384()), ofRSA(keyring.Next), ofRSA(keyring.Retired),
	}
	ring, err := keyring.New(all...)
	if err != nil {
		t.Fatal(err)
	}
	return hubKeys{ring, all[0].ID, all[1].ID, all[2].ID, all[3].ID, all[4].ID}
}

func method(uri string, minBits, maxBits int) metadata.SigningMethod {
	return metadata.SigningMethod{Algorithm: uri, MinBits: minBits, MaxBits: maxBits}
}

func TestSigningKeyOfPartner(t *testing.T) {
	h := newHubKeys(t)
	const sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	for name, c := range map[string]struct {
		named   string
		methods []metadata.SigningMethod
		key     string
		wantKey string
		wantAlg keyring.Algorithm
	}{
		"nothing said":            {"", nil, "", h.rsa, keyring.RS256},
		"terms":                   {"PS384", nil, "", h.rsa, keyring.PS384},
		"metadata":                {"", []metadata.SigningMethod{method(xmlsec.ECDSASHA256, 0, 0)}, "", h.p256, keyring.ES256},
		"terms before metadata":   {"RS512", []metadata.SigningMethod{method(xmlsec.ECDSASHA256, 0, 0)}, "", h.rsa, keyring.RS512},
		"SHA-1 first":             {"", []metadata.SigningMethod{method(sha1, 0, 0), method(xmlsec.RSASHA512, 0, 0)}, "", h.rsa, keyring.RS512},
		"SHA-1 only":              {"", []metadata.SigningMethod{method(sha1, 0, 0)}, "", h.rsa, keyring.RS256},
		"no active key for first": {"", []metadata.SigningMethod{method(xmlsec.ECDSASHA384, 0, 0), method(xmlsec.RSAPSSSHA256, 0, 0)}, "", h.rsa, keyring.PS256},
		"key too small":           {"", []metadata.SigningMethod{method(xmlsec.RSASHA512, 3072, 0), method(xmlsec.ECDSASHA256, 256, 256)}, "", h.p256, keyring.ES256},
		"key too large":           {"", []metadata.SigningMethod{method(xmlsec.RSASHA512, 0, 2047)}, "", h.rsa, keyring.RS256},
		"named next":              {"RS256", nil, h.other, h.other, keyring.RS256},
		"named next of its kind":  {"ES384", nil, h.p384, h.p384, keyring.ES384},
		"named, metadata":         {"", []metadata.SigningMethod{method(xmlsec.RSASHA384, 0, 0), method(xmlsec.ECDSASHA384, 0, 0)}, h.p384, h.p384, keyring.ES384},
		"named of another kind":   {"RS256", nil, h.p384, h.rsa, keyring.RS256},
		"named and retired":       {"RS256", nil, h.old, h.rsa, keyring.RS256},
		"named and gone":          {"RS256", nil, "nobody", h.rsa, keyring.RS256},
	} {
		t.Run(name, func(t *testing.T) {
			terms := &SAMLTerms{Algorithm: c.named, Key: c.key}
			if c.named == "" {
				terms.Listed = listed(c.methods)
			}
			k, alg, err := terms.SigningKey(h.ring)
			if err != nil || k.ID != c.wantKey || alg != c.wantAlg {
				t.Errorf("%s with %s, %v", alg, k.ID, err)
			}
		})
	}
	if _, _, err := (&SAMLTerms{Algorithm: "ES512"}).SigningKey(h.ring); !errors.Is(err, keyring.ErrNoKey) {
		t.Error(err)
	}
}

func withExtensions(doc []byte, entity, role string) []byte {
	s := strings.Replace(string(doc), `<md:SPSSODescriptor protocol`, entity+`<md:SPSSODescriptor protocol`, 1)
	return []byte(strings.Replace(s, `<md:KeyDescriptor>`, role+`<md:KeyDescriptor>`, 1))
}

// TestCompileSigning: what an administrator is told when terms ask for what no key can do.
func TestCompileSigning(t *testing.T) {
	h := newHubKeys(t)
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	ext := func(methods string) string {
		return `<md:Extensions xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport">` + methods + `</md:Extensions>`
	}
	plain := metadataListing(t, xmlsec.AES128GCM)
	more := newHubKeys(t)
	two, err := keyring.New(append(h.ring.Published(), more.ring.Upcoming()...)...)
	if err != nil {
		t.Fatal(err)
	}
	es256 := withExtensions(plain, "", ext(`<alg:SigningMethod Algorithm="`+xmlsec.ECDSASHA256+`"/><alg:DigestMethod Algorithm="`+xmlsec.SHA512+`"/>`))
	for name, c := range map[string]struct {
		terms    SAMLDocument
		metadata []byte
		keys     *keyring.Ring
		refused  string // part of the message; empty: accepted
		want     keyring.Algorithm
		digest   string
	}{
		"nothing":                {SAMLDocument{}, plain, &h.ring, "", "RS256", ""},
		"RS384":                  {SAMLDocument{Algorithm: "RS384"}, plain, &h.ring, "", "RS384", ""},
		"PS512":                  {SAMLDocument{Algorithm: "PS512"}, plain, &h.ring, "", "PS512", ""},
		"listed":                 {SAMLDocument{}, es256, &h.ring, "", "ES256", xmlsec.SHA512},
		"terms over list":        {SAMLDocument{Algorithm: "PS256"}, es256, &h.ring, "", "PS256", xmlsec.SHA512},
		"no such algorithm":      {SAMLDocument{Algorithm: "RS1"}, plain, &h.ring, "saml.algorithm", "", ""},
		"symmetric":              {SAMLDocument{Algorithm: "HS256"}, plain, nil, "saml.algorithm", "", ""},
		"next is not active":     {SAMLDocument{Algorithm: "ES384"}, plain, &h.ring, "no active key in keys.signing_file signs with ES384; the keys there sign with RS256, RS384, RS512, ES256, PS256, PS384, PS512", "", ""},
		"no key":                 {SAMLDocument{Algorithm: "ES512"}, plain, &h.ring, "signs with ES512", "", ""},
		"no key, nobody knows":   {SAMLDocument{Algorithm: "ES512"}, plain, nil, "", "", ""},
		"next":                   {SAMLDocument{SigningKey: "next"}, plain, &h.ring, "", "RS256", ""},
		"next of a kind":         {SAMLDocument{Algorithm: "ES384", SigningKey: "next"}, plain, &h.ring, "", "ES384", ""},
		"next of no kind":        {SAMLDocument{Algorithm: "ES256", SigningKey: "next"}, plain, &h.ring, "no key in keys.signing_file is next and signs with ES256", "", ""},
		"next, two of a kind":    {SAMLDocument{SigningKey: "next"}, plain, &two, "more than one key", "", ""},
		"next, nobody knows":     {SAMLDocument{SigningKey: "next"}, plain, nil, "can be resolved only where", "", ""},
		"by id":                  {SAMLDocument{SigningKey: h.rsa}, plain, &h.ring, "", "RS256", ""},
		"by id, retired":         {SAMLDocument{SigningKey: h.old}, plain, &h.ring, "has the id", "", ""},
		"by id, of another kind": {SAMLDocument{SigningKey: h.p384}, plain, &h.ring, "does not sign with RS256", "", ""},
		"by id, nobody knows":    {SAMLDocument{SigningKey: h.old}, plain, nil, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, SAML: &c.terms}
			p, err := compiler.Compile(d, c.metadata, CompileOptions{Now: time.Now(), Keys: c.keys})
			if c.refused != "" {
				if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("not refused with %q: %v", c.refused, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, alg, err := p.SAML.SigningKey(h.ring); c.want != "" && (err != nil || alg != c.want || p.SAML.Digest != c.digest) {
				t.Errorf("%s, digest %q, %v", alg, p.SAML.Digest, err)
			}
		})
	}
	d := Document{Partner: "app", Protocol: OIDC, OIDC: &OIDCDocument{Auth: "none", RedirectURIs: []string{"https://app.example/"}, IDTokenAlg: "RS256"}}
	for ring, ok := range map[*keyring.Ring]bool{&h.ring: true, new(keyring.Ring): false} {
		if _, err := compiler.Compile(d, nil, CompileOptions{Keys: ring}); (err == nil) != ok {
			t.Errorf("OIDC: %v", err)
		}
	}
	algorithms := map[string]bool{"": true, "EdDSA": false, "HS256": false, "none": false, "rs256": false}
	for _, a := range keyring.Algorithms() {
		algorithms[string(a)] = true
	}
	for alg, ok := range algorithms {
		d.OIDC.IDTokenAlg = alg
		if _, err := compiler.Compile(d, nil, CompileOptions{}); (err == nil) != ok {
			t.Errorf("OIDC with %s: %v", alg, err)
		}
	}
}

// TestNextIsStoredByID: a partner moved to the next key stays with that key; it is not moved again by the next roll-over.
func TestNextIsStoredByID(t *testing.T) {
	h := newHubKeys(t)
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	store := &shelf{}
	d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, SAML: &SAMLDocument{SigningKey: "next"}}
	o := CompileOptions{Now: time.Now(), Keys: &h.ring}
	change, err := Propose(t.Context(), store, compiler, d, metadataListing(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := change.Apply(t.Context(), store, o.Now); err != nil {
		t.Fatal(err)
	}
	if d.SAML.SigningKey != "next" {
		t.Error("the given document was changed")
	}
	if len(store.records) != 1 || !strings.Contains(string(store.records[0].Document), "signing_key: "+h.other) {
		t.Fatalf("%v", store.records)
	}
	if again, err := Propose(t.Context(), store, compiler, d, nil, o); err != nil || !again.Same {
		t.Errorf("not the same: %v", err)
	}
	registry := NewRegistry(store, compiler, false, time.Now)
	if err := errors.Join(registry.Load(t.Context()), registry.Broken()); err != nil {
		t.Fatal(err)
	}
	p, err := registry.Partner(SAML2, d.Partner)
	if err != nil {
		t.Fatal(err)
	}
	if k, _, err := p.SAML.SigningKey(h.ring); err != nil || k.ID != h.other {
		t.Errorf("signed by %s: %v", k.ID, err)
	}
}

func TestEncryptNameIDNeedsAKey(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		metadata []byte
		ok       bool
	}{
		"usable":   {metadataListing(t), true},
		"CBC only": {metadataListing(t, xmlsec.AES128CBC), false},
		"no key":   {[]byte(strings.Replace(string(metadataListing(t)), "<md:KeyDescriptor>", `<md:KeyDescriptor use="signing">`, 1)), false},
	} {
		d := Document{Partner: "https://sp.example/", Protocol: SAML2, SAML: &SAMLDocument{EncryptNameID: true, Encrypt: "never"}}
		if p, err := compiler.Compile(d, c.metadata, CompileOptions{Now: time.Now()}); (err == nil) != c.ok || !p.SAML.EncryptNameID {
			t.Errorf("%s: %v", name, err)
		}
	}
}
