package saml2

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os/exec"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// receives gives the hub encryption keys: one active, one retired.
func (w *world) receives() {
	active, retired := ringKey(keyring.Active, keys().receiving), ringKey(keyring.Retired, keys().retired)
	active.Use, retired.Use = keyring.Encryption, keyring.Encryption
	ring := newRing(append(hubRing().Published(), retired, active)...)
	w.p.Keys = func() keyring.Ring { return ring }
}

func encryptedID(t testing.TB, plaintext string, to *rsa.PrivateKey) string {
	t.Helper()
	data, err := xmlsec.Encrypt([]byte(plaintext), xmlsec.EncryptionKey{Public: &to.PublicKey}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return `<saml:EncryptedID xmlns:saml="` + assertionSpace + `">` + string(data) + `</saml:EncryptedID>`
}

func plainID(value string) string {
	return `<saml:NameID xmlns:saml="` + assertionSpace + `">` + value + `</saml:NameID>`
}

// encryptedLogout is a LogoutRequest whose NameID gave way to something else.
func (w *world) encryptedLogout(destination, id, index string) string {
	doc := w.logoutXML("_"+w.hub.NewID(), spID, destination, "X", index)
	return strings.Replace(doc, plainID("X"), id, 1)
}

// TestEncryptedIDInLogoutRequest: by every binding, for the active and the retired key.
func TestEncryptedIDInLogoutRequest(t *testing.T) {
	for name, key := range map[string]*rsa.PrivateKey{"active": keys().receiving, "retired": keys().retired} {
		for _, by := range []binding{byRedirect, byPOST, bySOAP} {
			t.Run(name+string(by), func(t *testing.T) {
				w := newWorld(t)
				w.receives()
				b := w.browser()
				got := w.signOn(b, w.authn())
				id := encryptedID(t, plainID(got.nameID()), key)
				switch by {
				case byRedirect:
					q := redirectQuery(t, "SAMLRequest", w.encryptedLogout(issuerURL+SLOPath, id, got.index()), "")
					b.get(SLOPath + "?" + signedQuery(t, q, signing(keys().sp)))
				case byPOST:
					b.postCross(SLOPath, form("SAMLRequest", envelopedBy(t, w.encryptedLogout(issuerURL+SLOPath, id, got.index()), signing(keys().sp))))
				default:
					w.postSOAP(envelope([]byte(envelopedBy(t, w.encryptedLogout("", id, got.index()), signing(keys().sp)))))
				}
				if w.sessionLives(b) || w.lastReason() != "" {
					t.Errorf("not ended: %s", w.lastReason())
				}
			})
		}
	}
}

// wrongIDs are EncryptedIDs that fail at every step there is, and one that opens and names nobody.
func wrongIDs(t testing.TB, good string) map[string]string {
	to := keys().receiving
	whole := encryptedID(t, good, to)
	change := func(old, with string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(whole, old, with, 1)
	}
	last := strings.LastIndex(whole, "<xenc:CipherValue>") + len("<xenc:CipherValue>")
	broken := whole[:last] + "AAAAAAAA" + whole[last+8:]
	first := strings.Index(whole, "<xenc:CipherValue>") + len("<xenc:CipherValue>")
	return map[string]string{
		"for another":      encryptedID(t, good, keys().other),
		"wrapped key":      whole[:first] + "AAAAAAAA" + whole[first+8:],
		"content":          broken,
		"CBC":              change(xmlsec.AES128GCM, xmlsec.AES128CBC),
		"RSA 1.5":          change(xmlsec.RSAOAEPMGF1P, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"),
		"other size":       change(xmlsec.AES128GCM, xmlsec.AES256GCM),
		"not base64":       change("<xenc:CipherValue>", "<xenc:CipherValue>*"),
		"empty":            `<saml:EncryptedID xmlns:saml="` + assertionSpace + `"></saml:EncryptedID>`,
		"not XML":          encryptedID(t, patel, to),
		"two":              encryptedID(t, good+good, to),
		"an assertion":     encryptedID(t, `<saml:Assertion xmlns:saml="`+assertionSpace+`"></saml:Assertion>`, to),
		"element inside":   encryptedID(t, strings.Replace(good, ">5", "><x></x>5", 1), to),
		"another space":    encryptedID(t, `<NameID>`+patel+`</NameID>`, to),
		"DOCTYPE":          encryptedID(t, `<!DOCTYPE a>`+good, to),
		"encrypted twice":  encryptedID(t, encryptedID(t, good, to), to),
		"opens, is nobody": encryptedID(t, plainID("nobody"), to),
	}
}

// TestEncryptedIDTellsNothing: whatever is wrong with an EncryptedID, the partner sees the same answer to the letter.
func TestEncryptedIDTellsNothing(t *testing.T) {
	told := func(s said) string { return s.top + "/" + s.under + " " + s.message[:strings.Index(s.message, "(")] }
	for name, id := range wrongIDs(t, plainID(patel)) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.receives()
			wantCode := codeEncryptedID
			if name == "opens, is nobody" {
				wantCode = ""
			}
			a := w.authn()
			a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `">` + id + `</saml:Subject>`
			signed := func() string { return signedQuery(t, redirectQuery(t, "SAMLRequest", a.xml(), ""), signing(keys().sp)) }
			b := w.browser()
			refused := w.read(b.get(SSOPath + "?" + signed()))
			if got := told(refused); wantCode != "" && (got != "Requester/UnknownPrincipal The request names a subject in a way that is not known here. " || w.lastReason() != wantCode) {
				t.Errorf("sign-on: %s, %s", got, w.lastReason())
			} else if refused.top == "Success" {
				t.Error("signed on")
			}
			got := w.signOn(b, w.authn())
			q := signedQuery(t, redirectQuery(t, "SAMLRequest", w.encryptedLogout(issuerURL+SLOPath, id, got.index()), ""), signing(keys().sp))
			out := w.openRedirect(b.get(SLOPath + "?" + q).Header().Get("Location"))
			if codes(out.root) != "Requester/UnknownPrincipal" || !w.sessionLives(b) {
				t.Errorf("sign-out: %s, session lives: %v", codes(out.root), w.sessionLives(b))
			}
			if wantCode != "" && w.lastReason() != wantCode {
				t.Errorf("on record: %s", w.lastReason())
			}
			soap := w.postSOAP(envelope([]byte(envelopedBy(t, w.encryptedLogout("", id, got.index()), signing(keys().sp))))).Body.String()
			if !strings.Contains(soap, "UnknownPrincipal") || strings.Contains(soap, "StatusMessage") {
				t.Errorf("by SOAP: %s", soap)
			}
		})
	}
}

