package bridge

import (
	"context"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// endIfWithdrawn ends a session that a card or key has just begun, or come back to, if it was withdrawn here or revoked by its issuer between
// its check and the commit: up to a minute lies between them where a browser is sent about. It is asked after the commit. Whoever withdraws, or
// takes a revocation in, has that count first and looks for sessions afterwards, so that one of the two sees the other. The refusal is on record.
func (h *Hub) endIfWithdrawn(ctx context.Context, tx Transaction, s Session) error {
	why, err := h.heldAgainst(ctx, s)
	if err != nil || why == nil {
		return err
	}
	if _, err := h.Logout(ctx, s.ID, LogoutCause{Reason: EndedByRevocation, Ref: tx.Ref, Evidence: why.Evidence}); err != nil {
		return err
	}
	return h.RefuseSignIn(ctx, tx, s.Method, why)
}

// heldAgainst says why what a session began with is not good any more; nil if it is.
func (h *Hub) heldAgainst(ctx context.Context, s Session) (*Refusal, error) {
	if h.Registrations == nil || s.Authenticator == "" {
		return nil, nil
	}
	a, ok, err := h.registered(ctx, s.UID, s.Authenticator)
	if err != nil || !ok {
		return nil, err
	}
	return h.against(a), nil
}

// registered finds what is registered to a person under an id.
func (h *Hub) registered(ctx context.Context, uid, id string) (people.Authenticator, bool, error) {
	all, err := h.Registrations.AuthenticatorsOf(ctx, uid)
	if err != nil {
		return people.Authenticator{}, false, fmt.Errorf("bridge: load authenticators: %w", err)
	}
	for _, a := range all {
		if a.ID == id {
			return a, true, nil
		}
	}
	return people.Authenticator{}, false, nil
}

// stillGood refuses a credential that was withdrawn or revoked between its check and the person's answer, on record.
func (h *Hub) stillGood(ctx context.Context, tx Transaction, proof Proof) error {
	a, ok, err := h.registered(ctx, proof.UID, proof.AuthenticatorID)
	if err != nil {
		return err
	}
	why := Refuse(CredentialRevoked, "This card was withdrawn by your Registration Authority.").WithCode("card_withdrawn")
	if ok && a.UsableAt(h.Clock()) {
		why = h.against(a)
	}
	if why == nil {
		return nil
	}
	return h.RefuseSignIn(ctx, tx, proof.Method, why)
}
