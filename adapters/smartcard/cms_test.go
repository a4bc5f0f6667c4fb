package smartcard

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// cms is a signed message as a card's software makes it, with each part open to change before it is put together.
type cms struct {
	version       int
	digests       [][]byte
	contentType   asn1.ObjectIdentifier
	content       []byte // nil: detached
	certificates  [][]byte
	lists         []byte // after the certificates
	signerVersion int
	identifier    []byte
	digest        []byte
	attributes    [][]byte // nil: none
	algorithm     []byte
	signed        []byte // what the signature is over
	signature     []byte
	unsigned      []byte
	signers       int
	behind        []byte
}

var (
	nullParameters = []byte{5, 0}
	oidSHA256      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA1        = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSigningTime = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
)

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	out, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tlv wraps parts in a tag; lengths are those of DER.
func tlv(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	switch n := len(body); {
	case n < 128:
		return append([]byte{tag, byte(n)}, body...)
	case n < 256:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

func algorithmOf(t testing.TB, oid asn1.ObjectIdentifier) []byte {
	return tlv(0x30, encoded(t, oid), nullParameters)
}

func attribute(t testing.TB, oid asn1.ObjectIdentifier, values ...[]byte) []byte {
	return tlv(0x30, encoded(t, oid), tlv(0x31, values...))
}

// signCMS makes a message of this card over content; direct: without signed attributes, as the field's agents do.
func signCMS(t testing.TB, card *authority, content []byte, direct bool, change func(*cms)) []byte {
	t.Helper()
	m := &cms{
		version: 1, digests: [][]byte{algorithmOf(t, oidSHA256)}, contentType: oidData, content: content, certificates: [][]byte{card.cert.Raw},
		signerVersion: 1, identifier: tlv(0x30, card.cert.RawIssuer, encoded(t, card.cert.SerialNumber)), digest: algorithmOf(t, oidSHA256),
		algorithm: algorithmOf(t, oidRSA), signers: 1,
	}
	if _, ok := card.key.(*ecdsa.PrivateKey); ok {
		m.algorithm = tlv(0x30, encoded(t, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}))
	}
	if !direct {
		m.attributes = [][]byte{
			attribute(t, oidContentType, encoded(t, oidData)), attribute(t, oidSigningTime, encoded(t, start)),
			attribute(t, oidMessageDigest, encoded(t, sumOf(crypto.SHA256, content))),
		}
	}
	if change != nil {
		change(m)
	}
	return m.make(t, card)
}

func (m *cms) make(t testing.TB, card *authority) []byte {
	t.Helper()
	info := [][]byte{encoded(t, m.signerVersion), m.identifier, m.digest}
	signed := m.content
	if m.attributes != nil {
		info = append(info, tlv(0xA0, m.attributes...))
		signed = tlv(0x31, m.attributes...)
	}
	if m.signed != nil {
		signed = m.signed
	}
	hash := crypto.SHA256
	if bytes.Equal(m.digest, algorithmOf(t, oidSHA1)) {
		hash = crypto.SHA1
	}
	if m.signature == nil {
		var err error
		if m.signature, err = card.key.Sign(rand.Reader, sumOf(hash, signed), hash); err != nil {
			t.Fatal(err)
		}
	}
	info = append(info, m.algorithm, encoded(t, m.signature), m.unsigned)
	var signers [][]byte
	for range m.signers {
		signers = append(signers, tlv(0x30, info...))
	}
	content := [][]byte{encoded(t, m.contentType)}
	if m.content != nil {
		content = append(content, tlv(0xA0, encoded(t, m.content)))
	}
	body := [][]byte{encoded(t, m.version), tlv(0x31, m.digests...), tlv(0x30, content...)}
	if m.certificates != nil {
		body = append(body, tlv(0xA0, m.certificates...))
	}
	body = append(body, m.lists, tlv(0x31, signers...))
	return append(tlv(0x30, encoded(t, oidSignedData), tlv(0xA0, tlv(0x30, body...))), m.behind...)
}

// cmsOffice is an office with one registered card.
func cmsOffice(t testing.TB, key crypto.Signer) (*office, *authority) {
	t.Helper()
	o := newOffice(t, nil)
	card := newCardKey(t, o.issuer, key, func(c *x509.Certificate) { c.SubjectKeyId = []byte("key of the card") })
	o.register(o.issuer, card, "555000000001")
	return o, card
}

func rsa2048(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAcceptCMS(t *testing.T) {
	challenge := []byte("lanyard ticket challenge 1")
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for kind, key := range map[string]crypto.Signer{"RSA": rsa2048(t), "P-256": p256(t), "P-384": p384} {
		o, card := cmsOffice(t, key)
		for form, message := range map[string][]byte{
			"attributes":           signCMS(t, card, challenge, false, nil),
			"as the field signs":   signCMS(t, card, challenge, true, nil),
			"detached":             signCMS(t, card, challenge, false, func(m *cms) { m.content = nil }),
			"detached, directly":   signCMS(t, card, challenge, true, func(m *cms) { m.content, m.signed = nil, challenge }),
			"named by its key":     signCMS(t, card, challenge, false, func(m *cms) { m.version, m.signerVersion, m.identifier = 3, 3, tlv(0x80, card.cert.SubjectKeyId) }),
			"with its issuer":      signCMS(t, card, challenge, false, func(m *cms) { m.certificates = append(m.certificates, o.issuer.cert.Raw) }),
			"algorithms unadorned": signCMS(t, card, challenge, true, func(m *cms) { m.digest = tlv(0x30, encoded(t, oidSHA256)) }),
		} {
			proof, err := o.cards.AcceptCMS(t.Context(), message, challenge, start)
			if err != nil || proof.UID != "555000000001" || proof.Assurance != 3 || proof.Method != bridge.MethodSmartcard {
				t.Errorf("%s, %s: %+v %v", kind, form, proof, err)
			}
		}
		o.sheet.revoked["77"] = true
		if _, err := o.cards.AcceptCMS(t.Context(), signCMS(t, card, challenge, false, nil), challenge, start); bridge.AsRefusal(err).Reason != bridge.CredentialRevoked {
			t.Errorf("%s: a revoked card that signs: %v", kind, err)
		}
	}
}

// TestSecurityCMS is row 233 of the attack catalogue for messages of a card's software: whatever is not this card's own signature over this
// very challenge is refused, and why is on record.
func TestSecurityCMS(t *testing.T) {
	challenge, other := []byte("lanyard ticket challenge 1"), []byte("what an attacker chose")
	key := p256(t)
	o, card := cmsOffice(t, key)
	stranger := newCardKey(t, newAuthority(t, nil, "Nobody", nil), key, nil)
	swapped := func(i, j int) func(*cms) {
		return func(m *cms) { m.attributes[i], m.attributes[j] = m.attributes[j], m.attributes[i] }
	}
	with := func(extra ...[]byte) func(*cms) {
		return func(m *cms) {
			m.attributes = append(m.attributes, extra...)
			sort.Slice(m.attributes, func(i, j int) bool { return bytes.Compare(m.attributes[i], m.attributes[j]) < 0 })
		}
	}
	attributes := tlv(0x31, attribute(t, oidContentType, encoded(t, oidData)), attribute(t, oidMessageDigest, encoded(t, sumOf(crypto.SHA256, challenge))))
	for name, tc := range map[string]struct {
		direct bool
		change func(*cms)
		code   string
	}{
		"233 other content": {false, func(m *cms) { m.content = other }, "card_cms_content"},
		"233 signed another challenge": {false, func(m *cms) {
			m.attributes[2] = attribute(t, oidMessageDigest, encoded(t, sumOf(crypto.SHA256, other)))
		}, "card_signature"},
		"233 signed another challenge, directly": {true, func(m *cms) { m.signed = other }, "card_signature"},
		"233 signature over the content only":    {false, func(m *cms) { m.signed = challenge }, "card_signature"},
		"233 attributes taken for content":       {true, func(m *cms) { m.signed = attributes }, "card_signature"},
		"233 r and s side by side":               {false, func(m *cms) { m.signature = bytes.Repeat([]byte{1}, 64) }, "card_signature"},
		"233 no signature":                       {false, func(m *cms) { m.signature = []byte{} }, "card_signature"},
		"233 SHA-1":                              {true, func(m *cms) { m.digests, m.digest = [][]byte{algorithmOf(t, oidSHA1)}, algorithmOf(t, oidSHA1) }, "card_cms"},
		"233 RSA named, EC signed":               {false, func(m *cms) { m.algorithm = algorithmOf(t, oidRSA) }, "card_signature"},
		"233 algorithm with another digest":      {false, func(m *cms) { m.algorithm = tlv(0x30, encoded(t, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4})) }, "card_cms"},
		"233 algorithm unknown":                  {false, func(m *cms) { m.algorithm = tlv(0x30, encoded(t, asn1.ObjectIdentifier{1, 2, 3})) }, "card_cms"},
		"233 digest algorithms differ":           {false, func(m *cms) { m.digests = [][]byte{algorithmOf(t, oidSHA1)} }, "card_cms"},
		"233 two digest algorithms":              {false, func(m *cms) { m.digests = append(m.digests, algorithmOf(t, oidSHA1)) }, "card_cms"},
		"233 no digest algorithm":                {false, func(m *cms) { m.digests = nil }, "card_cms"},
		"233 parameters":                         {false, func(m *cms) { m.digest = tlv(0x30, encoded(t, oidSHA256), []byte{2, 1, 0}) }, "card_cms"},
		"233 no contentType":                     {false, func(m *cms) { m.attributes = m.attributes[1:] }, "card_cms"},
		"233 no messageDigest":                   {false, func(m *cms) { m.attributes = m.attributes[:2] }, "card_cms"},
		"233 no attributes in their place":       {false, func(m *cms) { m.attributes = [][]byte{} }, "card_cms"},
		"233 contentType of something else":      {false, func(m *cms) { m.attributes[0] = attribute(t, oidContentType, encoded(t, oidSignedData)) }, "card_cms"},
		"233 contentType twice in one":           {false, func(m *cms) { m.attributes[0] = attribute(t, oidContentType, encoded(t, oidData), encoded(t, oidData)) }, "card_cms"},
		"233 messageDigest twice in one": {false, func(m *cms) {
			m.attributes[2] = attribute(t, oidMessageDigest, encoded(t, sumOf(crypto.SHA256, challenge)), encoded(t, other))
		}, "card_cms"},
		"233 contentType twice":              {false, with(attribute(t, oidContentType, encoded(t, oidSignedData))), "card_cms"},
		"233 messageDigest twice":            {false, with(attribute(t, oidMessageDigest, encoded(t, sumOf(crypto.SHA256, other)))), "card_cms"},
		"233 the same attribute twice":       {false, with(attribute(t, oidContentType, encoded(t, oidData))), "card_cms"},
		"233 attributes out of order":        {false, swapped(0, 1), "card_cms"},
		"233 content of another type":        {false, func(m *cms) { m.contentType = oidSignedData }, "card_cms"},
		"233 no certificate":                 {false, func(m *cms) { m.certificates = nil }, "card_cms_signer"},
		"233 the certificate of another":     {false, func(m *cms) { m.certificates = [][]byte{o.issuer.cert.Raw} }, "card_cms_signer"},
		"233 the certificate twice":          {false, func(m *cms) { m.certificates = append(m.certificates, card.cert.Raw) }, "card_cms_signer"},
		"233 nine certificates":              {false, func(m *cms) { m.certificates = slicesRepeat(o.issuer.cert.Raw, 9) }, "card_cms"},
		"233 no certificate at all in there": {false, func(m *cms) { m.certificates = [][]byte{tlv(0x30, other)} }, "card_cms"},
		"233 an attribute certificate":       {false, func(m *cms) { m.certificates = [][]byte{tlv(0xA2, other)} }, "card_cms"},
		"233 another serial number":          {false, func(m *cms) { m.identifier = tlv(0x30, card.cert.RawIssuer, encoded(t, 78)) }, "card_cms_signer"},
		"233 another issuer":                 {false, func(m *cms) { m.identifier = tlv(0x30, o.root.cert.RawSubject, encoded(t, card.cert.SerialNumber)) }, "card_cms_signer"},
		"233 another key identifier":         {false, func(m *cms) { m.signerVersion, m.identifier = 3, tlv(0x80, other) }, "card_cms_signer"},
		"233 empty key identifier":           {false, func(m *cms) { m.signerVersion, m.identifier = 3, tlv(0x80) }, "card_cms"},
		"233 a name of the wrong version":    {false, func(m *cms) { m.signerVersion = 3 }, "card_cms"},
		"233 signer of version 2":            {false, func(m *cms) { m.signerVersion = 2 }, "card_cms"},
		"233 message of version 2":           {false, func(m *cms) { m.version = 2 }, "card_cms"},
		"233 no signer":                      {false, func(m *cms) { m.signers = 0 }, "card_cms"},
		"233 two signers":                    {false, func(m *cms) { m.signers = 2 }, "card_cms"},
		"233 unsigned attributes":            {false, func(m *cms) { m.unsigned = tlv(0xA1, attribute(t, oidContentType, encoded(t, oidData))) }, "card_cms"},
		"233 revocation lists":               {false, func(m *cms) { m.lists = tlv(0xA1, tlv(0x30)) }, "card_cms"},
		"233 something behind":               {false, func(m *cms) { m.behind = []byte{5, 0} }, "card_cms"},
		"233 by a stranger of the same key, named": {false, func(m *cms) {
			m.certificates = [][]byte{stranger.cert.Raw}
			m.identifier = tlv(0x30, stranger.cert.RawIssuer, encoded(t, stranger.cert.SerialNumber))
		}, "card_untrusted"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := o.cards.AcceptCMS(t.Context(), signCMS(t, card, challenge, tc.direct, tc.change), challenge, start)
			refused(t, err, bridge.CredentialUntrusted, tc.code)
		})
	}
	t.Run("233 a challenge that could be taken for attributes", func(t *testing.T) {
		_, err := o.cards.AcceptCMS(t.Context(), signCMS(t, card, attributes, true, nil), attributes, start)
		refused(t, err, bridge.CredentialUntrusted, "card_signature")
	})
	t.Run("233 cut short, bytes changed", func(t *testing.T) {
		good := signCMS(t, card, challenge, false, nil)
		for i := range good {
			if _, err := o.cards.AcceptCMS(t.Context(), good[:i], challenge, start); err == nil {
				t.Errorf("the first %d bytes are enough", i)
			}
			bad := bytes.Clone(good)
			bad[i] ^= 0x10
			if _, err := o.cards.AcceptCMS(t.Context(), bad, challenge, start); err == nil {
				t.Errorf("byte %d does not matter", i)
			}
		}
	})
}

