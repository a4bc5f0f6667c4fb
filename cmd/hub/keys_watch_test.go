package hub

import (
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// TestKeysAreTakenWhileRunning: a key that is added is published by the running hub, and the old one goes on; a file that cannot be
// used changes nothing.
func TestKeysAreTakenWhileRunning(t *testing.T) {
	now := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "signing.pem")
	pem, err := keystore.Generate(rand.Reader, "hub.example", now)
	must(t, err)
	must(t, keystore.Write(path, pem))
	h := &Hub{
		options:  Options{Log: slog.New(slog.DiscardHandler), Config: config.Config{Keys: config.Keys{Signing: path, Signer: "go"}}},
		registry: trust.NewRegistry(nil, trust.Compiler{}, false, time.Now),
	}
	if len(h.keys().Published()) != 0 {
		t.Error("a command has keys")
	}
	must(t, h.wireKeys(t.Context()))
	before := h.keys()
	must(t, h.watchKeys(t.Context()))
	if !h.keys().Same(before) {
		t.Error("keys were taken anew although nothing changed")
	}
	grown, id, err := keystore.Add(rand.Reader, pem, "p384", keyring.Signing, "hub.example signing", now)
	must(t, err)
	must(t, keystore.Replace(path, grown))
	must(t, h.watchKeys(t.Context()))
	if _, there := h.keys().Named(id); !there || len(h.keys().Published()) != len(before.Published())+1 {
		t.Errorf("the new key is not published: %d keys", len(h.keys().Published()))
	}
	taken := h.keys()
	for _, c := range []struct { // the file is gone in the end, for it to come back
		name  string
		spoil func()
	}{
		{"damaged", func() { must(t, os.WriteFile(path, []byte("-----BEGIN"), 0o600)) }},
		{"gone", func() { must(t, os.Remove(path)) }},
	} {
		name := c.name
		c.spoil()
		if err := h.watchKeys(t.Context()); err == nil {
			t.Errorf("%s: taken", name)
		}
		if err := h.watchKeys(t.Context()); err != nil {
			t.Errorf("%s: said more than once: %v", name, err)
		}
		if !h.keys().Same(taken) {
			t.Errorf("%s: the keys of before are gone", name)
		}
	}
	must(t, keystore.Write(path, grown))
	must(t, h.watchKeys(t.Context()))
	if h.keys().Same(taken) || len(h.keys().Published()) != len(taken.Published()) {
		t.Error("the file is back, its keys are not")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