// TestEncryptedSubject: an AuthnRequest about one subject may hide whom, if it is signed.
func TestEncryptedSubject(t *testing.T) {
	for name, c := range map[string]struct {
		uid, want string
		signed    bool
		keys      bool
	}{
		"signed":           {patel, "Success/", true, true},
		"somebody else":    {jones, "Requester/UnknownPrincipal", true, true},
		"unsigned":         {patel, "Requester/RequestUnsupported", false, true},
		"hub has no key":   {patel, "Requester/UnknownPrincipal", true, false},
		"unsigned, no key": {patel, "Requester/RequestUnsupported", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.keys {
				w.receives()
			}
			a := w.authn()
			a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `">` + encryptedID(t, plainID(c.uid), keys().receiving) + `</saml:Subject>`
			q := redirectQuery(t, "SAMLRequest", a.xml(), "")
			if c.signed {
				q = signedQuery(t, q, signing(keys().sp))
			}
			if got := w.read(w.browser().get(SSOPath + "?" + q)); got.top+"/"+got.under != c.want {
				t.Errorf("%s/%s %s", got.top, got.under, w.lastReason())
			}
		})
	}
}

// TestEncryptNameID: the terms hide the subject from everybody on the way, in assertions and in LogoutRequests.
func TestEncryptNameID(t *testing.T) {
	for _, encrypt := range []string{encryptNever, encryptAlways} {
		t.Run(encrypt, func(t *testing.T) {
			w := newWorld(t)
			messages := w.messagesTo(func(p *trust.Partner) {
				p.SAML.EncryptNameID, p.SAML.Encrypt = true, encrypt
				p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{
					{Public: &keys().other.PublicKey, Methods: []xmlsec.EncryptionMethod{{Algorithm: xmlsec.AES128CBC}}}, {Public: &keys().encryption.PublicKey},
				}
			})
			seen := map[string]int{}
			for _, m := range messages {
				if bytes.Contains(m.doc, []byte("<saml:NameID")) {
					t.Errorf("%s names the subject: %s", m.element, m.doc)
				}
				var root *xmlsec.Element
				switch {
				case m.element == "LogoutRequest" && m.doc == nil:
					root = w.openRedirect(m.target).root
				case m.element == "LogoutRequest":
					inner, err := xmlsec.SOAPBody(m.doc, ownLimits())
					if err != nil {
						t.Fatal(err)
					}
					root = vouched(t, inner)
				case m.element == "Assertion":
					root = descend(vouched(t, m.doc), "Subject")
				default:
					continue
				}
				e, err := xmlsec.DecryptElement(root.Child(assertionSpace, "EncryptedID"), ownLimits(), keys().encryption)
				if err != nil || !e.Is(assertionSpace, "NameID") || e.Text() != patel || attr(e, "Format") != metadata.NameIDUnspecified {
					t.Errorf("%s: %v", m.element, err)
				}
				seen[m.element]++
			}
			if seen["LogoutRequest"] != 2 || seen["Assertion"] != 1 {
				t.Errorf("%v", seen)
			}
		})
	}
}