func slicesRepeat(b []byte, n int) [][]byte {
	var out [][]byte
	for range n {
		out = append(out, b)
	}
	return out
}

// TestOldMiddleware: SHA-1 is refused by name, and taken only where the operator lets it in, of RSA alone.
func TestOldMiddleware(t *testing.T) {
	challenge := []byte("lanyard ticket challenge 1")
	o, card := cmsOffice(t, rsa2048(t))
	old := signCMS(t, card, challenge, true, func(m *cms) { m.digests, m.digest = [][]byte{algorithmOf(t, oidSHA1)}, algorithmOf(t, oidSHA1) })
	_, err := o.cards.AcceptCMS(t.Context(), old, challenge, start)
	refused(t, err, bridge.CredentialUntrusted, "card_sha1")
	lenient := newOffice(t, func(other *office) {
		other.root, other.issuer, other.shelf = o.root, o.issuer, o.shelf
		other.authority, other.options.Authenticators, other.options.AllowSHA1 = o.authority, o.shelf, true
	})
	if proof, err := lenient.cards.AcceptCMS(t.Context(), old, challenge, start); err != nil || proof.UID != "555000000001" {
		t.Errorf("%+v %v", proof, err)
	}
}

// TestOpenSSLSigns: what another implementation makes is read.
func TestOpenSSLSigns(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("LANYARD_COMPONENTS") == "1" {
			t.Fatal("openssl is missing: apt-get install openssl")
		}
		t.Skip("openssl is not installed; make test needs it")
	}
	challenge := []byte("lanyard ticket challenge 1\nhttps://hub.example\n")
	for kind, key := range map[string]crypto.Signer{"RSA": rsa2048(t), "P-256": p256(t)} {
		o, card := cmsOffice(t, key)
		dir := t.TempDir()
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		for name, block := range map[string]*pem.Block{"card.pem": {Type: "CERTIFICATE", Bytes: card.cert.Raw}, "card.key": {Type: "PRIVATE KEY", Bytes: private}} {
			if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "challenge"), challenge, 0o600); err != nil {
			t.Fatal(err)
		}
		for name, more := range map[string][]string{
			"with content": {"-nodetach"}, "detached": nil, "no attributes": {"-nodetach", "-noattr"}, "key identifier": {"-nodetach", "-keyid"}, "SHA-512": {"-nodetach", "-md", "sha512"},
		} {
			args := append([]string{"cms", "-sign", "-binary", "-in", "challenge", "-signer", "card.pem", "-inkey", "card.key", "-outform", "DER", "-out", "signed"}, more...)
			command := exec.Command("openssl", args...)
			command.Dir = dir
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v %s", name, err, out)
			}
			signed, err := os.ReadFile(filepath.Join(dir, "signed"))
			if err != nil {
				t.Fatal(err)
			}
			if proof, err := o.cards.AcceptCMS(t.Context(), signed, challenge, start); err != nil || proof.UID != "555000000001" {
				t.Errorf("%s, %s: %+v %v", kind, name, proof, err)
			}
		}
	}
}

func FuzzParseSignedData(f *testing.F) {
	_, card := cmsOffice(f, p256(f))
	content := []byte("lanyard ticket challenge 1")
	f.Add(signCMS(f, card, content, false, nil))
	f.Add(signCMS(f, card, content, true, nil))
	f.Add(signCMS(f, card, content, false, func(m *cms) { m.content, m.certificates = nil, nil }))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := parseSignedData(in)
		if err != nil {
			if d != nil || !errors.Is(err, errSignedData) {
				t.Errorf("%v %v", d, err)
			}
			return
		}
		s := d.signer
		if (s.attributes == nil) != (s.messageDigest == nil) || s.kind.hash != s.digest || (s.issuer == nil) == (s.keyID == nil) {
			t.Errorf("accepted %x as %+v", in, s)
		}
		if c := d.signerCertificate(); c != nil {
			_ = s.verify(c, content) // whatever was read must not break it
		}
	})
}
