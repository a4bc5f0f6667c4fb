package card_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestSoftHSM signs with real middleware: RSA and EC, a second certificate for content commitment, wrong PINs.
func TestSoftHSM(t *testing.T) {
	components.Gate(t)
	ca := components.NewCA(t, "Cards")
	client := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for name, leaf := range map[string]*components.Leaf{
		"RSA": ca.Card(t, "999000000001"),
		"EC":  ca.Issue(t, components.Profile{Subject: pkix.Name{CommonName: "999000000002"}, ExtKeyUsage: client}),
	} {
		t.Run(name, func(t *testing.T) {
			soft := components.NewSoftHSM(t)
			soft.Put(t, ca.Issue(t, components.Profile{KeyUsage: x509.KeyUsageContentCommitment, ExtKeyUsage: client}), 1, "commit")
			soft.Put(t, leaf, 2, "auth")
			t.Setenv("SOFTHSM2_CONF", soft.Conf)
			m, err := card.Load(soft.Module)
			if err != nil {
				t.Fatal(err)
			}
			defer closeModule(t, m)
			p := &person{answers: []string{"000000", soft.PIN}}
			r := &card.Readers{Modules: []card.Module{m}, Now: time.Now, Prompt: p}
			if _, err := r.Refresh(true); err != nil {
				t.Fatal(err)
			}
			cert, signature, err := r.Sign(t.Context(), "Sign in.", []byte("lanyard"))
			if err != nil {
				t.Fatal(err)
			}
			if !cert.Equal(leaf.Certificate) {
				t.Errorf("signed as %s", cert.Subject)
			}
			verify(t, cert.Certificate, []byte("lanyard"), signature)
			wiped(t, p)
			if len(p.asked) != 2 || !p.asked[1].Wrong || p.asked[1].Tries != card.TriesFewer {
				t.Errorf("asked %+v: the wrong PIN has to be told, and the flag of the token", p.asked)
			}
			if _, err := m.Certificates(4711); !errors.Is(err, card.ErrRemoved) {
				t.Errorf("%v of a slot that is not there", err)
			}
			if _, _, err := m.Sign(tokenSlot(t, m), []byte(soft.PIN), []card.Key{{ID: []byte{9}}}, nil); !errors.Is(err, card.ErrNoKey) {
				t.Errorf("%v of a key that is not there", err)
			}
		})
	}
}

// TestLoadedTwice: one library under two names is one module in the process; who came second neither waits nor ends it for the other.
func TestLoadedTwice(t *testing.T) {
	components.Gate(t)
	soft := components.NewSoftHSM(t)
	t.Setenv("SOFTHSM2_CONF", soft.Conf)
	other := filepath.Join(t.TempDir(), "other.so")
	if err := os.Symlink(soft.Module, other); err != nil {
		t.Fatal(err)
	}
	first, err := card.Load(soft.Module)
	if err != nil {
		t.Fatal(err)
	}
	defer closeModule(t, first)
	second, err := card.Load(other)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := tokenSlot(t, first), tokenSlot(t, second); a != b {
		t.Errorf("slots %d and %d of one token", a, b)
	}
	closeModule(t, second)
	if _, err := first.Slots(); err != nil {
		t.Errorf("%v: the second one ended it for the first", err)
	}
}

func closeModule(t *testing.T, m card.Module) {
	t.Helper()
	if err := m.(io.Closer).Close(); err != nil {
		t.Error(err)
	}
}

// tokenSlot is the slot with the token.
func tokenSlot(t *testing.T, m card.Module) uint {
	t.Helper()
	slots, err := m.Slots()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slots {
		if t, err := m.Token(s.ID); err == nil && t.Known {
			return s.ID
		}
	}
	t.Fatal("no token")
	return 0
}

func TestLoadFails(t *testing.T) {
	if _, err := card.Load("/nonexistent.so"); !errors.Is(err, card.ErrModule) {
		t.Error(err)
	}
}
