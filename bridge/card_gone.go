package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// KindCardGone is the record that a card left its reader. Its key is the id of the authenticator; it is kept for as long as a proof by that
// card may be under way to a session.
const KindCardGone ArtifactKind = "card-gone"

// cardGone writes it. It is there before the sessions are looked for, and read after a session was written: one of both sees the other.
func (h *Hub) cardGone(ctx context.Context, card people.Authenticator, from Reader) error {
	now := h.Clock()
	if from.At.IsZero() {
		from.At = now
	}
	expires := from.At.Add(h.Limits.Transaction)
	if !now.Before(expires) { // old news
		return nil
	}
	if newer, err := h.goneSince(ctx, card.ID); err == nil && newer.At.After(from.At) {
		return nil // another workstation told late of what was before
	}
	payload, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("bridge: write removal: %w", err)
	}
	gone := Artifact{Kind: KindCardGone, Key: card.ID, Payload: payload, Expires: expires}
	if err := h.Artifacts.Put(ctx, gone, true); err != nil {
		return fmt.Errorf("bridge: store removal: %w", err)
	}
	return nil
}

// goneSince reads the record of the last removal; ErrNotFound if there is none.
func (h *Hub) goneSince(ctx context.Context, authenticator string) (from Reader, err error) {
	a, err := h.Artifacts.Get(ctx, KindCardGone, authenticator, h.Clock())
	if err == nil {
		err = json.Unmarshal(a.Payload, &from)
	}
	return from, err
}

// afterCard does to a session that was just written what the removal of its card does, if the card left its reader since it gave the
// proof. The sign-in has happened by then: what fails here is in the trace.
func (h *Hub) afterCard(ctx context.Context, s Session, ref string) {
	if s.Method != MethodSmartcard || s.Authenticator == "" {
		return
	}
	from, err := h.goneSince(ctx, s.Authenticator)
	if errors.Is(err, ErrNotFound) {
		return
	}
	if err == nil && s.AuthnAt.Before(from.At) && from.sits(s) {
		_, err = h.cardRemoved(ctx, s, from, LogoutCause{Reason: EndedByCard, Ref: ref, Station: from.Workstation.Name, Later: true})
	}
	if err != nil {
		h.trace(ref, "card_gone_failed", "reason", AsRefusal(err).AuditCode())
	}
}
