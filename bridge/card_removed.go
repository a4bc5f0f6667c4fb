package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Reader is where a card left its reader, and when.
type Reader struct {
	Workstation trust.Workstation // zero: it is not known at which one
	At          time.Time         // zero: now
	// Since is when the card was known to be in the reader, last, where nobody saw it leave; zero: At is when it left.
	Since time.Time
}

// Removed counts what became of the sessions that were signed in with a card that left its reader.
type Removed struct {
	Ended     Ended
	Suspended Ended
	Left      int // sessions that were left as they are
}

// Act is the strictest of what was done, for a workstation that locks its screen: logout, lock or ignore.
func (r Removed) Act() trust.Removal {
	switch {
	case r.Ended.Sessions > 0:
		return trust.RemovalLogout
	case r.Suspended.Sessions > 0:
		return trust.RemovalLock
	}
	return trust.RemovalIgnore
}

// SignedInWith reports whether a session's last proof was made with an authenticator. A session of before that was
// stored counts if the kind fits: too many are ended rather than too few.
func (s Session) SignedInWith(a people.Authenticator) bool {
	if s.Authenticator != "" || s.UID != a.UID {
		return s.Authenticator == a.ID
	}
	return (a.Kind == people.Smartcard) == (s.Method == MethodSmartcard)
}

// sits reports whether a session may have depended on a card in this reader at that time: it is not at another workstation, and was
// not proven anew since. Where nobody saw the card leave, a session that is known to be here depended on it whenever it was proven, for it is
// not in any more; one of which nobody knows where it is only if it was proven while the card was known to be here.
func (r Reader) sits(s Session) bool {
	last := r.At
	switch here := r.Workstation.ID != "" && s.Workstation == r.Workstation.ID; {
	case here:
	case r.Workstation.ID != "" && s.Workstation != "":
		return false
	case !r.Since.IsZero():
		last = r.Since
	}
	return last.IsZero() || !s.AuthnAt.After(last)
}

// CardRemoved ends, suspends or leaves the sessions that were signed in with a card that left its reader, as removal decides for each
// of them, and tells their participants. Sessions at another known workstation have nothing to do with it, nor have those that
// were proven anew since; one that comes of a proof that was made before and is taken in later fares as they do. An error is of those that
// failed; the count is of the others.
func (h *Hub) CardRemoved(ctx context.Context, card people.Authenticator, from Reader, cause LogoutCause) (Removed, error) {
	cause.Reason, cause.Station = EndedByCard, from.Workstation.Name
	var sum Removed
	var failed []error
	if err := h.cardGone(ctx, card, from); err != nil {
		failed = append(failed, err)
	}
	err := h.EachLiving(ctx, SessionQuery{UID: card.UID}, func(page []Session) error {
		var here []Session
		for _, s := range page {
			if s.SignedInWith(card) && from.sits(s) {
				here = append(here, s)
			}
		}
		failed = append(failed, each(ctx, h, here, func(s Session) (func(*Removed), error) {
			return h.cardRemoved(ctx, s, from, cause)
		}, func(count func(*Removed)) { count(&sum) })...)
		return ctx.Err()
	})
	return sum, errors.Join(append(failed[:min(len(failed), errorsTold)], err)...)
}

// cardRemoved does to one session what removal says, and returns how to count it.
func (h *Hub) cardRemoved(ctx context.Context, s Session, from Reader, cause LogoutCause) (func(*Removed), error) {
	word, err := h.removalOf(ctx, s, from.Workstation)
	if err != nil {
		return nil, err
	}
	return h.remove(ctx, s, word, cause)
}

// removalOf is what removal says of a session.
func (h *Hub) removalOf(ctx context.Context, s Session, at trust.Workstation) (trust.Removal, error) {
	apps, err := h.removalWords(ctx, s)
	return removal(apps, at.OnRemoval, h.OnCardRemoval), err
}

// remove ends, suspends or leaves a session, and returns how to count it.
func (h *Hub) remove(ctx context.Context, s Session, word trust.Removal, cause LogoutCause) (count func(*Removed), err error) {
	var report LogoutReport
	switch word {
	case trust.RemovalIgnore:
		return func(r *Removed) { r.Left++ }, nil
	case trust.RemovalLock:
		report, err = h.suspend(ctx, s, cause, !h.KeepApps)
		return func(r *Removed) { r.Suspended.add(report) }, err
	case trust.RemovalLogout:
	}
	report, err = h.Logout(ctx, s.ID, cause)
	return func(r *Removed) { r.Ended.add(report) }, err
}

func (e *Ended) add(r LogoutReport) {
	e.Sessions, e.Partners = e.Sessions+1, e.Partners+len(r.Partners())
}

// removalWords lists what the terms of a session's participants say; empty: nothing. A partner that is gone says nothing.
func (h *Hub) removalWords(ctx context.Context, s Session) ([]trust.Removal, error) {
	participants, err := h.Participants.Participants(ctx, s.ID)
	if err != nil {
		return nil, fmt.Errorf("bridge: participants: %w", err)
	}
	words := make([]trust.Removal, len(participants))
	for i, p := range participants {
		if partner, err := h.Partners.Partner(p.Protocol, p.Partner); err == nil {
			words[i] = partner.Terms.OnCardRemoval
		}
	}
	return words, nil
}

// removal is the rule for one session whose card left its reader. Each open app says what its terms say; for one whose terms do not,
// and where no app is open, the workstation speaks, and for a workstation that says nothing the hub's configuration. The strictest of
// these words holds. What nobody can read is a logout.
func removal(apps []trust.Removal, workstation, hub trust.Removal) trust.Removal {
	own := cmp.Or(workstation, hub, trust.RemovalLogout)
	if len(apps) == 0 {
		return own
	}
	strictness := [...]trust.Removal{trust.RemovalIgnore, trust.RemovalLock, trust.RemovalLogout}
	found := 0
	for _, word := range apps {
		i := slices.Index(strictness[:], cmp.Or(word, own))
		if i < 0 {
			return trust.RemovalLogout
		}
		found = max(found, i)
	}
	return strictness[found]
}
