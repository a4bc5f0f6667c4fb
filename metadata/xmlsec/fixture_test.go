package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"
)

// The keys of the tests, made once a run.
var (
	partnerKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	foreignKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
)

func newRSA(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func newEC(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// certificate is self-signed and long expired, as many are in metadata.
func certificate(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "partner.example"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(86400, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

const authnRequest = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ` +
	`AssertionConsumerServiceURL="https://sp.example/acs" Destination="https://hub.example/sso" ID="_request" ` +
	`IssueInstant="2026-11-25T12:00:00Z" Version="2.0">` +
	`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example/shibboleth</saml:Issuer>` +
	`<samlp:NameIDPolicy AllowCreate="true"></samlp:NameIDPolicy></samlp:AuthnRequest>`

const logoutRequest = `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ` +
	`Destination="https://hub.example/slo" ID="_logout" IssueInstant="2026-11-25T12:00:00Z" Version="2.0">` +
	`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example/shibboleth</saml:Issuer>` +
	`<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">alice</saml:NameID>` +
	`<samlp:SessionIndex>s1</samlp:SessionIndex></samlp:LogoutRequest>`

const issuerEnd = "</saml:Issuer>"

func afterIssuer(doc string) int { return strings.Index(doc, issuerEnd) + len(issuerEnd) }

func idOf(doc string) string {
	_, rest, _ := strings.Cut(doc, ` ID="`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// signed is doc with the partner's signature after its Issuer.
func signed(t testing.TB, doc string) string {
	t.Helper()
	return signedBy(t, doc, SigningKey{Signer: partnerKey(), Algorithm: RSASHA256, Certificate: certificate(t, partnerKey())})
}

func signedBy(t testing.TB, doc string, key SigningKey) string {
	t.Helper()
	out, err := SignEnveloped([]byte(doc), idOf(doc), afterIssuer(doc), key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// parts cuts a signed document into what stands before, in and after its Signature.
func parts(doc string) (before, signature, after string) {
	i := strings.Index(doc, "<ds:Signature ")
	j := strings.Index(doc, "</ds:Signature>") + len("</ds:Signature>")
	return doc[:i], doc[i:j], doc[j:]
}

func partnerKeys() []crypto.PublicKey { return []crypto.PublicKey{partnerKey().Public()} }

// resign computes a fresh, cryptographically right signature for a hand-written SignedInfo over the given content: what an
// attacker who owns a registered key can send.
func resign(t testing.TB, doc, info string) string {
	t.Helper()
	before, signature, after := parts(doc)
	value := signInfo(t, info)
	i := strings.Index(signature, "<ds:SignedInfo")
	return before + signature[:i] + info + "<ds:SignatureValue>" + value + "</ds:SignatureValue></ds:Signature>" + after
}

func signInfo(t testing.TB, info string) string {
	t.Helper()
	alone := strings.Replace(info, infoOpen, infoOpenAlone, 1)
	canonical, err := Canonicalize([]byte(alone), MetadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	value, err := SignDetached(canonical, SigningKey{Signer: partnerKey(), Algorithm: RSASHA256}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(value)
}

// info is the SignedInfo of a signed document.
func info(doc string) string {
	i := strings.Index(doc, "<ds:SignedInfo")
	j := strings.Index(doc, "</ds:SignedInfo>") + len("</ds:SignedInfo>")
	return doc[i:j]
}

func replace(t testing.TB, s, old, with string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("fixture lacks %q", old)
	}
	return strings.Replace(s, old, with, 1)
}

func codeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

// largeRequest is a signed request of about 7 KB, most of it scoping and extensions as proxies send them.
func largeRequest(t testing.TB) []byte {
	var b bytes.Buffer
	b.WriteString(`<samlp:Extensions>`)
	for i := range 25 {
		fmt.Fprintf(&b, `<ext:Attribute xmlns:ext="urn:example:ext" FriendlyName="attribute%d" Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.%d">`+
			`<ext:Value>value &amp; more of number %d</ext:Value></ext:Attribute>`, i, i, i)
	}
	b.WriteString(`</samlp:Extensions>`)
	doc := strings.Replace(authnRequest, issuerEnd, issuerEnd+b.String(), 1)
	return []byte(signed(t, doc))
}
