package components_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

func TestCardChain(t *testing.T) {
	root := components.NewCA(t, "Card root")
	issuing := root.Intermediate(t, "Card issuing")
	card := issuing.Card(t, "555000000001")
	intermediates := x509.NewCertPool()
	intermediates.AddCert(issuing.Certificate)
	options := x509.VerifyOptions{
		Roots: root.Pool(), Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if _, err := card.Certificate.Verify(options); err != nil {
		t.Errorf("a good card: %v", err)
	}
	expired := issuing.Issue(t, components.Profile{
		Subject:     pkix.Name{CommonName: "555000000002"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore:   time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
	})
	if _, err := expired.Certificate.Verify(options); err == nil {
		t.Error("an expired card verifies")
	}
	if n := len(card.TLS().Certificate); n != 2 {
		t.Errorf("a card sends %d certificates, want itself and the issuing CA", n)
	}
}

func TestRevocationList(t *testing.T) {
	ca := components.NewCA(t, "Card CA")
	good, bad := ca.Card(t, "1"), ca.Card(t, "2")
	der, err := os.ReadFile(ca.WriteCRL(t, components.CRL{Number: 7, Revoked: []*components.Leaf{bad}}))
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.CheckSignatureFrom(ca.Certificate); err != nil {
		t.Error(err)
	}
	if len(list.RevokedCertificateEntries) != 1 ||
		list.RevokedCertificateEntries[0].SerialNumber.Cmp(bad.Certificate.SerialNumber) != 0 ||
		list.RevokedCertificateEntries[0].SerialNumber.Cmp(good.Certificate.SerialNumber) == 0 {
		t.Errorf("revoked: %v", list.RevokedCertificateEntries)
	}
}

func TestPrincipalName(t *testing.T) {
	ca := components.NewCA(t, "Card CA")
	card := ca.Issue(t, components.Profile{UPN: "555000000001@example.test"})
	for _, extension := range card.Certificate.Extensions {
		if extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) {
			if !bytes.Contains(extension.Value, []byte("555000000001@example.test")) {
				t.Errorf("subjectAltName: %x", extension.Value)
			}
			return
		}
	}
	t.Error("no subjectAltName")
}

func TestClientFindsLocalhostNames(t *testing.T) {
	ca := components.NewCA(t, "Trust CA")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.TLS.ServerName))
	}))
	server.TLS = serverTLS(ca.Server(t, "hub.localhost", "*.card.hub.localhost"))
	server.StartTLS()
	t.Cleanup(server.Close)
	for _, host := range []string{"hub.localhost", "x7.card.hub.localhost"} {
		if _, body := components.Get(t, components.Client(t, ca), "https://"+host+portOf(server)); body != host {
			t.Errorf("%s: the server was asked for %q", host, body)
		}
	}
}

func TestXMLSec1JudgesSignatures(t *testing.T) {
	components.Gate(t)
	key, other := components.SelfSigned(t, "a", components.RSAKey(t)), components.SelfSigned(t, "b", components.RSAKey(t))
	document := []byte(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="_1" entityID="a"><!--signature--><x/></EntityDescriptor>`)
	signed := components.SignXML(t, document, "_1", key)
	if ok, said := components.VerifyXML(t, signed, key.CertFile, ""); !ok {
		t.Errorf("its own signature: %s", said)
	}
	if ok, _ := components.VerifyXML(t, signed, other.CertFile, ""); ok {
		t.Error("verifies with a foreign key")
	}
	if ok, _ := components.VerifyXML(t, bytes.Replace(signed, []byte("<x/>"), []byte("<y/>"), 1), key.CertFile, ""); ok {
		t.Error("verifies after a change")
	}
}
