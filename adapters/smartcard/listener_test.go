package smartcard

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// cardHost answers with what Accept said about the card of the connection.
func cardHost(t *testing.T, o *office) (url string, trusting *x509.CertPool) {
	t.Helper()
	now := o.at
	if now.IsZero() {
		now = start
	}
	site := newAuthority(t, nil, "Site authority", nil)
	server := issue(t, site, x509.Certificate{
		Subject: pkix.Name{CommonName: "card"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().AddDate(1, 0, 0), NotBefore: time.Now().AddDate(-1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, p256(t))
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proof, err := o.cards.Accept(r.Context(), r.TLS.PeerCertificates, now)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, bridge.AsRefusal(err).AuditCode())
			return
		}
		fmt.Fprintf(w, "%s resumed=%v %s", proof.UID, r.TLS.DidResume, r.Proto)
	}))
	s.TLS = o.cards.TLSConfig(tls.Certificate{Certificate: [][]byte{server.cert.Raw}, PrivateKey: server.key})
	s.StartTLS()
	t.Cleanup(s.Close)
	trusting = x509.NewCertPool()
	trusting.AddCert(site.cert)
	return s.URL, trusting
}

func testListener(t *testing.T) {
	o := newOffice(t, nil)
	good := newCard(t, o.issuer, nil)
	o.register(o.issuer, good, "555000000001")
	expired := newCard(t, o.issuer, func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Hour) })
	strange := newCard(t, newAuthority(t, nil, "Elsewhere", nil), nil)
	url, trusting := cardHost(t, o)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for name, c := range map[string]struct {
			card *authority
			want string
		}{
			"no card": {nil, "card_missing"}, "expired": {expired, "card_expired"}, "wrong authority": {strange, "card_untrusted"},
			"good": {good, "555000000001 resumed=false HTTP/1.1"},
		} {
			config := &tls.Config{
				RootCAs: trusting, MinVersion: version, MaxVersion: version, NextProtos: []string{"h2", "http/1.1"},
				ClientSessionCache: tls.NewLRUClientSessionCache(8), Time: time.Now,
			}
			if c.card != nil {
				pair := &tls.Certificate{Certificate: [][]byte{c.card.cert.Raw}, PrivateKey: c.card.key}
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
			}
			for range 3 { // new connections that would resume if they could
				client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
				res, err := client.Get(url)
				if err != nil {
					t.Fatalf("%s, %s: %v", name, tls.VersionName(version), err)
				}
				body, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if string(body) != c.want || res.TLS.DidResume || res.TLS.NegotiatedProtocol != "http/1.1" {
					t.Errorf("%s, %s: %q, resumed %v, %s", name, tls.VersionName(version), body, res.TLS.DidResume, res.TLS.NegotiatedProtocol)
				}
			}
		}
	}
}

// TestHints: the browser is told the authorities, so that it offers their certificates only.
func TestHints(t *testing.T) {
	o := newOffice(t, nil)
	url, trusting := cardHost(t, o)
	var hinted [][]byte
	config := &tls.Config{RootCAs: trusting, GetClientCertificate: func(i *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		hinted = i.AcceptableCAs
		return &tls.Certificate{}, nil
	}}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if len(hinted) != 2 || string(hinted[0]) != string(o.root.cert.RawSubject) || string(hinted[1]) != string(o.issuer.cert.RawSubject) {
		t.Errorf("%d hints", len(hinted))
	}
}

// TestStolenCertificate: a certificate without its key does not get through the handshake.
func TestStolenCertificate(t *testing.T) {
	o := newOffice(t, nil)
	good := newCard(t, o.issuer, nil)
	o.register(o.issuer, good, "555000000001")
	url, trusting := cardHost(t, o)
	config := &tls.Config{RootCAs: trusting, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &tls.Certificate{Certificate: [][]byte{good.cert.Raw}, PrivateKey: p256(t)}, nil
	}}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	if res, err := client.Get(url); err == nil {
		res.Body.Close()
		t.Errorf("answered with %d", res.StatusCode)
	}
}

// TestNoHTTP2: the test server sets its own protocols, so the configuration itself is looked at.
func TestNoHTTP2(t *testing.T) {
	config := newOffice(t, nil).cards.TLSConfig()
	if len(config.NextProtos) != 1 || config.NextProtos[0] != "http/1.1" || config.ClientAuth != tls.RequestClientCert {
		t.Errorf("%v %v", config.NextProtos, config.ClientAuth)
	}
}
