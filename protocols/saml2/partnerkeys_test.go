package saml2

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// partnerEC are the EC keys of a partner.
var (
	partnerP256 = ecKey(elliptic.P256())
	partnerP384 = ecKey(elliptic.P384())
	partnerP521 = ecKey(elliptic.P521())
)

// keyDescriptor carries a key in a certificate that was good for one day in 1970, and is of another person's authority.
func keyDescriptor(t testing.TB, use string, key crypto.Signer, methods ...string) string {
	t.Helper()
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nobody's authority"}}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "pas.example"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(86400, 0),
		KeyUsage: x509.KeyUsageCertSign, // for neither signatures nor encryption
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, key.Public(), keys().other)
	if err != nil {
		t.Fatal(err)
	}
	if use != "" {
		use = ` use="` + use + `"`
	}
	list := ""
	for _, m := range methods {
		list += `<md:EncryptionMethod Algorithm="` + m + `"/>`
	}
	return `<md:KeyDescriptor` + use + `><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
		base64.StdEncoding.EncodeToString(der) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>` + list + `</md:KeyDescriptor>`
}

// applied compiles a document for the sample partner with these KeyDescriptors, as `partner apply` does.
func (w *world) applied(terms trust.SAMLDocument, descriptors ...string) trust.Partner {
	w.t.Helper()
	doc := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + spID + `"><md:SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		strings.Join(descriptors, "") + `<md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="` + spACS + `"/></md:SPSSODescriptor></md:EntityDescriptor>`
	c, err := trust.NewCompiler()
	if err != nil {
		w.t.Fatal(err)
	}
	ring := w.p.Keys()
	p, err := c.Compile(trust.Document{Partner: spID, Name: "PAS", Protocol: trust.SAML2, Stage: trust.Test, SAML: &terms}, []byte(doc), trust.CompileOptions{Now: w.now, Keys: &ring})
	if err != nil {
		w.t.Fatal(err)
	}
	w.partners[spID] = p
	return p
}

// TestSecurityPartnerKeys is row 91 for every kind of key: each key of a partner is tried, whatever its certificate says, with
// every algorithm it can do; those for encryption alone, and those of others, verify nothing.
func TestSecurityPartnerKeys(t *testing.T) {
	w := newWorld(t)
	w.applied(trust.SAMLDocument{},
		keyDescriptor(t, "signing", partnerP384()), keyDescriptor(t, "", keys().second), keyDescriptor(t, "signing", keys().sp),
		keyDescriptor(t, "encryption", keys().encryption), keyDescriptor(t, "", partnerP521()), keyDescriptor(t, "encryption", partnerP256()))
	of := func(names ...keyring.Algorithm) []keyring.Algorithm { return names }
	rsa := of(keyring.RS256, keyring.RS384, keyring.RS512, keyring.PS256, keyring.PS384, keyring.PS512)
	for name, c := range map[string]struct {
		key        crypto.Signer
		algorithms []keyring.Algorithm
		ok         bool
	}{
		"91 first, P-384":        {partnerP384(), of(keyring.ES384, keyring.ES256, keyring.ES512), true}, // an EC key may sign any hash
		"91 second, without use": {keys().second, rsa, true},
		"91 third":               {keys().sp, rsa, true},
		"91 last, P-521":         {partnerP521(), of(keyring.ES512), true},
		"91 for encryption":      {keys().encryption, of(keyring.RS256, keyring.PS256), false},
		"91 EC for encryption":   {partnerP256(), of(keyring.ES256), false},
		"91 of somebody else":    {keys().other, of(keyring.RS256, keyring.PS512), false},
		"91 of the hub":          {keys().hub, of(keyring.RS256), false},
	} {
		for _, alg := range c.algorithms {
			t.Run(name+" "+string(alg), func(t *testing.T) {
				key := xmlsec.SigningKey{Signer: c.key, Algorithm: trust.SignatureURI(alg)}
				b := w.browser()
				query := signedQuery(t, redirectQuery(t, "SAMLRequest", w.authn().xml(), ""), key)
				_, byRedirect := readPage(b.get(SSOPath + "?" + query))
				_, byPost := readPage(w.browser().postCross(SSOPath, form("SAMLRequest", envelopedBy(t, w.authn().xml(), key))))
				if byRedirect != c.ok || byPost != c.ok || !c.ok && w.lastReason() != "signature" {
					t.Errorf("by Redirect %v, by POST %v, %s", byRedirect, byPost, w.lastReason())
				}
			})
		}
	}
}

// TestFirstUsableEncryptionKey: of several, the first that a method fits is encrypted to; its certificate's dates mean nothing.
func TestFirstUsableEncryptionKey(t *testing.T) {
	const rsa15 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
	signs := keyDescriptor(t, "signing", keys().sp)
	for name, keyDescriptors := range map[string][]string{
		"only one":          {signs, keyDescriptor(t, "encryption", keys().encryption)},
		"without use":       {keyDescriptor(t, "", keys().encryption)},
		"behind CBC":        {signs, keyDescriptor(t, "encryption", keys().other, xmlsec.AES128CBC, xmlsec.RSAOAEPMGF1P), keyDescriptor(t, "encryption", keys().encryption, xmlsec.AES256GCM)},
		"behind RSA 1.5":    {signs, keyDescriptor(t, "encryption", keys().other, xmlsec.AES128GCM, rsa15), keyDescriptor(t, "encryption", keys().encryption)},
		"before another":    {signs, keyDescriptor(t, "encryption", keys().encryption, xmlsec.AES128GCM), keyDescriptor(t, "encryption", keys().other)},
		"behind EC":         {signs, keyDescriptor(t, "encryption", partnerP256()), keyDescriptor(t, "encryption", keys().encryption)},
		"beside EC signing": {keyDescriptor(t, "", partnerP384()), keyDescriptor(t, "encryption", keys().encryption), signs},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.applied(trust.SAMLDocument{EncryptNameID: true}, keyDescriptors...)
			signer := xmlsec.SigningKey{Signer: keys().sp, Algorithm: xmlsec.RSAPSSSHA256}
			switch name {
			case "without use":
				signer.Signer = keys().encryption
			case "beside EC signing":
				signer = xmlsec.SigningKey{Signer: partnerP384(), Algorithm: xmlsec.ECDSASHA384}
			}
			got := w.read(w.browser().get(SSOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLRequest", w.authn().xml(), ""), signer)))
			if got.top != "Success" || !got.encrypted || got.nameID() != patel { // the reader has the one key
				t.Errorf("%s %s, encrypted %v, %s", got.top, got.under, got.encrypted, got.nameID())
			}
		})
	}
}

// TestListedAlgorithms: a partner whose terms say nothing is answered with the first algorithm of its metadata that a key of the
// hub can do, and with the digest it lists; its terms come first.
func TestListedAlgorithms(t *testing.T) {
	const alg = `<md:Extensions xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport">`
	method := func(uri string) string { return `<alg:SigningMethod Algorithm="` + uri + `"/>` }
	digest := func(uri string) string { return `<alg:DigestMethod Algorithm="` + uri + `"/>` }
	const sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	for name, c := range map[string]struct {
		extensions, terms  string
		wantSign, wantHash string
	}{
		"nothing said":       {"", "", xmlsec.RSASHA256, xmlsec.SHA256},
		"SHA-1 before PSS":   {method(sha1) + method(xmlsec.RSAPSSSHA384) + digest(xmlsec.SHA1), "", xmlsec.RSAPSSSHA384, xmlsec.SHA384},
		"EC with its digest": {method(xmlsec.ECDSASHA512) + method(xmlsec.RSASHA256) + digest(xmlsec.SHA256), "", xmlsec.ECDSASHA512, xmlsec.SHA256},
		"terms win":          {method(xmlsec.ECDSASHA512) + digest(xmlsec.SHA384), "RS512", xmlsec.RSASHA512, xmlsec.SHA384},
		"SHA-1 and no key":   {method(sha1) + digest(xmlsec.SHA1), "", xmlsec.RSASHA256, xmlsec.SHA256},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			extensions := ""
			if c.extensions != "" {
				extensions = alg + c.extensions + `</md:Extensions>`
			}
			w.applied(trust.SAMLDocument{Algorithm: c.terms}, extensions, keyDescriptor(t, "signing", keys().sp))
			got := w.read(w.browser().get(SSOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLRequest", w.authn().xml(), ""), signing(keys().sp))))
			for _, want := range []string{`<ds:SignatureMethod Algorithm="` + c.wantSign + `">`, `<ds:DigestMethod Algorithm="` + c.wantHash + `">`} {
				if !strings.Contains(string(got.raw), want) {
					t.Errorf("no %s in %s", want, got.raw)
				}
			}
			if _, err := exec.LookPath("xmlsec1"); err == nil && !strings.Contains(c.wantSign, "MGF1") {
				key, err := w.p.signingKey(w.partners[spID])
				if err != nil {
					t.Fatal(err)
				}
				xmlsec1VerifiesBy(t, got.raw, protocolSpace, "Response", key.Certificate)
			}
		})
	}
}

