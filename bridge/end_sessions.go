package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// EndAll ends the living sessions that the query selects and that match, for one cause, and tells their participants.
// match nil: all of them. What could not be ended is an error; the reports are of those that were.
func (h *Hub) EndAll(ctx context.Context, q SessionQuery, match func(Session) bool, cause LogoutCause) ([]LogoutReport, error) {
	found, err := h.Roster.Living(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("bridge: living sessions: %w", err)
	}
	var reports []LogoutReport
	var errs []error
	for from := 0; from < len(found) && ctx.Err() == nil; from += sweepAtOnce {
		batch := found[from:min(from+sweepAtOnce, len(found))]
		made, failed := make([]*LogoutReport, len(batch)), make([]error, len(batch))
		h.Parallel(len(batch), func(i int) {
			if match != nil && !match(batch[i]) {
				return
			}
			r, err := h.Logout(ctx, batch[i].ID, cause)
			made[i], failed[i] = &r, err
		})
		for i, r := range made {
			if r != nil && failed[i] == nil {
				reports = append(reports, *r)
			}
		}
		errs = append(errs, failed...)
	}
	return reports, errors.Join(append(errs, ctx.Err())...)
}

// What becomes of a session whose card left its reader, in the terms and in the configuration.
const (
	cardLogout = "logout"
	cardIgnore = "ignore"
)

// SessionsAtOnce bounds the sessions of one EndAll by a person.
const SessionsAtOnce = 1000

// SignedInWith reports whether a session's last proof was made with an authenticator. A session of before that was
// stored counts if the kind fits: too many are ended rather than too few.
func (s Session) SignedInWith(a people.Authenticator) bool {
	if s.Authenticator != "" || s.UID != a.UID {
		return s.Authenticator == a.ID
	}
	return (a.Kind == people.Smartcard) == (s.Method == MethodSmartcard)
}

// CardRemoved ends the sessions that were signed in with a card that left its reader, and tells their participants. A
// session is left alone if every participant's terms say so; where they do not say, the hub's own rule holds. It returns
// what was ended and how many sessions were left.
func (h *Hub) CardRemoved(ctx context.Context, card people.Authenticator, cause LogoutCause) (ended []LogoutReport, left int, err error) {
	cause.Reason = EndedByCard
	found, err := h.Roster.Living(ctx, SessionQuery{UID: card.UID, Limit: SessionsAtOnce})
	if err != nil {
		return nil, 0, fmt.Errorf("bridge: living sessions: %w", err)
	}
	var errs []error
	for _, s := range found {
		if !s.SignedInWith(card) {
			continue
		}
		ends, err := h.endsWithCard(ctx, s)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !ends {
			left++
			continue
		}
		report, err := h.Logout(ctx, s.ID, cause)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ended = append(ended, report)
	}
	return ended, left, errors.Join(errs...)
}

// endsWithCard asks the terms of the session's participants: one that wants it ended is enough.
func (h *Hub) endsWithCard(ctx context.Context, s Session) (bool, error) {
	told, err := h.Participants.Participants(ctx, s.ID)
	if err != nil {
		return false, fmt.Errorf("bridge: participants: %w", err)
	}
	byDefault := h.OnCardRemoval != cardIgnore
	if len(told) == 0 {
		return byDefault, nil
	}
	for _, p := range told {
		partner, err := h.Partners.Partner(p.Protocol, p.Partner)
		switch {
		case err != nil, partner.Terms.OnCardRemoval == "": // a partner that is gone says nothing
			if byDefault {
				return true, nil
			}
		case partner.Terms.OnCardRemoval == cardLogout:
			return true, nil
		}
	}
	return false, nil
}
