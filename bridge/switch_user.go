package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// SwitchUser ends what another subject than uid left in this browser, before uid's proof is taken in: also
// a session that is only idle, whose apps may still be open. The report says what became of them; it is
// empty when there was nothing to end, or when uid may not sign in and so displaces nobody. Of a session that
// was ended elsewhere it says what is left: see leftOpen.
func (h *Hub) SwitchUser(ctx context.Context, b Browser, uid, ref string) (LogoutReport, error) {
	if b.Session == "" {
		return LogoutReport{}, nil
	}
	old, err := h.Sessions.SessionByKey(ctx, Key(b.Session))
	if errors.Is(err, ErrNotFound) || (err == nil && old.Ended.IsZero() && old.UID == uid) {
		return LogoutReport{}, nil
	}
	if err != nil {
		return LogoutReport{}, fmt.Errorf("bridge: load session: %w", err)
	}
	if _, active, err := h.active(ctx, uid); err != nil || !active {
		return LogoutReport{}, err
	}
	if !old.Ended.IsZero() {
		return h.leftOpen(ctx, old, uid, ref)
	}
	return h.displace(ctx, old, uid, ref)
}

// displace ends the session of the subject who was here before.
func (h *Hub) displace(ctx context.Context, old Session, uid, ref string) (LogoutReport, error) {
	event := ledger.Event{Time: h.Clock(), Kind: ledger.UserSwitched, Ref: ref, Tracking: old.ID, Subject: old.UID, Peer: Peer(ctx), Detail: map[string]string{"to": uid}}
	return h.end(ctx, old.ID, LogoutCause{Reason: EndedBySwitch, Ref: ref}, event)
}
