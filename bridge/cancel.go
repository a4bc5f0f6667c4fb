package bridge

import (
	"context"
	"errors"
	"fmt"
)

// Cancel notes that the subject gave up. From then on Next refuses the transaction (AuthenticationFailed,
// code "cancelled"), so that the front end that resumes it can answer its partner by protocol.
func (h *Hub) Cancel(ctx context.Context, tx Transaction) error {
	tx.Cancelled = true
	h.trace(tx.Ref, "cancelled")
	return h.saveTransaction(ctx, tx)
}

// Finish ends a local transaction for which Next said StepIssue: it can't be used again, and the role that
// was found without asking becomes the session's. A local sign-on that needed no transaction is finished too.
func (h *Hub) Finish(ctx context.Context, next Next) error {
	if next.Step != StepIssue || next.facts == nil || !next.Transaction.Local {
		return Refuse(TransactionGone, "This sign-in is not complete.")
	}
	now, s := h.Clock(), next.Session
	var w []Write
	if next.Transaction.stored {
		w = append(w, ConsumeArtifact{Kind: KindTransaction, Key: next.Transaction.ID, Now: now})
	}
	if next.facts.newRole {
		s.Seen = now
		w = append(w, SaveSession{Session: s, From: s.Key})
	} else if now.Sub(s.Seen) >= h.touchEvery() {
		w = append(w, TouchSession{ID: s.ID, Seen: now})
	}
	if len(w) == 0 {
		return nil
	}
	err := h.Journal.Commit(ctx, w...)
	if errors.Is(err, ErrSpent) || errors.Is(err, ErrNotFound) {
		return Refuse(TransactionGone, "This sign-in was already finished.").WithCode("transaction_spent").Because(err)
	}
	if err != nil {
		return fmt.Errorf("bridge: finish sign-on: %w", err)
	}
	return nil
}
