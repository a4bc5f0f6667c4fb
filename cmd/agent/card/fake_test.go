package card_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

// middleware is a card in memory: it locks after three wrong PINs and says so by the flags of PKCS#11.
type middleware struct {
	mu        sync.Mutex
	present   bool
	serial    string
	pin       string
	wrong     int
	protected bool
	objects   []card.Object
	keys      map[string]crypto.Signer
	logins    int
	pulled    bool // taken out between the question and the signature
	err       error
}

func (m *middleware) Slots() ([]card.Slot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	return []card.Slot{{ID: 7, Reader: "Reader A", Present: m.present}, {ID: 8, Reader: "Reader B"}}, nil
}

func (m *middleware) Token(uint) (card.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.present {
		return card.Token{}, card.ErrRemoved
	}
	return card.Token{Known: m.serial != "", Serial: m.serial, Protected: m.protected, CountLow: m.wrong > 0, FinalTry: m.wrong == 2, Locked: m.wrong > 2}, nil
}

func (m *middleware) Certificates(uint) ([]card.Object, error) { return m.objects, nil }

func (m *middleware) Sign(_ uint, pin []byte, keys []card.Key, message []byte) (int, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.pulled:
		return 0, nil, card.ErrRemoved
	case m.wrong > 2:
		return 0, nil, card.ErrPINLocked
	case string(pin) != m.pin && (!m.protected || pin != nil):
		m.wrong++
		return 0, nil, card.ErrPIN
	}
	m.wrong = 0
	m.logins++
	for i, k := range keys {
		if key := m.keys[string(k.ID)]; key != nil {
			digest := sha256.Sum256(message)
			signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
			return i, signature, err
		}
	}
	return 0, nil, card.ErrNoKey
}

func (m *middleware) put(leaf *components.Leaf, id byte, label string) {
	m.objects = append(m.objects, card.Object{ID: []byte{id}, Label: label, DER: leaf.Certificate.Raw})
	if m.keys == nil {
		m.keys = map[string]crypto.Signer{}
	}
	m.keys[string([]byte{id})] = leaf.Key
}

// person answers questions in order, and keeps them.
type person struct {
	answers []string
	agrees  bool
	asked   []card.Question
	given   [][]byte
}

func (p *person) AskPIN(_ context.Context, q card.Question) ([]byte, error) {
	p.asked = append(p.asked, q)
	if q.Tries == card.TriesLast && !p.agrees || len(p.answers) == 0 {
		return nil, card.ErrCancelled
	}
	pin := []byte(p.answers[0])
	p.answers, p.given = p.answers[1:], append(p.given, pin)
	return pin, nil
}

func (p *person) Agree(_ context.Context, q card.Question) error {
	p.asked = append(p.asked, q)
	if !p.agrees {
		return card.ErrCancelled
	}
	return nil
}

func (p *person) tries() []card.Tries {
	var out []card.Tries
	for _, q := range p.asked {
		out = append(out, q.Tries)
	}
	return out
}

// ward is a reader with a card in it and a person before it.
func ward(t *testing.T, answers ...string) (*card.Readers, *middleware, *person) {
	t.Helper()
	m := &middleware{present: true, serial: "1", pin: "2468"}
	m.put(components.NewCA(t, "Cards").Card(t, "999000000001"), 1, "auth")
	p := &person{answers: answers}
	r := &card.Readers{Modules: []card.Module{m}, Now: time.Now, Prompt: p}
	if _, err := r.Refresh(true); err != nil {
		t.Fatal(err)
	}
	return r, m, p
}

func verify(t *testing.T, cert *x509.Certificate, message, signature []byte) {
	t.Helper()
	algorithm := x509.SHA256WithRSA
	if cert.PublicKeyAlgorithm == x509.ECDSA {
		algorithm = x509.ECDSAWithSHA256
	}
	if err := cert.CheckSignature(algorithm, message, signature); err != nil {
		t.Errorf("the signature does not verify: %v", err)
	}
}

func wiped(t *testing.T, p *person) {
	t.Helper()
	for _, pin := range p.given {
		if slices.ContainsFunc(pin, func(b byte) bool { return b != 0 }) {
			t.Error("a PIN was left in memory")
		}
	}
}
