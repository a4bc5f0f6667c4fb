package saml2

import (
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// These tests ask xmlsec1 (libxml2 and OpenSSL), which nobody here wrote, about what this front end signs.

// requireXMLSec1 fails where the components are promised (make test sets LANYARD_COMPONENTS=1) and skips elsewhere.
func requireXMLSec1(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("xmlsec1"); err == nil {
		return
	}
	if os.Getenv("LANYARD_COMPONENTS") == "1" {
		t.Fatal("xmlsec1 is missing: apt-get install xmlsec1")
	}
	t.Skip("xmlsec1 is not installed; make test needs it")
}

func fileOf(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// xmlsec1Verifies asks whether the first signature of doc, on an element of this name, was made with the hub's RSA or EC key.
func xmlsec1Verifies(t *testing.T, doc []byte, space, element string, ec bool) {
	t.Helper()
	key := hubRing().Published()[0]
	if ec {
		key = hubRing().Published()[1]
	}
	xmlsec1VerifiesBy(t, doc, space, element, key.Certificate.Raw)
}

// xmlsec1VerifiesBy is the same for the key in a certificate.
func xmlsec1VerifiesBy(t *testing.T, doc []byte, space, element string, der []byte) {
	t.Helper()
	certificate := fileOf(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	args := []string{"--verify", "--pubkey-cert-pem", certificate, "--id-attr:ID", space + ":" + element}
	out, err := exec.Command("xmlsec1", append(args, fileOf(t, doc))...).CombinedOutput()
	if err != nil {
		t.Errorf("xmlsec1 refuses %s: %v\n%s\n%s", element, err, out, doc)
	}
	bad := strings.Replace(string(doc), "2026", "2027", 1)
	if _, err := exec.Command("xmlsec1", append(args, fileOf(t, []byte(bad)))...).CombinedOutput(); err == nil {
		t.Errorf("xmlsec1 accepts a changed %s", element)
	}
}

func TestXmlsec1Responses(t *testing.T) {
	requireXMLSec1(t)
	for name, change := range map[string]func(*trust.Partner){
		"response":            func(p *trust.Partner) { p.SAML.Sign = "response" },
		"response ES256":      func(p *trust.Partner) { p.SAML.Sign, p.SAML.Algorithm = "response", "ES256" },
		"both":                func(p *trust.Partner) { p.SAML.Sign = "both" },
		"assertion":           func(p *trust.Partner) { p.SAML.Sign = "assertion" },
		"encrypted":           func(p *trust.Partner) { p.SAML.Sign, p.SAML.Encrypt = "response", "always" },
		"encrypted assertion": func(p *trust.Partner) { p.SAML.Sign, p.SAML.Encrypt = "assertion", "always" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(p *trust.Partner) {
				p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
				p.SAML.Encrypt = "never"
				change(p)
			})
			page, ok := readPage(w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), "")))
			if !ok {
				t.Fatal(w.lastReason())
			}
			doc, err := base64.StdEncoding.DecodeString(page.fields["SAMLResponse"])
			if err != nil {
				t.Fatal(err)
			}
			onAssertion, onResponse := signs(w.partners[spID], byPOST)
			if onResponse {
				xmlsec1Verifies(t, doc, protocolSpace, "Response", w.partners[spID].SAML.Algorithm == "ES256")
			}
			if onAssertion {
				xmlsec1Verifies(t, assertionAlone(t, doc), assertionSpace, "Assertion", false)
			}
		})
	}
}

// assertionAlone takes the assertion out of its Response, decrypted.
func assertionAlone(t testing.TB, doc []byte) []byte {
	t.Helper()
	v, err := xmlsec.AcceptVouched(doc, ownLimits())
	if err != nil {
		t.Fatal(err)
	}
	if e := v.Root().Child(assertionSpace, "EncryptedAssertion"); e != nil {
		plain, err := xmlsec.Decrypt(e, keys().encryption)
		if err != nil {
			t.Fatal(err)
		}
		return plain
	}
	return v.Root().Child(assertionSpace, "Assertion").Raw()
}

func TestXmlsec1OtherMessages(t *testing.T) {
	requireXMLSec1(t)
	w := newWorld(t)
	a := w.authn()
	a.version = "1.1"
	xmlsec1Verifies(t, w.signOn(w.browser(), a).raw, protocolSpace, "Response", false)
	doc, err := w.p.Metadata(w.now)
	if err != nil {
		t.Fatal(err)
	}
	xmlsec1Verifies(t, doc, "urn:oasis:names:tc:SAML:2.0:metadata", "EntityDescriptor", false)

	w.withOther(metadata.Endpoint{Binding: metadata.BindingSOAP, Location: "https://epr.example/soap"})
	var sent []byte
	w.soap.answer = func(_ string, body []byte) (int, []byte, error) {
		sent = body
		return 200, w.soapAnswer(body, otherID, "Success", nil), nil
	}
	b := w.browser()
	got := w.signOn(b, w.authn())
	w.signOn(b, w.authnOther())
	request := envelopedBy(t, w.logoutXML("_s1", spID, "", got.nameID(), got.index()), signing(keys().sp))
	rec := w.postSOAP(envelope([]byte(request)))
	xmlsec1Verifies(t, rec.Body.Bytes(), protocolSpace, "LogoutResponse", false)
	xmlsec1Verifies(t, sent, protocolSpace, "LogoutRequest", false)
}
