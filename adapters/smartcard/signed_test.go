package smartcard

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

func TestAcceptSigned(t *testing.T) {
	rsaKey, err1 := rsa.GenerateKey(rand.Reader, 2048)
	p384, err2 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	message := []byte("challenge")
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey, "P-256": p256(t), "P-384": p384} {
		o := newOffice(t, nil)
		card := newCardKey(t, o.issuer, key, nil)
		o.register(o.issuer, card, "555000000001")
		sum := sha256.Sum256(message)
		sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		good := map[string][]byte{"as made": sig}
		if k, ok := key.(*ecdsa.PrivateKey); ok {
			good["side by side"] = sideBySide(t, k, sig)
		}
		for form, sig := range good {
			proof, err := o.cards.AcceptSigned(t.Context(), card.cert, message, sig, start)
			if err != nil || proof.UID != "555000000001" || proof.Assurance != 3 {
				t.Errorf("%s, %s: %+v %v", name, form, proof, err)
			}
			for what, call := range map[string]func() error{
				"another message": func() error {
					_, err := o.cards.AcceptSigned(t.Context(), card.cert, []byte("other"), sig, start)
					return err
				},
				"cut short": func() error {
					_, err := o.cards.AcceptSigned(t.Context(), card.cert, message, sig[1:], start)
					return err
				},
				"nothing": func() error { _, err := o.cards.AcceptSigned(t.Context(), card.cert, message, nil, start); return err },
				"another card": func() error {
					other := newCard(t, o.issuer, nil)
					_, err := o.cards.AcceptSigned(t.Context(), other.cert, message, sig, start)
					return err
				},
				"no card": func() error { _, err := o.cards.AcceptSigned(t.Context(), nil, message, sig, start); return err },
			} {
				if r := bridge.AsRefusal(call()); r.Reason != bridge.CredentialUntrusted || r.Code != "card_signature" {
					t.Errorf("%s, %s: %v", name, what, r)
				}
			}
		}
		o.sheet.revoked["77"] = true
		if _, err := o.cards.AcceptSigned(t.Context(), card.cert, message, sig, start); bridge.AsRefusal(err).Reason != bridge.CredentialRevoked {
			t.Errorf("%s: a revoked card that signs: %v", name, err)
		}
	}
}

func sideBySide(t *testing.T, key *ecdsa.PrivateKey, der []byte) []byte {
	t.Helper()
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		t.Fatal(err)
	}
	n := (key.Params().BitSize + 7) / 8
	out := make([]byte, 2*n)
	v.R.FillBytes(out[:n])
	v.S.FillBytes(out[n:])
	return out
}

// TestHugeKeyCostsNothing: anybody can send a certificate with a key of any size. Reckoning with this one would take seconds.
func TestHugeKeyCostsNothing(t *testing.T) {
	o := newOffice(t, nil)
	size := 16 * maxRSABits
	modulus := new(big.Int).SetBit(big.NewInt(1), size-1, 1)
	card := &x509.Certificate{PublicKey: &rsa.PublicKey{N: modulus, E: 1<<31 - 1}}
	began := time.Now()
	if _, err := o.cards.AcceptSigned(t.Context(), card, []byte("challenge"), make([]byte, size/8), start); bridge.AsRefusal(err).Code != "card_signature" {
		t.Error(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
}
