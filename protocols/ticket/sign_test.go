package ticket

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// withKey gives the hub a signing key and returns it with its certificate.
func (w *world) withKey() (*ecdsa.PrivateKey, *x509.Certificate) {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hub"}, NotBefore: w.now, NotAfter: w.now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	w.must(err)
	cert, err := x509.ParseCertificate(der)
	w.must(err)
	w.ring, err = keyring.New(keyring.Key{State: keyring.Active, Signer: key, Certificate: cert})
	w.must(err)
	return key, cert
}

// signedByTerms is the role assertion of an agent's ticket for the system whose terms ask for a signature.
func (w *world) signedByTerms() []byte {
	w.t.Helper()
	a := w.agent()
	a.signIn("555000000101")
	rec := w.assertion(a.ticket, "198.18.0.9")
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	return rec.Body.Bytes()
}

// TestSignedByTerms: the signature covers the whole Response by its ResponseID, our verifier and goxmldsig accept it, and it still
// reads as the field reads.
func TestSignedByTerms(t *testing.T) {
	w := newWorld(t)
	key, _ := w.withKey()
	doc := w.signedByTerms()
	verified, err := xmlsec.VerifyEnveloped(doc, xmlsec.TicketLimits(), []crypto.PublicKey{key.Public()})
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	id, _ := verified.Root().Attr("ResponseID")
	if !verified.Root().Is("urn:oasis:names:tc:SAML:1.0:protocol", "Response") || id == "null" || !strings.Contains(string(doc), `URI="#`+id+`"`) {
		t.Errorf("ResponseID %q", id)
	}
	if !strings.HasPrefix(string(doc[strings.IndexByte(string(doc), '>')+1:]), "<ds:Signature ") {
		t.Errorf("the signature is not first: %.600s", doc)
	}
	if got := parseAsTheFieldDoes(string(doc)); !got.ok || got.person["uid"] != "555021935107" || got.session["nhsIdCode"] != "RX1" {
		t.Errorf("%+v", got)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	if _, err := xmlsec.VerifyEnveloped(doc, xmlsec.TicketLimits(), []crypto.PublicKey{other.Public()}); err == nil {
		t.Error("another key's signature")
	}
	if _, err := xmlsec.VerifyEnveloped([]byte(strings.Replace(string(doc), "555021935107,ou", "555021935108,ou", 1)), xmlsec.TicketLimits(), []crypto.PublicKey{key.Public()}); err == nil {
		t.Error("a changed document")
	}
}

// TestXMLSec1Verifies asks another verifier, that nobody here wrote.
func TestXMLSec1Verifies(t *testing.T) {
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		if os.Getenv("LANYARD_COMPONENTS") == "1" {
			t.Fatal("xmlsec1 is missing: apt-get install xmlsec1")
		}
		t.Skip("xmlsec1 is not installed; make test needs it")
	}
	w := newWorld(t)
	_, cert := w.withKey()
	dir := t.TempDir()
	file, pemFile := filepath.Join(dir, "response.xml"), filepath.Join(dir, "cert.pem")
	w.must(os.WriteFile(file, w.signedByTerms(), 0o600))
	w.must(os.WriteFile(pemFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o600))
	verify := func() error {
		out, err := exec.Command("xmlsec1", "--verify", "--enabled-key-data", "rsa,ecdsa,x509", "--pubkey-cert-pem", pemFile, "--id-attr:ResponseID", "urn:oasis:names:tc:SAML:1.0:protocol:Response", file).CombinedOutput()
		if err != nil {
			t.Logf("%s", out)
		}
		return err
	}
	if err := verify(); err != nil {
		t.Errorf("xmlsec1: %v", err)
	}
	doc, err := os.ReadFile(file)
	w.must(err)
	w.must(os.WriteFile(file, []byte(strings.Replace(string(doc), "555021935107,ou", "555021935108,ou", 1)), 0o600))
	if err := verify(); err == nil {
		t.Error("xmlsec1 accepts a changed document: this test proves nothing")
	}
}

// TestNoKeyNoAssertion: without a key nothing leaves unsigned, and nothing is on record as told.
func TestNoKeyNoAssertion(t *testing.T) {
	w := newWorld(t)
	notSigned(w)
	w = newWorld(t)
	key, cert := w.withKey()
	var err error
	w.ring, err = keyring.New(keyring.Key{State: keyring.Active, Signer: key, Certificate: cert, OIDCOnly: true}) // nor with a key for OIDC only
	w.must(err)
	notSigned(w)
}

func notSigned(w *world) {
	w.t.Helper()
	a := w.agent()
	a.signIn("555000000101")
	rec := w.assertion(a.ticket, "198.18.0.9")
	if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "saml:Assertion") || len(w.events(ledger.TicketRead)) != 0 {
		w.t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