// TestRollOver: the metadata has the current and the next keys; a partner is moved early, the others at the cut-over; at every
// step each message verifies with a key that was published before it was made.
func TestRollOver(t *testing.T) {
	w := newWorld(t)
	current, next, ec := ringKey(keyring.Active, keys().hub), ringKey(keyring.Next, keys().receiving), ringKey(keyring.Next, hubP384())
	in := func(states ...keyring.State) {
		a, b, c := current, next, ec
		a.State, b.State, c.State = states[0], states[1], states[2]
		ring := newRing(a, b, c)
		w.p.Keys = func() keyring.Ring { return ring }
	}
	id := func(k keyring.Key) string { return keyring.Thumbprint(k.Signer.Public()) }
	known := map[string]bool{} // what partners have read in the metadata so far
	signedBy := func(terms func(*trust.Partner), want keyring.Key) {
		t.Helper()
		before := map[string]bool{}
		for k := range known {
			before[k] = true
		}
		w.change(func(p *trust.Partner) { p.Stage = trust.Live; terms(p) })
		page, ok := readPage(w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), "")))
		if !ok {
			t.Fatal(w.lastReason())
		}
		raw, err := base64.StdEncoding.DecodeString(page.fields["SAMLResponse"])
		if err != nil {
			t.Fatal(err)
		}
		v, err := xmlsec.VerifyEnveloped(raw, ownLimits(), []crypto.PublicKey{want.Signer.Public()})
		if err != nil || v.Root() == nil || !before[id(want)] {
			t.Errorf("signed by another key, or by one that nobody knew: %v", err)
		}
	}
	published := func(want ...keyring.Key) {
		t.Helper()
		certs := w.publishedCertificates("signing")
		for i, c := range certs {
			known[keyring.Thumbprint(c.PublicKey)] = true
			if i >= len(want) || keyring.Thumbprint(c.PublicKey) != id(want[i]) {
				t.Errorf("certificate %d is another", i)
			}
		}
		if len(certs) != len(want) {
			t.Errorf("%d certificates", len(certs))
		}
	}
	plain := func(*trust.Partner) {}
	early := func(p *trust.Partner) { p.SAML.Key = id(next) }
	toEC := func(p *trust.Partner) { p.SAML.Algorithm, p.SAML.Key = "ES384", id(ec) }
	late := func(p *trust.Partner) { p.SAML.Key = id(current) }

	in(keyring.Active, keyring.Next, keyring.Next)
	published(current, next, ec)
	signedBy(plain, current)
	signedBy(early, next)
	signedBy(toEC, ec)
	// the cut-over, with one partner that is late
	in(keyring.Next, keyring.Active, keyring.Active)
	published(next, ec, current)
	signedBy(plain, next)
	signedBy(early, next)
	signedBy(toEC, ec)
	signedBy(late, current)
	// the old key retires: a name that was forgotten breaks nothing
	in(keyring.Retired, keyring.Active, keyring.Active)
	published(next, ec, current)
	signedBy(late, next)
	signedBy(plain, next)
}

