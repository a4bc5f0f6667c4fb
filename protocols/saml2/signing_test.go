package saml2

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// publishedCertificates are what a partner reads in our metadata for one use, in its order.
func (w *world) publishedCertificates(use string) []*x509.Certificate {
	w.t.Helper()
	const (
		md = "urn:oasis:names:tc:SAML:2.0:metadata"
		ds = "http://www.w3.org/2000/09/xmldsig#"
	)
	doc, err := w.p.Metadata(w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := xmlsec.AcceptVouched(doc, xmlsec.MetadataLimits())
	if err != nil {
		w.t.Fatal(err)
	}
	var out []*x509.Certificate
	for _, k := range v.Root().Child(md, "IDPSSODescriptor").All(md, "KeyDescriptor") {
		if attr(k, "use") != use {
			continue
		}
		text := k.Child(ds, "KeyInfo").Child(ds, "X509Data").Child(ds, "X509Certificate").Text()
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			w.t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// sentMessage is one message that the hub signed.
type sentMessage struct {
	space, element string
	doc            []byte // with an enveloped signature; nil: signed in its address
	target         string
}

// messagesTo runs a sign-on, a refusal and sign-outs in every direction for one partner and returns what the hub signed for it.
func (w *world) messagesTo(change func(*trust.Partner)) []sentMessage {
	w.t.Helper()
	var out []sentMessage
	told := func(element string, doc []byte) {
		out = append(out, sentMessage{space: protocolSpace, element: element, doc: doc})
	}
	w.change(func(p *trust.Partner) { change(p); p.SAML.Sign = "assertion" })
	out = append(out, sentMessage{space: assertionSpace, element: "Assertion", doc: assertionAlone(w.t, w.signOn(w.browser(), w.authn()).raw)})

	w.change(change)
	p := w.partners[spID]
	refused := w.authn()
	refused.version = "1.1"
	told("Response", w.signOn(w.browser(), refused).raw)

	b := w.browser()
	got := w.signOn(b, w.authn())
	told("Response", got.raw)
	request := envelopedBy(w.t, w.logoutXML("_"+w.hub.NewID(), spID, "", got.nameID(), got.index()), signing(keys().sp))
	told("LogoutResponse", w.postSOAP(envelope([]byte(request))).Body.Bytes())

	got = w.signOn(b, w.authn())
	rec := b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index()))
	out = append(out, sentMessage{element: "LogoutResponse", target: rec.Header().Get("Location")})

	// signed out by another partner: told by SOAP, then by Redirect
	w.withOther(metadata.Endpoint{Binding: metadata.BindingSOAP, Location: "https://epr.example/soap"})
	for _, slo := range []metadata.Endpoint{{Binding: metadata.BindingSOAP, Location: "https://pas.example/soap"}, {Binding: metadata.BindingRedirect, Location: spSLO}} {
		p.SAML.Entity.SP.SLO = []metadata.Endpoint{slo}
		w.soap.answer = func(_ string, body []byte) (int, []byte, error) {
			told("LogoutRequest", body)
			return 200, w.soapAnswer(body, spID, "Success", nil), nil
		}
		w.signOn(b, w.authn())
		other := w.signOn(b, w.authnOther())
		by := envelopedBy(w.t, w.logoutXML("_"+w.hub.NewID(), otherID, issuerURL+SLOPath, other.nameID(), other.index()), signing(keys().other))
		b.postCross(SLOPath, form("SAMLRequest", by))
		if w.after == nil {
			continue
		}
		for _, d := range w.after.Deliveries {
			if d.FrontURL != "" {
				out = append(out, sentMessage{element: "LogoutRequest", target: d.FrontURL})
			}
		}
	}
	return out
}

// TestEveryAlgorithm: every message we sign for a partner verifies with a key of our published metadata, with the algorithm that
// its terms name, and goxmldsig agrees where it can; and so says xmlsec1.
func TestEveryAlgorithm(t *testing.T) {
	_, missing := exec.LookPath("xmlsec1")
	for _, alg := range keyring.Algorithms() {
		t.Run(string(alg), func(t *testing.T) {
			w := newWorld(t)
			var trusted []crypto.PublicKey
			for _, c := range w.publishedCertificates("signing") {
				trusted = append(trusted, c.PublicKey)
			}
			want, err := hubRing().Signing(alg)
			if err != nil {
				t.Fatal(err)
			}
			count := map[string]int{}
			for _, m := range w.messagesTo(func(p *trust.Partner) { p.SAML.Algorithm = string(alg) }) {
				count[m.element]++
				if m.doc == nil {
					if by := w.openRedirect(m.target); !by.root.Is(protocolSpace, m.element) || !strings.Contains(m.target, "&SigAlg="+url.QueryEscape(trust.SignatureURI(alg))+"&") {
						t.Errorf("%s: %s", m.element, m.target)
					}
					continue
				}
				if !strings.Contains(string(m.doc), `<ds:SignatureMethod Algorithm="`+trust.SignatureURI(alg)+`">`) {
					t.Errorf("%s is signed otherwise: %s", m.element, m.doc)
				}
				w.verifiesAlone(m.doc, trusted, want)
				switch {
				case missing != nil:
				case strings.HasPrefix(string(alg), "PS"): // xmlsec1 knows it since 1.3, which not every system has
					opensslVerifiesInfo(t, alg, m.doc)
				default:
					xmlsec1VerifiesBy(t, m.doc, m.space, m.element, want.Certificate.Raw)
				}
			}
			if count["LogoutRequest"] != 2 || count["LogoutResponse"] != 2 || count["Response"] != 2 || count["Assertion"] != 1 {
				t.Errorf("messages %v", count)
			}
		})
	}
	if missing != nil {
		requireXMLSec1(t)
	}
}

// verifiesAlone verifies one enveloped signature, inside of a SOAP envelope or not.
func (w *world) verifiesAlone(doc []byte, trusted []crypto.PublicKey, want keyring.Key) {
	w.t.Helper()
	if inner, err := xmlsec.SOAPBody(doc, ownLimits()); err == nil {
		doc = inner
	}
	v, err := xmlsec.VerifyEnveloped(doc, ownLimits(), trusted)
	if err != nil {
		w.t.Errorf("%v\n%s", err, doc)
		return
	}
	if by, ok := v.By().(interface{ Equal(crypto.PublicKey) bool }); !ok || !by.Equal(want.Signer.Public()) {
		w.t.Errorf("signed by another key")
	}
}

// opensslVerifiesInfo has OpenSSL verify the SignatureValue over the SignedInfo of the first signature, which stands in
// canonical form but for its namespace declaration.
func opensslVerifiesInfo(t *testing.T, alg keyring.Algorithm, doc []byte) {
	t.Helper()
	_, rest, _ := strings.Cut(string(doc), "<ds:SignedInfo>")
	info, rest, _ := strings.Cut(rest, "</ds:SignedInfo><ds:SignatureValue>")
	text, _, ok := strings.Cut(rest, "<")
	value, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		t.Fatalf("no signature: %v", err)
	}
	opensslVerifies(t, alg, `<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">`+info+"</ds:SignedInfo>", value)
}

