package card_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/e2e/components"
	"github.com/lanyard-hub/lanyard/e2e/components/virtualcard"
)

// TestPIVThroughPCSC is the whole way of a real card: a PIV card in a virtual reader, pcscd, OpenSC's middleware. Insertion, a
// signature, PINs counted by the card until it locks, and removal.
func TestPIVThroughPCSC(t *testing.T) {
	components.Gate(t)
	ca := components.NewCA(t, "Cards")
	pcsc := components.StartPCSC(t)
	t.Setenv("PCSCLITE_CSOCK_NAME", pcsc.Socket)
	m, err := card.Load(pcsc.Module)
	if err != nil {
		t.Fatal(err)
	}
	defer closeModule(t, m)
	leaf := ca.Card(t, "999000000001") // this OpenSC signs with RSA keys alone of a PIV card that it does not know by name
	p := &person{agrees: true}
	r := &card.Readers{Modules: []card.Module{m}, Now: time.Now, Prompt: p}
	ctx, cancel := context.WithCancel(t.Context())
	events, done := make(chan card.Event, 9), make(chan struct{})
	go func() {
		defer close(done)
		r.Watch(ctx, func(e card.Event) { events <- e }, func(err error) { t.Log(err) })
	}()
	defer func() { cancel(); <-done }()
	next := func(want card.Happened) card.Event {
		t.Helper()
		began := time.Now()
		select {
		case e := <-events:
			if e.Happened != want {
				t.Errorf("%s, want %s", e.Happened, want)
			}
			t.Logf("%s seen after %s", want, time.Since(began))
			return e
		case <-time.After(10 * time.Second):
			t.Fatalf("%s was not seen", want)
		}
		return card.Event{}
	}
	piv := virtualcard.NewCard(leaf.Certificate, leaf.Key, "246810")
	pcsc.Reader.Insert(piv)
	if e := next(card.Inserted); !slices.Equal(e.Certificate, leaf.Certificate.Raw) {
		t.Fatalf("another certificate, or none, in %q", e.Reader)
	}
	p.answers = []string{"246810"}
	cert, signature, err := r.Sign(t.Context(), "Sign in.", []byte("lanyard"))
	if err != nil {
		t.Fatal(err)
	}
	verify(t, cert.Certificate, []byte("lanyard"), signature)

	p.answers, p.asked = []string{"111111", "222222", "333333"}, nil
	if _, _, err := r.Sign(t.Context(), "", nil); !errors.Is(err, card.ErrPIN) && !errors.Is(err, card.ErrPINLocked) {
		t.Errorf("%v after three wrong PINs", err)
	}
	// OpenSC says nothing of the first wrong PIN, for it does not know how many tries there were.
	if got := p.tries(); len(got) != 3 || got[2] != card.TriesLast || piv.TriesLeft() != 0 {
		t.Errorf("told %v, %d tries left", got, piv.TriesLeft())
	}
	if _, _, err := r.Sign(t.Context(), "", nil); !errors.Is(err, card.ErrPINLocked) {
		t.Errorf("%v of a locked card", err)
	}
	pcsc.Reader.Remove()
	if e := next(card.Removed); !slices.Equal(e.Certificate, leaf.Certificate.Raw) {
		t.Error("the card that went has another certificate")
	}

	// The watch still waits, so that the module is not finalised; a wait that begins now would outlast it.
	closeModule(t, m)
	waited := make(chan struct{})
	go func() { defer close(waited); m.(card.Waiter).Wait() }()
	select {
	case <-waited:
	case <-time.After(5 * time.Second):
		t.Error("a wait began after the module was closed")
	}
}