// TestPublishedOrder: what signs by default stands first, whatever the order of the file.
func TestPublishedOrder(t *testing.T) {
	w := newWorld(t)
	ring := newRing(ringKey(keyring.Active, hubEC()), ringKey(keyring.Retired, keys().second), ringKey(keyring.Next, hubP384()), ringKey(keyring.Next, keys().receiving), ringKey(keyring.Active, keys().hub))
	w.p.Keys = func() keyring.Ring { return ring }
	for algorithm, want := range map[keyring.Algorithm][]crypto.Signer{
		keyring.RS256: {keys().hub, hubEC(), keys().receiving, hubP384(), keys().second},
		keyring.PS384: {keys().hub, hubEC(), keys().receiving, hubP384(), keys().second},
		keyring.ES256: {hubEC(), keys().hub, hubP384(), keys().receiving, keys().second},
	} {
		w.p.Algorithm, w.p.published.keys = algorithm, ""
		certs := w.publishedCertificates("signing")
		if len(certs) != len(want) {
			t.Fatalf("%d certificates", len(certs))
		}
		for i, c := range certs {
			if keyring.Thumbprint(c.PublicKey) != keyring.Thumbprint(want[i].Public()) {
				t.Errorf("%s: certificate %d is another", algorithm, i)
			}
		}
	}
	if len(w.publishedCertificates("encryption")) != 0 {
		t.Error("an encryption key of nobody is published")
	}
	w.receives()
	if certs := w.publishedCertificates("encryption"); len(certs) != 1 || keyring.Thumbprint(certs[0].PublicKey) != keyring.Thumbprint(keys().receiving.Public()) {
		t.Errorf("%d encryption keys", len(certs))
	}
}

