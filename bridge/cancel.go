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
	w := h.stepWrites(next, h.Clock())
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
