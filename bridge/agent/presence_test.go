package agent

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// card is a certificate in the form that an agent sends.
func (w *world) card(aki []byte) (der []byte, text string) {
	w.t.Helper()
	parent := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority"}, SubjectKeyId: aki, IsCA: true, BasicConstraintsValid: true}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(0x1f), Subject: pkix.Name{CommonName: "Card"}, NotAfter: w.now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parent, w.keys["bay5"].Public(), w.keys["bay4"])
	if err != nil {
		w.t.Fatal(err)
	}
	return der, base64.StdEncoding.EncodeToString(der)
}

func TestReadPresence(t *testing.T) {
	w := newWorld(t)
	der, text := w.card([]byte{0x9f, 0x3c})
	p, err := w.reader.ReadPresence(t.Context(), w.message("bay4", "presence", object{"nonce": "n", "user": "2", "certificate": text}), "n")
	if err != nil {
		t.Fatal(err)
	}
	if string(p.Certificate.Raw) != string(der) || Handle(p.Certificate) != "9f3c:1f" {
		t.Errorf("handle %q", Handle(p.Certificate))
	}
	want := bridge.Place{Workstation: "bay4", User: "2", Card: Fingerprint(p.Certificate), Key: p.Thumbprint}
	if p.Place() != want || len(want.Card) != 64 {
		t.Errorf("place %+v", p.Place())
	}
	if _, err = w.reader.ReadPresence(t.Context(), w.message("bay4", "presence", object{"nonce": "n", "origin": hub}), "n"); err != nil {
		t.Errorf("a page of ours: %v", err)
	}
	p, err = w.reader.ReadPresence(t.Context(), w.message("bay4", "presence", object{"nonce": "n"}), "n")
	if err != nil || p.Place() != (bridge.Place{Workstation: "bay4", Key: p.Thumbprint}) {
		t.Errorf("without a card: %+v %v", p.Place(), err)
	}
}

func TestBadPresence(t *testing.T) {
	w := newWorld(t)
	_, text := w.card([]byte{1})
	for name, c := range map[string]struct {
		changes object
		code    string
	}{
		"another nonce":              {object{"nonce": "m"}, "presence_nonce"},
		"no nonce":                   {nil, "presence_nonce"},
		"a nonce in a list":          {object{"nonce": []string{"n"}}, "presence_nonce"},
		"a page of another site":     {object{"nonce": "n", "origin": "https://app.example"}, "presence_origin"},
		"a page beside the hub":      {object{"nonce": "n", "origin": hub + ":8443"}, "presence_origin"},
		"a page of nowhere":          {object{"nonce": "n", "origin": ""}, "presence_origin"},
		"an origin in a list":        {object{"nonce": "n", "origin": []string{hub}}, "presence_origin"},
		"another act":                {object{"nonce": "n", "act": "event"}, "agent_message"},
		"a user without end":         {object{"nonce": "n", "user": strings.Repeat("u", 65)}, "agent_message"},
		"a user that is a number":    {object{"nonce": "n", "user": 2}, "agent_message"},
		"a certificate of nothing":   {object{"nonce": "n", "certificate": ""}, "agent_message"},
		"a certificate in base64url": {object{"nonce": "n", "certificate": "_-8="}, "agent_message"},
		"a certificate with more":    {object{"nonce": "n", "certificate": text + "AAAA"}, "agent_message"},
		"a certificate in lines":     {object{"nonce": "n", "certificate": text[:64] + "\n" + text[64:]}, "agent_message"},
		"a certificate in a list":    {object{"nonce": "n", "certificate": []string{text}}, "agent_message"},
		"a certificate without end":  {object{"nonce": "n", "certificate": strings.Repeat("A", 22000)}, "agent_message"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.reader.ReadPresence(t.Context(), w.message("bay4", "presence", c.changes), "n")
			refusedWith(t, err, bridge.BadRequest, c.code)
		})
	}
	_, err := w.reader.ReadPresence(t.Context(), w.message("bay4", "presence", object{"nonce": ""}), "")
	refusedWith(t, err, bridge.BadRequest, "presence_nonce")
	if c := (&x509.Certificate{SerialNumber: big.NewInt(1)}); Handle(c) != "" || Handle(nil) != "" || Fingerprint(nil) != "" {
		t.Error("a card that does not name its issuer's key is found")
	}
}

// TestSignedText: origin and challenge cannot be told apart in two ways, whatever they are.
func TestSignedText(t *testing.T) {
	if got := string(SignedText("https://sso.example", "abc")); got != "lanyard card sign-in 1\nhttps://sso.example\nabc" {
		t.Errorf("%q", got)
	}
}
