package smartcard

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
)

// answers makes the office decide by OCSP answers alone, of which it has none.
func byAnswers(t *testing.T) *office {
	t.Helper()
	return newOffice(t, func(o *office) {
		cache, err := revocation.New(revocation.Options{
			Name: "national", Issuers: []*x509.Certificate{o.issuer.cert, o.root.cert}, Clock: time.Now,
			Policy: revocation.Policy{Mode: revocation.ModeAnswers, Fresh: time.Hour},
		})
		if err != nil {
			t.Fatal(err)
		}
		o.authority.Revocation, o.at = cache, time.Now()
	})
}

func current(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
}

// TestStapledInTheHandshake: a card that brings an answer along signs in without anybody being asked; one without, or with another's,
// does not.
func TestStapledInTheHandshake(t *testing.T) {
	o := byAnswers(t)
	card := newCard(t, o.issuer, current)
	o.register(o.issuer, card, "555000000001")
	url, trusting := cardHost(t, o)
	answer := func(serial int64, status int) []byte {
		raw, err := ocsp.CreateResponse(o.issuer.cert, o.issuer.cert, ocsp.Response{
			Status: status, SerialNumber: big.NewInt(serial), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour), RevokedAt: time.Now(),
		}, o.issuer.key)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for _, c := range []struct {
		name   string
		staple []byte
		want   string
	}{
		{"none", nil, "card_revocation_unknown"},
		{"about another card", answer(78, ocsp.Good), "card_revocation_unknown"},
		{"garbage", []byte("garbage"), "card_revocation_unknown"},
		{"good", answer(77, ocsp.Good), "555000000001 resumed=false HTTP/1.1"},
		{"none, and one is held", nil, "555000000001 resumed=false HTTP/1.1"},
	} {
		pair := &tls.Certificate{Certificate: [][]byte{card.cert.Raw}, PrivateKey: card.key, OCSPStaple: c.staple}
		config := &tls.Config{RootCAs: trusting, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
		res, err := client.Get(url)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != c.want {
			t.Errorf("%s: %q, want %q", c.name, body, c.want)
		}
	}
	if !o.cards.Staple([]*x509.Certificate{card.cert}, answer(77, ocsp.Revoked), time.Now()) {
		t.Error("an agent's answer was not taken")
	}
	if proof, err := o.cards.Accept(t.Context(), []*x509.Certificate{card.cert}, time.Now()); err == nil {
		t.Errorf("revoked by an agent's answer: %+v", proof)
	}
	stranger := newCard(t, newAuthority(t, nil, "Elsewhere", nil), current)
	if o.cards.Staple([]*x509.Certificate{stranger.cert}, answer(77, ocsp.Good), time.Now()) {
		t.Error("an answer was taken with a card of nobody")
	}
}
