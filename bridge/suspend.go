package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// A suspended session waits for its subject. From the commit that suspends it on nothing is issued from it: Next asks for a proof,
// Reissue refuses, and the store adds no participant. Its id and role stay. Only a new proof of the same subject, in the same browser or
// at the same workstation, brings it back into use; after Limits.Resume it ends.

// Yield is what becomes of a session that another takes the place of.
type Yield string

// What may become of it.
const (
	YieldKeep    Yield = "keep"
	YieldSuspend Yield = "suspend"
	YieldEnd     Yield = "end"
)

// CodeSuspended is the audit code of a refusal because the session is suspended: what was granted in it may be good again later.
const CodeSuspended = "session_suspended"

func refuseSuspended() *Refusal {
	return Refuse(SessionExpired, "The session is suspended until the person signs in again.").WithCode(CodeSuspended)
}

// Suspend freezes a session. Its participants are told to end theirs, unless KeepApps; the report says what each answered. One that
// is suspended already stays so since then; of one that has ended the report is that of its sign-out.
func (h *Hub) Suspend(ctx context.Context, sessionID string, cause LogoutCause) (LogoutReport, error) {
	s, err := h.Sessions.Session(ctx, sessionID)
	if errors.Is(err, ErrNotFound) {
		return LogoutReport{}, nil
	}
	if err != nil {
		return LogoutReport{}, fmt.Errorf("bridge: load session: %w", err)
	}
	return h.suspend(ctx, s, cause, !h.KeepApps)
}

// Waiting finds the suspended session that a browser shows, and whose it is; zero if it shows none that can still be resumed.
func (h *Hub) Waiting(ctx context.Context, b Browser) (Session, people.Person, error) {
	if b.Session == "" {
		return Session{}, people.Person{}, nil
	}
	s, err := h.Sessions.SessionByKey(ctx, Key(b.Session))
	if errors.Is(err, ErrNotFound) || err == nil && (s.Suspended.IsZero() || h.over(s, h.Clock())) {
		return Session{}, people.Person{}, nil
	}
	if err != nil {
		return Session{}, people.Person{}, fmt.Errorf("bridge: load session: %w", err)
	}
	p, active, err := h.active(ctx, s.UID)
	if err != nil || !active {
		return Session{}, people.Person{}, err
	}
	return s, p, nil
}

// InUse refuses with SessionExpired a session that has ended, is over or is suspended: for what is handed out without an issuance.
func (h *Hub) InUse(ctx context.Context, sessionID string) error {
	_, _, err := h.grantSession(ctx, Grant{Session: sessionID}, h.Clock())
	return err
}

// suspendTries is how often a suspension is tried again when the session was changed by somebody else at the same moment.
const suspendTries = 5

// suspend is Suspend with further writes that go into the same commit. tell has all participants told that were not yet in this
// suspension.
func (h *Hub) suspend(ctx context.Context, s Session, cause LogoutCause, tell bool, also ...Write) (LogoutReport, error) {
	var err error
	for range suspendTries {
		switch {
		case !s.Ended.IsZero():
			return h.endedBefore(ctx, LogoutReport{ID: h.logoutID(s.ID), Session: s}, cause)
		case !s.Suspended.IsZero():
			return h.tellSuspended(ctx, s, cause, tell, nil, also)
		}
		frozen := s
		frozen.Suspended = h.Clock()
		var mine []Delivery
		if mine, err = h.freeze(ctx, frozen, cause, tell, also); err == nil {
			return h.tellSuspended(ctx, frozen, cause, tell, mine, nil)
		}
		if !errors.Is(err, ErrSpent) {
			break
		}
		if s, err = h.Sessions.Session(ctx, s.ID); err != nil {
			break
		}
	}
	return LogoutReport{Session: s}, fmt.Errorf("bridge: suspend session: %w", err)
}

// freeze writes what a suspension is, in one commit, and returns the deliveries that are part of it.
func (h *Hub) freeze(ctx context.Context, s Session, cause LogoutCause, tell bool, also []Write) (mine []Delivery, err error) {
	if tell {
		if _, mine, err = h.untold(ctx, s, cause); err != nil {
			return nil, err
		}
	}
	event := cause.event(ctx, ledger.SessionSuspended, s, s.Suspended)
	writes := append([]Write{SaveSession{Session: s, From: s.Key}, Append{event}, h.notice(s.ID, cause, s.Suspended)}, saveAll(mine)...)
	return mine, h.Journal.Commit(ctx, append(writes, also...)...)
}