// TestKeysForOIDC: such a key is in no metadata, signs neither that nor a response, and no partner can have it by name or by its own wish.
func TestKeysForOIDC(t *testing.T) {
	w := newWorld(t)
	ec := ringKey(keyring.Active, hubEC())
	ec.OIDCOnly = true
	ring := newRing(ec, ringKey(keyring.Active, keys().hub))
	w.p.Keys = func() keyring.Ring { return ring }
	w.p.Algorithm, w.p.published.keys = keyring.ES256, ""
	certs := w.publishedCertificates("signing")
	if len(certs) != 1 || keyring.Thumbprint(certs[0].PublicKey) != keyring.Thumbprint(keys().hub.Public()) {
		t.Fatalf("%d certificates", len(certs))
	}
	doc, err := w.p.Metadata(w.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := xmlsec.VerifyEnveloped(doc, xmlsec.MetadataLimits(), []crypto.PublicKey{keys().hub.Public()}); err != nil {
		t.Errorf("the metadata is signed by another key: %v", err)
	}
	w.change(func(p *trust.Partner) {
		p.SAML.Key, p.SAML.Algorithm = ec.ID, ""
		p.SAML.Listed = []trust.Signature{{Algorithm: keyring.ES256}}
	})
	page, ok := readPage(w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), "")))
	if !ok {
		t.Fatal(w.lastReason())
	}
	raw, err := base64.StdEncoding.DecodeString(page.fields["SAMLResponse"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := xmlsec.VerifyEnveloped(raw, ownLimits(), []crypto.PublicKey{keys().hub.Public()}); err != nil {
		t.Errorf("the response is signed by another key: %v", err)
	}
}

// TestHubWithoutRSA: a hub that has nothing but an EC key publishes and answers, for partners that take it.
func TestHubWithoutRSA(t *testing.T) {
	w := newWorld(t)
	ring := newRing(ringKey(keyring.Active, hubP521()))
	w.p.Keys = func() keyring.Ring { return ring }
	w.change(func(p *trust.Partner) { p.SAML.Algorithm = "ES512" })
	doc, err := w.p.Metadata(w.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := xmlsec.VerifyEnveloped(doc, xmlsec.MetadataLimits(), []crypto.PublicKey{hubP521().Public()}); err != nil {
		t.Error(err)
	}
	if got := w.signOn(w.browser(), w.authn()); got.top != "Success" {
		t.Errorf("%s %s", got.top, got.under)
	}
	w.change(func(p *trust.Partner) { p.SAML.Algorithm = "" })
	if rec := w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), "")); rec.Code != 500 {
		t.Errorf("signed without a key: %d", rec.Code)
	}
}
