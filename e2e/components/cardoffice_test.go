package components_test

import (
	"crypto/x509"
	"os"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestCardOffice: what openssl issues, publishes and answers is what the tests believe it is.
func TestCardOffice(t *testing.T) {
	components.Gate(t)
	office := components.NewCardOffice(t, "Card office", "P-384")
	good, bad := office.Card("555000000001", "rsa:2048"), office.Card("555000000002", "P-256")
	office.Revoke(bad)
	data, err := os.ReadFile(office.List(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(data)
	if err != nil || len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].SerialNumber.Cmp(bad.Certificate.SerialNumber) != 0 {
		t.Errorf("%+v %v", list, err)
	}
	for card, want := range map[*components.Leaf]int{good: ocsp.Good, bad: ocsp.Revoked} {
		request, err := ocsp.CreateRequest(card.Certificate, office.Authority(), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := ocsp.ParseResponse(office.Answer(request), office.Authority())
		if err != nil || answer.Status != want {
			t.Errorf("%+v %v, want %d", answer, err, want)
		}
	}
}
