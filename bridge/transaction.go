package bridge

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust"
)

// Step is what comes next in a transaction.
type Step string

// The steps. A redirect to one carries StepMAC over (transaction, step).
const (
	StepAuthenticate Step = "authenticate"
	StepRole         Step = "role"
	StepIssue        Step = "issue"
	// StepEmergency offers emergency access where the terms refuse. Whoever declines comes to StepIssue, where the front end is refused.
	StepEmergency Step = "emergency"
)

// Next is the dispatcher's answer.
type Next struct {
	Step        Step
	Transaction Transaction
	Session     Session // zero when there is none
	Partner     trust.Partner
	Wants       []string // set by a front end before Issue: the attributes it prints now; nil: all
	Refused     *Refusal // of StepEmergency: what would be answered without
	facts       *standing
}

// StepMAC binds a step to a transaction, so that no step can be reached but through Next.
func (h *Hub) StepMAC(transaction string, step Step) string {
	return h.mac("step", transaction, string(step))
}

// Transaction loads a transaction in progress for a browser that was sent to step.
// It is TransactionGone for all that does not fit: finished, expired, other browser, forged step.
func (h *Hub) Transaction(ctx context.Context, b Browser, id string, step Step, mac string) (Transaction, error) {
	if subtle.ConstantTimeCompare([]byte(mac), []byte(h.StepMAC(id, step))) != 1 {
		return Transaction{}, Refuse(TransactionGone, "This link is not valid.").WithCode("step_mac")
	}
	return h.transaction(ctx, b, id)
}

func (h *Hub) transaction(ctx context.Context, b Browser, id string) (Transaction, error) {
	a, err := h.Artifacts.Get(ctx, KindTransaction, id, h.Clock())
	if errors.Is(err, ErrNotFound) {
		return Transaction{}, Refuse(TransactionGone, "This sign-in took too long or was already finished.")
	}
	if err != nil {
		return Transaction{}, fmt.Errorf("bridge: load transaction: %w", err)
	}
	if a.Spent {
		return Transaction{}, Refuse(TransactionGone, "This sign-in was already finished.").WithCode("transaction_spent")
	}
	var tx Transaction
	if err := json.Unmarshal(a.Payload, &tx); err != nil {
		return Transaction{}, fmt.Errorf("bridge: read transaction: %w", err)
	}
	tx.stored = true
	if b.Binding == "" {
		return Transaction{}, Refuse(TransactionGone, "This browser did not send its cookie. Allow cookies for this address and start again from your app.").WithCode("no_browser_cookie")
	}
	if tx.Browser == "" {
		tx.Browser = Key(b.Binding)
		return tx, h.saveTransaction(ctx, tx)
	}
	if tx.Browser != Key(b.Binding) {
		return Transaction{}, Refuse(TransactionGone, "This sign-in was started in another browser.").WithCode("other_browser")
	}
	return tx, nil
}

func (h *Hub) saveTransaction(ctx context.Context, tx Transaction) error {
	w, err := putTransaction(tx)
	if err != nil {
		return err
	}
	if err := h.Journal.Commit(ctx, w); err != nil {
		return refuseSpent(err, "save transaction")
	}
	return nil
}

// refuseSpent tells a transaction that was finished, or a session that was ended, at this very moment in another
// tab from a store that failed.
func refuseSpent(err error, what string) error {
	if errors.Is(err, ErrSpent) || errors.Is(err, ErrNotFound) {
		return Refuse(TransactionGone, "This sign-in was already finished, or was ended in another window.").WithCode("transaction_spent").Because(err)
	}
	return fmt.Errorf("bridge: %s: %w", what, err)
}

func putTransaction(tx Transaction) (PutArtifact, error) {
	payload, err := json.Marshal(tx)
	if err != nil {
		return PutArtifact{}, fmt.Errorf("bridge: write transaction: %w", err)
	}
	return PutArtifact{Replace: true, Artifact: Artifact{Kind: KindTransaction, Key: tx.ID, Payload: payload, Expires: tx.Expires}}, nil
}
