package signin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

func certificateFor(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) challenge(t *testing.T) string {
	t.Helper()
	value, err := w.pages.ClientChallenge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(value, `Card realm="sso.example", challenge="`)
	if !ok {
		t.Fatal(value)
	}
	return strings.TrimSuffix(rest, `"`)
}

func answered(challenge string, certificate *x509.Certificate, message []byte) string {
	return `Card challenge="` + challenge + `", certificate="` + base64.StdEncoding.EncodeToString(certificate.Raw) + `", signature="` + base64.StdEncoding.EncodeToString(message) + `"`
}

func TestClientSignsAChallenge(t *testing.T) {
	w := newWorld(t)
	card := certificateFor(t, "555000000001")
	show := func(values ...string) (bridge.Proof, error) {
		r := httptest.NewRequest(http.MethodPost, "https://sso.example/saml2/ecp", nil)
		r.Header["Authorization"] = values
		return w.pages.ClientProof(r)
	}
	good := func(c string) string { return answered(c, card, ClientMessage("https://sso.example", c)) }
	c := w.challenge(t)
	proof, err := show(good(c))
	if err != nil || proof.UID != "555000000001" {
		t.Fatalf("%+v %v", proof, err)
	}
	for name, values := range map[string]func() []string{
		"card_challenge used":    func() []string { return []string{good(c)} },
		"card_challenge made up": func() []string { return []string{good("x")} },
		"card_signature other hub": func() []string {
			c := w.challenge(t)
			return []string{answered(c, card, ClientMessage("https://evil.example", c))}
		},
		"card_signature other challenge": func() []string {
			c := w.challenge(t)
			return []string{answered(c, card, ClientMessage("https://sso.example", "other"))}
		},
		"card_authorization scheme":    func() []string { return []string{"Basic eDp5"} },
		"card_authorization twice":     func() []string { return []string{good(w.challenge(t)), good(w.challenge(t))} },
		"card_authorization unquoted":  func() []string { return []string{strings.ReplaceAll(good(w.challenge(t)), `"`, "")} },
		"card_authorization repeated":  func() []string { return []string{good(w.challenge(t)) + `, challenge="x"`} },
		"card_authorization open":      func() []string { return []string{strings.TrimSuffix(good(w.challenge(t)), `"`)} },
		"card_authorization half open": func() []string { return []string{strings.Replace(good(w.challenge(t)), `="`, "=", 1)} },
		"card_authorization no base64": func() []string {
			return []string{strings.Replace(good(w.challenge(t)), `signature="`, `signature="*`, 1)}
		},
		"card_authorization no challenge": func() []string { return []string{good("")} },
		"card_authorization no card":      func() []string { return []string{`Card challenge="` + w.challenge(t) + `"`} },
		"card_authorization long":         func() []string { return []string{good(w.challenge(t)) + strings.Repeat(" ", maxAuthorization)} },
	} {
		want, _, _ := strings.Cut(name, " ")
		if _, err := show(values()...); bridge.AsRefusal(err).Reason != bridge.CredentialUntrusted || bridge.AsRefusal(err).Code != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := show(); bridge.AsRefusal(err).Reason != bridge.CredentialMissing {
		t.Errorf("nothing shown: %v", err)
	}
	late := w.challenge(t)
	w.now = w.now.Add(clientChallengeLife)
	if _, err := show(good(late)); bridge.AsRefusal(err).Code != "card_challenge" {
		t.Errorf("too late: %v", err)
	}
}

func TestClientShowsACertificate(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodPost, "https://sso.example/saml2/ecp", nil)
	r.TLS = &tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{certificateFor(t, "555000000001")}}
	if proof, err := w.pages.ClientProof(r); err != nil || proof.UID != "555000000001" {
		t.Errorf("%+v %v", proof, err)
	}
	r.TLS.HandshakeComplete = false
	if _, err := w.pages.ClientProof(r); bridge.AsRefusal(err).Reason != bridge.CredentialMissing {
		t.Errorf("before the handshake is over: %v", err)
	}
	r.TLS.HandshakeComplete, r.TLS.DidResume = true, true
	if _, err := w.pages.ClientProof(r); bridge.AsRefusal(err).Reason != bridge.CredentialMissing {
		t.Errorf("a resumed connection: %v", err)
	}
	r.TLS = &tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{certificateFor(t, "revoked")}}
	if _, err := w.pages.ClientProof(r); bridge.AsRefusal(err).Reason != bridge.CredentialRevoked {
		t.Errorf("%v", err)
	}
	w.pages.Cards = nil
	if _, err := w.pages.ClientProof(r); err == nil {
		t.Error("cards are off")
	}
}
