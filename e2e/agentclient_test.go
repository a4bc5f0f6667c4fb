package e2e

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	agent "github.com/lanyard-hub/lanyard/cmd/agent/ticket"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

// softCard signs as a card does, with a key in software.
type softCard struct{ leaf *components.Leaf }

// Sign implements agent.Signer.
func (c softCard) Sign(_ context.Context, _ string, message []byte) (card.Certificate, []byte, error) {
	sum := sha256.Sum256(message)
	signature, err := c.leaf.Key.Sign(rand.Reader, sum[:], crypto.SHA256)
	return card.Certificate{Certificate: c.leaf.Certificate}, signature, err
}

// TestAgentAndBroker: the workstation's own client of the field's protocol and the hub, each written without the other, understand each other.
func TestAgentAndBroker(t *testing.T) {
	h := startHubWith(t, "", "tickets: { agent: { enabled: true } }\n")
	h.apply("pathology", "partner: pathology\nprotocol: ticket\nstage: live\nrequire: { role: true }\nrelease: [{ set: ssb }]\nticket: { networks: [127.0.0.0/8, \"::1/128\"], rechecks: true }\n")
	l := &legacy{hub: h}
	tickets := func(uid string) *agent.Tickets {
		return &agent.Tickets{Broker: &agent.Broker{
			URL: h.issuer, Client: components.Client(t, h.ca), Signer: softCard{h.cards[uid]}, Device: "b02edd24,ClientIP=127.0.0.1", Now: time.Now,
			Chooser: agent.Chooser{Prefer: []string{doctorRole2}},
		}}
	}
	held := tickets(doctor)
	token, err := held.Get(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if a := l.read(t, token); a.uid != doctor || a.role != doctorRole2 || a.jobRoles[doctorRole2] == "" {
		t.Errorf("%+v", a)
	}
	if err := held.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
	if a := l.read(t, token); a.status != http.StatusForbidden {
		t.Errorf("the ticket outlives its end: %+v", a)
	}
	if _, err := tickets(revoked).Get(t.Context(), ""); err == nil || strings.Contains(err.Error(), "AQIC") {
		t.Errorf("a revoked card: %v", err)
	}
}
