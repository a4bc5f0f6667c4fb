package hub

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
	"github.com/lanyard-hub/lanyard/adapters/keystore/openssl"
	"github.com/lanyard-hub/lanyard/config"
)

// Who computes RSA signatures. In a program built with the tag openssl the library is there, in others never.
func TestSigner(t *testing.T) {
	pem, err := keystore.Generate(rand.Reader, "hub.example", time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	_, err = openssl.Open()
	at := err == nil
	if errors.Is(err, openssl.ErrAbsent) && os.Getenv("LANYARD_COMPONENTS") == "1" {
		t.Fatal(err)
	}
	for signer, c := range map[string]struct{ fast, refused bool }{
		"go": {false, false}, "auto": {at, false}, "openssl": {at, !at},
	} {
		keys, err := keystore.Parse(pem)
		if err != nil {
			t.Fatal(err)
		}
		h := &Hub{options: Options{Log: slog.New(slog.DiscardHandler), Config: config.Config{Keys: config.Keys{Signer: signer}}}}
		if err := h.accelerate(keys); (err != nil) != c.refused {
			t.Errorf("%s: %v", signer, err)
		}
		if _, slow := keys[0].Signer.(*rsa.PrivateKey); slow == c.fast {
			t.Errorf("%s: RSA by %T", signer, keys[0].Signer)
		}
		if _, ok := keys[1].Signer.(*ecdsa.PrivateKey); !ok {
			t.Errorf("%s: P-256 by %T", signer, keys[1].Signer)
		}
	}
}
