package bridge

import (
	"context"
	"fmt"
)

// endIfWithdrawn ends a session that a card or key has just begun, or come back to, if it was withdrawn between its check and the commit:
// up to a minute lies between them where a browser is sent about. It is asked after the commit. Whoever withdraws writes that first and looks
// for sessions afterwards, so that one of the two sees the other. The refusal is on record.
func (h *Hub) endIfWithdrawn(ctx context.Context, tx Transaction, s Session) error {
	if h.Registrations == nil || s.Authenticator == "" {
		return nil
	}
	all, err := h.Registrations.AuthenticatorsOf(ctx, s.UID)
	if err != nil {
		return fmt.Errorf("bridge: load authenticators: %w", err)
	}
	for _, a := range all {
		if a.ID != s.Authenticator || a.Revoked.IsZero() {
			continue
		}
		if _, err := h.Logout(ctx, s.ID, LogoutCause{Reason: EndedByRevocation, Ref: tx.Ref}); err != nil {
			return err
		}
		why := Refuse(CredentialRevoked, "This card or key was withdrawn by your Registration Authority.").WithCode("withdrawn_meanwhile")
		return h.RefuseSignIn(ctx, tx, s.Method, why)
	}
	return nil
}