func vouched(t testing.TB, doc []byte) *xmlsec.Element {
	t.Helper()
	v, err := xmlsec.AcceptVouched(doc, ownLimits())
	if err != nil {
		t.Fatal(err)
	}
	return v.Root()
}

// TestEncryptNameIDWithoutKey: nothing goes out in clear when the partner's keys cannot be used any more.
func TestEncryptNameIDWithoutKey(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.SAML.EncryptNameID, p.SAML.Encrypt = true, encryptNever })
	if got := w.signOn(w.browser(), w.authn()); got.top != "Requester" || got.assertion != nil || w.lastReason() != "no_encryption_key" {
		t.Errorf("%s %s %s", got.top, got.under, w.lastReason())
	}
}

// TestXmlsec1DecryptsNameID: xmlsec1 opens the EncryptedID of an assertion.
func TestXmlsec1DecryptsNameID(t *testing.T) {
	requireXMLSec1(t)
	w := newWorld(t)
	w.change(func(p *trust.Partner) {
		p.SAML.EncryptNameID, p.SAML.Encrypt = true, encryptNever
		p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
	})
	got := w.signOn(w.browser(), w.authn())
	der, err := x509.MarshalPKCS8PrivateKey(keys().encryption)
	if err != nil {
		t.Fatal(err)
	}
	key := fileOf(t, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	out, err := exec.Command("xmlsec1", "--decrypt", "--privkey-pem", key, fileOf(t, got.raw)).CombinedOutput()
	if err != nil || !strings.Contains(string(out), ">"+patel+"</saml:NameID></saml:EncryptedID>") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestSchemaOfEncryptedIDs: what we send with the subject hidden fits the schemas of OASIS.
func TestSchemaOfEncryptedIDs(t *testing.T) {
	requireSchemas(t)
	w := newWorld(t)
	docs := map[string][]byte{}
	for i, m := range w.messagesTo(func(p *trust.Partner) {
		p.SAML.EncryptNameID, p.SAML.Encrypt, p.SAML.Algorithm, p.SAML.Digest = true, encryptNever, "ES384", xmlsec.SHA512
		p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
	}) {
		if inner, err := xmlsec.SOAPBody(m.doc, ownLimits()); err == nil {
			m.doc = inner
		}
		if m.doc != nil {
			docs[m.element+string(rune('0'+i))] = m.doc
		}
	}
	wrong, err := fitSchema(t.TempDir(), docs)
	if err != nil || len(docs) == 0 {
		t.Fatalf("%d documents: %v", len(docs), err)
	}
	for name, said := range wrong {
		t.Errorf("%s %s: %s", name, said, docs[name])
	}
}

// TestEncryptedIDByCBC: read from a partner whose terms permit AES-CBC, and of what it signed alone.
func TestEncryptedIDByCBC(t *testing.T) {
	data, err := xmlsec.Encrypt([]byte(plainID(patel)), xmlsec.EncryptionKey{
		Public: &keys().receiving.PublicKey, Methods: []xmlsec.EncryptionMethod{{Algorithm: xmlsec.AES128CBC}}, AllowCBC: true,
	}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := `<saml:EncryptedID xmlns:saml="` + assertionSpace + `">` + string(data) + `</saml:EncryptedID>`
	for _, permitted := range []bool{true, false} {
		w := newWorld(t)
		w.receives()
		w.change(func(p *trust.Partner) { p.SAML.AllowCBC = permitted })
		b := w.browser()
		got := w.signOn(b, w.authn())

		a := w.authn()
		a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `">` + id + `</saml:Subject>`
		query := redirectQuery(t, "SAMLRequest", a.xml(), "")
		if unsigned := w.read(b.get(SSOPath + "?" + query)); unsigned.top == "Success" {
			t.Error("an unsigned one is opened")
		}
		a = w.authn()
		a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `">` + id + `</saml:Subject>`
		signed := w.read(b.get(SSOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLRequest", a.xml(), ""), signing(keys().sp))))
		if (signed.top == "Success") != permitted {
			t.Errorf("permitted %v: sign-on %s/%s", permitted, signed.top, signed.under)
		}
		w.postSOAP(envelope([]byte(envelopedBy(t, w.encryptedLogout("", id, got.index()), signing(keys().sp)))))
		if w.sessionLives(b) == permitted {
			t.Errorf("permitted %v: sign-out", permitted)
		}
	}
}
