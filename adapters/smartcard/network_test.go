package smartcard

import (
	"context"
	"crypto/x509"
	"net"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
)

// TestAddressesInCertificatesAreNeverAsked: the certificate, its issuer and the list name addresses of everything; nobody calls there.
func TestAddressesInCertificatesAreNeverAsked(t *testing.T) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	called := make(chan string, 16)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := trap.Accept()
			if err != nil {
				return
			}
			called <- c.RemoteAddr().String()
			c.Close()
		}
	}()
	at := "http://" + trap.Addr().String()
	tempting := func(c *x509.Certificate) {
		c.CRLDistributionPoints, c.OCSPServer, c.IssuingCertificateURL = []string{at + "/crl"}, []string{at + "/ocsp"}, []string{at + "/ca"}
		current(c)
		c.NotAfter = time.Now().Add(24 * time.Hour)
	}
	root := newAuthority(t, nil, "Root", tempting)
	issuer := newAuthority(t, root, "Issuer", tempting)
	caches := map[string]*revocation.Cache{}
	for _, mode := range []revocation.Mode{revocation.ModeLists, revocation.ModeAnswers, revocation.ModeBoth} {
		o := newOffice(t, func(o *office) {
			o.authority.Roots, o.authority.Intermediates = []*x509.Certificate{root.cert}, []*x509.Certificate{issuer.cert}
			cache, err := revocation.New(revocation.Options{
				Name: "a", Issuers: []*x509.Certificate{root.cert, issuer.cert}, Clock: time.Now,
				Policy: revocation.Policy{Mode: mode, Fresh: time.Hour},
			})
			if err != nil {
				t.Fatal(err)
			}
			o.authority.Revocation, caches[string(mode)] = cache, cache
		})
		for _, by := range []*authority{issuer, newAuthority(t, nil, "Stranger", tempting)} {
			card := newCard(t, by, tempting)
			o.register(by, card, "555000000001")
			if _, err := o.cards.Accept(t.Context(), []*x509.Certificate{card.cert, by.cert}, time.Now()); err == nil {
				t.Errorf("%s: accepted without evidence", mode)
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		caches[string(mode)].RunLists(ctx)
		caches[string(mode)].RunAnswers(ctx)
		stop()
	}
	if err := trap.Close(); err != nil {
		t.Fatal(err)
	}
	<-ended
	select {
	case who := <-called:
		t.Errorf("an address of a certificate was called by %s", who)
	default:
	}
}
