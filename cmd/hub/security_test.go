package hub

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/adapters/smartcard"
	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
)

// oneTicket hands the same TLS session to every host, as an attacker's client would.
type oneTicket struct{ state *tls.ClientSessionState }

func (c *oneTicket) Get(string) (*tls.ClientSessionState, bool) { return c.state, c.state != nil }

func (c *oneTicket) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		c.state = s
	}
}

func authority(t *testing.T, hosts ...string) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test"}, DNSNames: hosts, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, parsed
}

// TestSecurity is named by the rows of the attack catalogue. Row 205: a TLS session of the hub's own host is worth
// nothing at a card host on the same socket, and the host name of the handshake decides who answers.
func TestSecurity(t *testing.T) {
	t.Run("072", testPendingIsBounded)
	cert, ca := authority(t, "sso.example", "mtls.sso.example", "*.card.sso.example")
	cards, err := smartcard.New(smartcard.Options{
		Authorities: []smartcard.Authority{{Name: "a", Roots: []*x509.Certificate{ca}, Revocation: revocation.Off{}}}, Authenticators: memory.New(),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &Hub{options: Options{Config: config.Config{Listeners: config.Listeners{Card: config.CardListener{HostPattern: "*.card.sso.example"}}}}}
	answer := func(who string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, who, " resumed=", r.TLS.DidResume) })
	}
	public := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	clients := public.Clone()
	askCertificates(clients)
	hosts := []certificateHost{
		{serves: h.isCardHost, tls: cards.TLSConfig(cert), handler: answer("card")},
		{serves: func(host string) bool { return host == "mtls.sso.example" }, tls: clients, handler: answer("mtls")},
	}
	s := newServer("public", "127.0.0.1:0", bySNI(answer("public"), hosts), sharedTLS(public, hosts), slog.New(slog.DiscardHandler))
	if err := s.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); s.serve() }()
	t.Cleanup(func() { _ = s.http.Close(); <-done })
	for name, version := range map[string]uint16{"205/TLS 1.2": tls.VersionTLS12, "205/TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			cache := &oneTicket{}
			ask := func(sni string) string {
				conf := &tls.Config{ServerName: sni, InsecureSkipVerify: true, ClientSessionCache: cache, MinVersion: version, MaxVersion: version} //nolint:gosec // the server of this test
				c, err := tls.Dial("tcp", s.listener.Addr().String(), conf)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = c.Close() }()
				return get(t, c)
			}
			for _, step := range []struct{ sni, want string }{
				{"sso.example", "public resumed=false"}, {"sso.example", "public resumed=true"},
				{"abc.card.sso.example", "card resumed=false"}, {"ABC.card.sso.example", "card resumed=false"},
				{"mtls.sso.example", "mtls resumed=false"}, {"mtls.sso.example", "mtls resumed=false"},
				{"a.b.card.sso.example", "public resumed=true"}, {"card.sso.example", "public resumed=true"},
			} {
				if got := ask(step.sni); got != step.want {
					t.Errorf("%s: %s, want %s", step.sni, got, step.want)
				}
			}
			if cache.state == nil {
				t.Error("no session was kept: nothing was tested")
			}
		})
	}
}

func get(t *testing.T, c net.Conn) string {
	t.Helper()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestSAMLDefaults(t *testing.T) {
	for _, c := range []struct{ sign, encrypt, wantAlgorithm, wantEncrypt string }{
		{"rsa-sha256", "when-key-present", "RS256", "when-key-present"}, {"ecdsa-sha256", "required-by-terms", "ES256", "never"},
		{"rsa-pss-sha384", "when-key-present", "PS384", "when-key-present"}, {"ecdsa-sha512", "when-key-present", "ES512", "when-key-present"},
		{"rsa-sha512", "when-key-present", "RS512", "when-key-present"},
	} {
		if d, err := SAMLDefaults(config.Config{SAML: config.SAML{Sign: c.sign, Encrypt: c.encrypt}}); err != nil || d.Algorithm != c.wantAlgorithm || d.Encrypt != c.wantEncrypt {
			t.Errorf("%+v", d)
		}
	}
	if d, err := SAMLDefaults(config.Config{SAML: config.SAML{SignedRequests: true}}); err != nil || !d.RequestsSigned {
		t.Errorf("signed_requests is lost: %+v, %v", d, err)
	}
	d, err := SAMLDefaults(config.Config{SAML: config.SAML{Contexts: []string{"https://rx1.example/strong AAL3 IAL2"}}})
	if c, known := trust.FindContext(d.Contexts, "https://rx1.example/strong"); err != nil || !known || c.Assurance != 3 || c.Identity != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := SAMLDefaults(config.Config{SAML: config.SAML{Contexts: []string{"https://refeds.org/profile/mfa AAL1"}}}); err == nil {
		t.Error("a standard class was made weaker")
	}
}