// opensslVerifies asks OpenSSL, which does without XML, about an RSA signature of the hub.
func opensslVerifies(t *testing.T, alg keyring.Algorithm, octets string, value []byte) {
	t.Helper()
	hash := string(alg)[2:]
	args := []string{"dgst", "-sha" + hash}
	if strings.HasPrefix(string(alg), "PS") {
		args = append(args, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest", "-sigopt", "rsa_mgf1_md:sha"+hash)
	}
	public, err := x509.MarshalPKIXPublicKey(keys().hub.Public())
	if err != nil {
		t.Fatal(err)
	}
	args = append(args, "-verify", fileOf(t, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})), "-signature", fileOf(t, value))
	if out, err := exec.Command("openssl", append(args, fileOf(t, []byte(octets)))...).CombinedOutput(); err != nil {
		t.Errorf("openssl refuses %s: %v %s", alg, err, out)
	}
	if _, err := exec.Command("openssl", append(args, fileOf(t, []byte(octets+"x")))...).CombinedOutput(); err == nil {
		t.Errorf("openssl accepts something else by %s", alg)
	}
}

// TestOpenSSLRedirect: OpenSSL verifies a signed address.
func TestOpenSSLRedirect(t *testing.T) {
	requireXMLSec1(t) // installed together
	for _, alg := range []keyring.Algorithm{keyring.RS256, keyring.RS384, keyring.RS512, keyring.PS256, keyring.PS384, keyring.PS512} {
		t.Run(string(alg), func(t *testing.T) {
			w := newWorld(t)
			w.change(func(p *trust.Partner) { p.SAML.Algorithm = string(alg) })
			b := w.browser()
			got := w.signOn(b, w.authn())
			target, err := url.Parse(b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index())).Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			signed, _, _ := strings.Cut(target.RawQuery, "&Signature=")
			value, err := base64.StdEncoding.DecodeString(target.Query().Get("Signature"))
			if err != nil {
				t.Fatal(err)
			}
			opensslVerifies(t, alg, signed, value)
		})
	}
}