// tellSuspended tells the participants of a suspended session: those whose deliveries are the caller's to make, and those that were
// added in the moment before it was suspended, or had not been told so far.
func (h *Hub) tellSuspended(ctx context.Context, s Session, cause LogoutCause, tell bool, mine []Delivery, also []Write) (LogoutReport, error) {
	report := LogoutReport{ID: h.suspensionID(s), Session: s}
	known, added, err := h.untold(ctx, s, cause)
	if err != nil {
		return report, err
	}
	if !tell {
		added = nil
	}
	if writes := append(saveAll(added), also...); len(writes) > 0 {
		if err := h.Journal.Commit(ctx, writes...); err != nil {
			return report, fmt.Errorf("bridge: store deliveries: %w", err)
		}
	}
	others := slices.DeleteFunc(known, func(d Delivery) bool {
		return slices.ContainsFunc(mine, func(m Delivery) bool { return m.ID == d.ID })
	})
	mine = append(mine, added...)
	if h.later(cause) {
		h.wake()
		report.Deliveries = append(others, mine...)
		return report, nil
	}
	report.Deliveries = append(h.renew(ctx, others, cause.Ref), h.tell(ctx, mine, cause)...)
	return report, nil
}

func saveAll(ds []Delivery) []Write {
	writes := make([]Write, len(ds))
	for i, d := range ds {
		writes[i] = SaveDelivery{d}
	}
	return writes
}

// untold lists the deliveries of a suspension, and makes one for each participant that has none.
func (h *Hub) untold(ctx context.Context, s Session, cause LogoutCause) (known, added []Delivery, err error) {
	id := h.suspensionID(s)
	if known, err = h.Deliveries.Deliveries(ctx, id); err != nil {
		return nil, nil, fmt.Errorf("bridge: load deliveries: %w", err)
	}
	participants, err := h.Participants.Participants(ctx, s.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("bridge: participants: %w", err)
	}
	now := h.Clock()
	due := h.firstDue(cause, now)
	for _, p := range participants {
		if slices.ContainsFunc(known, func(d Delivery) bool { return d.Participant.ParticipantKey() == p.ParticipantKey() }) {
			continue
		}
		added = append(added, Delivery{
			ID: id + "." + strconv.Itoa(len(known)+len(added)+1), Logout: id, Participant: p, Reason: cause.Reason, State: DeliveryPending, Next: due, Updated: now,
		})
	}
	return known, added, nil
}

// suspensionPrefix tells the name of a suspension from that of a sign-out.
const suspensionPrefix = "waits-"

// suspensionID names one suspension of a session, as logoutID names its end.
func (h *Hub) suspensionID(s Session) string {
	return suspensionPrefix + lowerBase32.EncodeToString(h.macBytes("suspension", s.ID, strconv.FormatInt(s.Suspended.UnixNano(), 10)))
}

// suspensionOf finds the session that a delivery of a suspension is about, and whether that suspension still lasts. A delivery of a
// session's end is of no suspension.
func (h *Hub) suspensionOf(ctx context.Context, d Delivery) (s Session, of, lasts bool, err error) {
	if !strings.HasPrefix(d.Logout, suspensionPrefix) {
		return s, false, false, nil
	}
	s, err = h.Sessions.Session(context.WithoutCancel(ctx), d.Participant.Session)
	if errors.Is(err, ErrNotFound) {
		return s, true, false, nil
	}
	if err != nil {
		return s, true, false, fmt.Errorf("bridge: load session: %w", err)
	}
	return s, true, s.Ended.IsZero() && !s.Suspended.IsZero() && h.suspensionID(s) == d.Logout, nil
}

// waitedOut reports whether a session was suspended and not resumed in time.
func (h *Hub) waitedOut(s Session, now time.Time) bool {
	return !s.Suspended.IsZero() && !now.Before(s.Suspended.Add(h.Limits.Resume))
}

// overBy says why a session that is over and has not ended is over.
func (h *Hub) overBy(s Session) EndReason {
	if h.pastLimit(s, h.Clock()) {
		return EndedByLimit
	}
	return EndedByWaiting
}
