package card_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

func TestSign(t *testing.T) {
	r, _, p := ward(t, "2468")
	cert, signature, err := r.Sign(t.Context(), "Sign in.", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	verify(t, cert.Certificate, []byte("text"), signature)
	wiped(t, p)
	if q := p.asked[0]; q.Reader != "Reader A" || q.Holder != "999000000001" || q.Purpose != "Sign in." {
		t.Errorf("asked %+v", q)
	}
}

// TestSecurityTries: what the card says about its tries reaches the person, and the last one is theirs to spend.
func TestSecurityTries(t *testing.T) {
	t.Run("235 told step by step", func(t *testing.T) {
		r, m, p := ward(t, "1", "2", "3")
		if _, _, err := r.Sign(t.Context(), "", nil); !errors.Is(err, card.ErrCancelled) {
			t.Errorf("%v, want the person to be asked before the last try", err)
		}
		if got := p.tries(); !slices.Equal(got, []card.Tries{card.TriesAll, card.TriesFewer, card.TriesLast}) {
			t.Errorf("told %v", got)
		}
		if m.wrong != 2 {
			t.Errorf("%d wrong PINs reached the card, want 2", m.wrong)
		}
		if p.asked[0].Wrong || !p.asked[1].Wrong {
			t.Error("a wrong PIN has to be told, a first one not")
		}
		wiped(t, p)
	})
	t.Run("235 spent when the person agrees", func(t *testing.T) {
		r, m, p := ward(t, "1", "2", "3")
		p.agrees = true
		if _, _, err := r.Sign(t.Context(), "", nil); !errors.Is(err, card.ErrPIN) || m.wrong != 3 {
			t.Errorf("%v after %d wrong PINs", err, m.wrong)
		}
		if _, _, err := r.Sign(t.Context(), "", nil); !errors.Is(err, card.ErrPINLocked) || len(p.asked) != 3 {
			t.Errorf("%v, and %d questions: of a locked card nothing is asked", err, len(p.asked))
		}
	})
	t.Run("sentences differ", func(t *testing.T) {
		all, fewer, last := card.TriesAll.Sentence(), card.TriesFewer.Sentence(), card.TriesLast.Sentence()
		if all != "" || fewer == "" || last == "" || fewer == last {
			t.Errorf("%q, %q, %q", all, fewer, last)
		}
	})
}

func TestReaderWithKeys(t *testing.T) {
	r, m, p := ward(t)
	m.protected = true
	if _, _, err := r.Sign(t.Context(), "", nil); err != nil || len(p.asked) != 0 {
		t.Errorf("%v, %d questions: the reader asks itself", err, len(p.asked))
	}
	m.wrong = 2
	if _, _, err := r.Sign(t.Context(), "", nil); !errors.Is(err, card.ErrCancelled) {
		t.Errorf("%v: the last try needs the person's word", err)
	}
	p.agrees = true
	if _, _, err := r.Sign(t.Context(), "", nil); err != nil {
		t.Error(err)
	}
}

func TestNoPINIsKept(t *testing.T) {
	r, _, p := ward(t, "2468", "2468")
	for range 2 {
		if _, _, err := r.Sign(t.Context(), "", nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.asked) != 2 {
		t.Errorf("asked %d times for two signatures", len(p.asked))
	}
}

func TestKeptPIN(t *testing.T) {
	now := time.Now()
	start := func(t *testing.T, answers ...string) (*card.Readers, *middleware, *person) {
		r, m, p := ward(t, answers...)
		r.Cache, r.Now = time.Minute, func() time.Time { return now }
		if _, _, err := r.Sign(t.Context(), "", nil); err != nil {
			t.Fatal(err)
		}
		return r, m, p
	}
	t.Run("used again", func(t *testing.T) {
		r, _, p := start(t, "2468")
		if _, _, err := r.Sign(t.Context(), "", nil); err != nil || len(p.asked) != 1 {
			t.Errorf("%v, asked %d times", err, len(p.asked))
		}
	})
	t.Run("not for long", func(t *testing.T) {
		r, _, p := start(t, "2468", "2468")
		r.Now = func() time.Time { return now.Add(time.Minute) }
		if _, _, err := r.Sign(t.Context(), "", nil); err != nil || len(p.asked) != 2 {
			t.Errorf("%v, asked %d times", err, len(p.asked))
		}
	})
	t.Run("never twice when wrong, nor after a try was spent", func(t *testing.T) {
		r, m, p := start(t, "2468")
		m.pin = "1357" // changed elsewhere
		if _, _, err := r.Sign(t.Context(), "", nil); !errors.Is(err, card.ErrCancelled) || m.wrong != 1 || len(p.asked) != 2 {
			t.Errorf("%v after %d wrong PINs and %d questions", err, m.wrong, len(p.asked))
		}
	})
	t.Run("gone with the card", func(t *testing.T) {
		r, m, p := start(t, "2468", "2468")
		m.present = false
		stop, cancel := context.WithCancel(t.Context())
		r.Watch(stop, func(card.Event) { cancel() }, func(error) {})
		m.present = true
		if _, err := r.Refresh(true); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Sign(t.Context(), "", nil); err != nil || len(p.asked) != 2 {
			t.Errorf("%v, asked %d times", err, len(p.asked))
		}
	})
}

func TestSignFails(t *testing.T) {
	cases := []struct {
		name string
		with func(*middleware)
		want error
	}{
		{"no card", func(m *middleware) { m.present = false }, card.ErrNoCard},
		{"card that the middleware does not know", func(m *middleware) { m.serial = "" }, card.ErrNotRecognised},
		{"another card in the reader since", func(m *middleware) { m.serial = "2" }, card.ErrRemoved},
		{"pulled while the PIN is typed", func(m *middleware) { m.pulled = true }, card.ErrRemoved},
		{"no key", func(m *middleware) { m.keys = nil }, card.ErrNoKey},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, m, _ := ward(t, "2468")
			c.with(m)
			if c.want != card.ErrRemoved {
				if _, err := r.Refresh(true); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := r.Sign(t.Context(), "", nil); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	t.Run("no reader", func(t *testing.T) {
		if _, _, err := (&card.Readers{}).Sign(t.Context(), "", nil); !errors.Is(err, card.ErrNoReader) {
			t.Error(err)
		}
	})
}

// slow holds the question open.
type slow struct{ asked, proceed chan struct{} }

func (s slow) AskPIN(context.Context, card.Question) ([]byte, error) {
	close(s.asked)
	<-s.proceed
	return nil, card.ErrCancelled
}

func TestOneSignatureAtATime(t *testing.T) {
	r, _, _ := ward(t)
	s := slow{make(chan struct{}), make(chan struct{})}
	r.Prompt = s
	done := make(chan error)
	go func() {
		_, _, err := r.Sign(context.Background(), "", nil)
		done <- err
	}()
	<-s.asked
	if _, _, err := r.Sign(t.Context(), "", nil); !errors.Is(err, card.ErrBusy) {
		t.Errorf("%v, want busy", err)
	}
	close(s.proceed)
	if err := <-done; !errors.Is(err, card.ErrCancelled) {
		t.Error(err)
	}
}

// TestRemovalNamesTheSigner: the hub finds sessions by the certificate that signed, which need not be the one that was tried first.
func TestRemovalNamesTheSigner(t *testing.T) {
	r, m, _ := ward(t, "2468")
	m.put(components.NewCA(t, "Others").Card(t, "999000000002"), 2, "PIV Authentication")
	delete(m.keys, "\x02") // its key is not on the card
	m.present = false
	if _, err := r.Refresh(true); err != nil {
		t.Fatal(err)
	}
	m.present = true
	if _, err := r.Refresh(true); err != nil {
		t.Fatal(err)
	}
	if first, err := r.Current(); err != nil || first.Subject.CommonName != "999000000002" {
		t.Fatalf("%v, %v", first.Certificate, err)
	}
	signer, _, err := r.Sign(t.Context(), "", nil)
	if err != nil || signer.Subject.CommonName != "999000000001" {
		t.Fatalf("%v, %v", signer.Certificate, err)
	}
	m.present = false
	events, err := r.Refresh(true)
	if err != nil || len(events) != 1 || !bytes.Equal(events[0].Certificate, signer.Raw) {
		t.Errorf("%d events, %v; the removal is to name the certificate that signed", len(events), err)
	}
}
