package bridge

import (
	"context"
	"errors"
	"time"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// Revocations knows how registered cards stand by what their issuers say. It answers from memory.
type Revocations interface {
	// Revoked returns what is held against a card now; false if nothing is.
	Revoked(card people.Authenticator, now time.Time) (Revoked, bool)
}

// Revoked is what is held against a card.
type Revoked struct {
	Why      *Refusal          // of a proof by it
	Evidence map[string]string // what says so, for the audit record; no personal data
	Ends     bool              // sessions that began with it end: it was revoked itself, and the policy of its authority wants that
}

// against says why a card or key that was good a moment ago is not now; nil if it is.
func (h *Hub) against(a people.Authenticator) *Refusal {
	if !a.Revoked.IsZero() {
		return Refuse(CredentialRevoked, "This card or key was withdrawn by your Registration Authority.").WithCode("withdrawn_meanwhile")
	}
	found, ok := h.revoked(a)
	if !ok {
		return nil
	}
	return found.Why.About(Proof{UID: a.UID, Evidence: found.Evidence})
}

func (h *Hub) revoked(a people.Authenticator) (Revoked, bool) {
	if h.Revocations == nil || a.Kind != people.Smartcard {
		return Revoked{}, false
	}
	return h.Revocations.Revoked(a, h.Clock())
}

// RevokedSweep ends sessions of cards that were revoked while they ran. It remembers which card each session was begun with, so that what is asked
// often reads the sessions alone. It is for one loop.
type RevokedSweep struct {
	Hub   *Hub
	cards map[string]people.Authenticator // of living sessions, by id
}

// End ends the living sessions whose last proof was made with a card that its issuer has revoked by now. Their participants are
// told as after any revocation. It is asked whenever something was taken in that may revoke a card: what a sign-in took before is
// found here, what it takes later is found by itself (endIfWithdrawn). It reads sessions page by page. What could not be ended is an
// error and keeps no other from ending; the count is of those that ended.
func (r *RevokedSweep) End(ctx context.Context) (Ended, error) {
	h := r.Hub
	if h.Revocations == nil || h.Registrations == nil {
		return Ended{}, nil
	}
	var sum Ended
	var failed []error
	ref, seen := h.NewRef(), map[string]people.Authenticator{}
	err := h.EachLiving(ctx, SessionQuery{}, func(page []Session) error {
		causes, errs := r.causes(ctx, page, ref, seen)
		failed = append(failed, errs...)
		var chosen []Session
		for _, s := range page {
			if _, ok := causes[s.ID]; ok {
				chosen = append(chosen, s)
			}
		}
		failed = append(failed, each(ctx, h, chosen, func(s Session) (LogoutReport, error) { return h.Logout(ctx, s.ID, causes[s.ID]) }, sum.add)...)
		failed = failed[:min(len(failed), errorsTold)]
		return ctx.Err()
	})
	if err == nil {
		r.cards = seen // those of sessions that are gone are forgotten
	}
	return sum, errors.Join(append(failed, err)...)
}

// causes finds the sessions of a page that are to end, and why each. Participants are told by the loop that retries: one of them
// that is slow must not keep the next session alive.
func (r *RevokedSweep) causes(ctx context.Context, page []Session, ref string, seen map[string]people.Authenticator) (causes map[string]LogoutCause, failed []error) {
	causes = map[string]LogoutCause{}
	for _, s := range page {
		if s.Method != MethodSmartcard || s.Authenticator == "" {
			continue
		}
		card, ok := seen[s.Authenticator]
		if !ok {
			card, ok = r.cards[s.Authenticator]
		}
		if !ok {
			var err error
			if card, ok, err = r.Hub.registered(ctx, s.UID, s.Authenticator); err != nil {
				failed = append(failed, err)
			}
		}
		if !ok {
			continue
		}
		seen[s.Authenticator] = card
		if found, ok := r.Hub.revoked(card); ok && found.Ends {
			causes[s.ID] = LogoutCause{Reason: EndedByRevocation, Ref: ref, Later: true, Evidence: found.Evidence}
		}
	}
	return causes, failed
}
