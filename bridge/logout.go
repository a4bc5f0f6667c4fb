package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// LogoutCause says why a session ends, and who asked.
type LogoutCause struct {
	Reason   EndReason
	Ref      string
	By       string            // who decided, for the record, where it was not the subject
	Protocol trust.Protocol    // of the initiating participant, if one asked
	Partner  string            // the initiating participant: it knows already
	Station  string            // name of the workstation it has to do with, for the page of whoever comes back; empty: none is known
	Evidence map[string]string // what the end relies upon, for the record; no personal data
	Later    bool              // participants are told by the loop that retries, at once: nobody waits for them
	// Tell has the initiating participant told all the same, once. It said itself that it is signed out: what it answers changes nothing.
	Tell bool
}

// LogoutReport is what became of a sign-out.
type LogoutReport struct {
	ID         string
	Session    Session
	Deliveries []Delivery
}

// Everywhere reports whether every participant confirmed.
func (r LogoutReport) Everywhere() bool {
	return !slices.ContainsFunc(r.Weighed(), func(d Delivery) bool { return d.State != DeliveryEnded })
}

// Weighed are the deliveries as they count. A partner has one session in a browser, whatever names it was told: those that it disowned there,
// or that are none, are over with when it ended the session by another, and wait while another is still to be told.
func (r LogoutReport) Weighed() []Delivery {
	out := slices.Clone(r.Deliveries)
	for i, d := range out {
		if d.State != DeliveryNone || !d.Disowned && d.Participant.Format != string(trust.SubjectNone) {
			continue
		}
		for _, other := range r.Deliveries {
			switch same := other.Participant.samePartner(d.Participant); {
			case same && other.State == DeliveryEnded:
				out[i].State = DeliveryEnded
			case same && !other.Settled() && out[i].State == DeliveryNone:
				out[i].State = other.State
			}
		}
	}
	return out
}

// Partners says what became of each partner, in the order of the deliveries. Of one that was told several names it is what there is left to
// do most of, and of two alike the one that the browser can tell: it has ended its session when it has said so to all of them.
func (r LogoutReport) Partners() []Delivery {
	var out []Delivery
	for _, d := range r.Weighed() {
		i := slices.IndexFunc(out, func(o Delivery) bool { return o.Participant.samePartner(d.Participant) })
		switch {
		case i < 0:
			out = append(out, d)
		case d.State.left() > out[i].State.left(), d.State == out[i].State && !out[i].InBrowser() && d.InBrowser():
			out[i] = d
		}
	}
	return out
}

// NeedsBrowser reports whether there is something left for the browser to visit.
func (r LogoutReport) NeedsBrowser() bool {
	return slices.ContainsFunc(r.Deliveries, func(d Delivery) bool { return d.FrontURL != "" })
}

// Logout ends a session first, then tells every participant by its own protocol. One dead partner never
// blocks the others or the session's end. A session that ended already is not ended again: the report is that
// of the sign-out that ended it, as it stands now, so that a second click shows what the first one did.
func (h *Hub) Logout(ctx context.Context, sessionID string, cause LogoutCause) (LogoutReport, error) {
	return h.end(ctx, sessionID, cause)
}

// end is Logout with further events that are true when the session has ended, in the same commit.
func (h *Hub) end(ctx context.Context, sessionID string, cause LogoutCause, also ...ledger.Event) (LogoutReport, error) {
	now := h.Clock()
	report := LogoutReport{ID: h.logoutID(sessionID)}
	s, err := h.Sessions.Session(ctx, sessionID)
	if errors.Is(err, ErrNotFound) {
		return report, nil
	}
	if err != nil {
		return report, fmt.Errorf("bridge: load session: %w", err)
	}
	report.Session = s
	e := Ending{Logout: report.ID, Reason: cause.Reason, At: now, Due: h.firstDue(cause, now), Protocol: cause.Protocol, Partner: cause.Partner}
	deliveries, err := h.Sessions.EndSession(ctx, sessionID, e, append([]ledger.Event{cause.event(ctx, ledger.SessionEnded, s, now)}, also...)...)
	if errors.Is(err, ErrSpent) {
		return h.endedBefore(ctx, report, cause)
	}
	if err != nil {
		return report, fmt.Errorf("bridge: end session: %w", err)
	}
	report.Session.Ended = now
	if cause.Reason.noticed() {
		if err := h.Journal.Commit(ctx, h.notice(s.ID, cause, now)); err != nil {
			h.trace(cause.Ref, "notice_not_stored", "reason", AsRefusal(err).AuditCode())
		}
	}
	if report.Deliveries = deliveries; h.later(cause) {
		h.wake()
		return report, nil
	}
	report.Deliveries = h.tell(ctx, deliveries, cause)
	return report, nil
}

// later reports whether the loop that retries tells the participants, also for the first time.
func (h *Hub) later(cause LogoutCause) bool { return h.Deferred || cause.Later }

// firstDue is when that loop looks after a delivery that is made now.
func (h *Hub) firstDue(cause LogoutCause, now time.Time) time.Time {
	if h.later(cause) {
		return now
	}
	return now.Add(firstRetry)
}

// wake has the loop that retries look at once: something is due that nobody waits for.
func (h *Hub) wake() {
	if h.Wake != nil {
		h.Wake()
	}
}

func (c LogoutCause) event(ctx context.Context, kind ledger.Kind, s Session, now time.Time) ledger.Event {
	e := ledger.Event{Time: now, Kind: kind, Reason: string(c.Reason), Ref: c.Ref, Tracking: s.ID, Subject: s.UID, Partner: c.Partner, Peer: Peer(ctx)}
	if e.Detail = maps.Clone(c.Evidence); c.By != "" {
		if e.Detail == nil {
			e.Detail = map[string]string{}
		}
		e.Detail["by"] = c.By
	}
	return e
}

// Report says how a session stands: who was told about it and, when it has ended or is suspended, what became of telling them. ErrNotFound if
// there never was such a session, or it was purged.
func (h *Hub) Report(ctx context.Context, sessionID string) (LogoutReport, []Participant, error) {
	report := LogoutReport{ID: h.logoutID(sessionID)}
	var err error
	if report.Session, err = h.Sessions.Session(ctx, sessionID); err != nil {
		return report, nil, fmt.Errorf("bridge: load session: %w", err)
	}
	if s := report.Session; s.Ended.IsZero() && !s.Suspended.IsZero() {
		report.ID = h.suspensionID(s)
	}
	if report.Deliveries, err = h.Deliveries.Deliveries(ctx, report.ID); err != nil {
		return report, nil, fmt.Errorf("bridge: load deliveries: %w", err)
	}
	told, err := h.Participants.Participants(ctx, sessionID)
	if err != nil {
		return report, nil, fmt.Errorf("bridge: load participants: %w", err)
	}
	return report, told, nil
}

// logoutID names the one sign-out that a session can have.
func (h *Hub) logoutID(session string) string {
	return lowerBase32.EncodeToString(h.macBytes("logout", session))
}

// endedBefore reports on the sign-out that ended the session. A participant that asks now says by that that it
// is signed out.
func (h *Hub) endedBefore(ctx context.Context, report LogoutReport, cause LogoutCause) (LogoutReport, error) {
	ds, err := h.Deliveries.Deliveries(ctx, report.ID)
	if err != nil {
		return report, fmt.Errorf("bridge: load deliveries: %w", err)
	}
	for i := range ds {
		if cause.asked(ds[i]) && ds[i].State != DeliveryEnded {
			ds[i].State, ds[i].Next, ds[i].FrontURL = DeliveryEnded, time.Time{}, ""
			h.settle(ctx, ds[i], cause.Ref)
		}
	}
	report.Deliveries = h.renew(ctx, ds, cause.Ref)
	return report, nil
}

// asked reports whether the delivery is to the participant that asked for the logout.
func (c LogoutCause) asked(d Delivery) bool {
	return d.Participant.Partner == c.Partner && d.Participant.Protocol == c.Protocol
}

// tell propagates at the same time to all and returns what each answered.
func (h *Hub) tell(ctx context.Context, ds []Delivery, cause LogoutCause) []Delivery {
	patience := h.Limits.Logout
	if cause.Reason == EndedBySwitch {
		patience = h.Limits.Handover
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	h.Parallel(len(ds), func(i int) {
		switch asked := cause.asked(ds[i]); {
		case !asked:
			ds[i] = h.deliver(ctx, ds[i])
		case cause.Tell:
			told := h.deliver(ctx, ds[i])
			ds[i].Attempts, ds[i].FrontURL = told.Attempts, told.FrontURL
		}
		h.settle(ctx, ds[i], cause.Ref)
	})
	return ds
}

// deliver tells one participant once.
func (h *Hub) deliver(ctx context.Context, d Delivery) Delivery {
	ctx, cancel := context.WithTimeout(ctx, h.Limits.PerPartner)
	defer cancel()
	switch _, of, lasts, err := h.suspensionOf(ctx, d); {
	case err != nil:
		d.Next = h.Clock().Add(firstRetry)
		return d
	case of && !lasts:
		d.State, d.FrontURL, d.Next = DeliveryDropped, "", time.Time{}
		return d
	}
	d.Attempts++
	partner, err := h.Partners.Partner(d.Participant.Protocol, d.Participant.Partner)
	propagator := h.Propagators[d.Participant.Protocol]
	if err != nil || propagator == nil {
		d.State, d.Next = DeliveryNone, time.Time{}
		return d
	}
	d.State, d.FrontURL = propagator.Propagate(ctx, d, partner)
	d.Next = retryAt(d, h.Clock())
	return d
}

// retryAfter grows with the attempts; a partner that stays silent for about a day is given up.
func retryAt(d Delivery, now time.Time) time.Time {
	waits := [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour}
	if d.State != DeliveryNoReply && d.State != DeliveryRefused && d.State != DeliveryPending || d.Attempts > len(waits) {
		return time.Time{}
	}
	return now.Add(waits[max(d.Attempts, 1)-1])
}

// settle stores a delivery and records it. A store that fails here leaves the delivery due: it is tried again.
func (h *Hub) settle(ctx context.Context, d Delivery, ref string) {
	d.Updated = h.Clock()
	writes := []Write{SaveDelivery{d}, Append{toldEvent(d, ref)}}
	if d.State == DeliveryEnded {
		if s, of, lasts, err := h.suspensionOf(ctx, d); err == nil && of && lasts { // it need not be told again when the session ends
			writes = append(writes, DropParticipant{d.Participant, s.Suspended})
		}
	}
	if err := h.Journal.Commit(context.WithoutCancel(ctx), writes...); err != nil {
		h.trace(ref, "delivery_not_stored", "partner", d.Participant.Partner)
	}
}

func toldEvent(d Delivery, ref string) ledger.Event {
	return ledger.Event{
		Time: d.Updated, Kind: ledger.PartnerTold, Reason: string(d.State), Ref: ref, Tracking: d.Participant.Session,
		Partner: d.Participant.Partner, Detail: map[string]string{"protocol": string(d.Participant.Protocol), "attempt": fmt.Sprint(d.Attempts)},
	}
}

// Answered takes a participant's own answer to a logout that went through the browser.
func (h *Hub) Answered(ctx context.Context, logout, delivery string, ended bool) error {
	state := DeliveryNone
	if ended {
		state = DeliveryEnded
	}
	return h.became(ctx, logout, delivery, state, false)
}

// Disowned takes a participant's answer, through the browser, that its session there is not the one that it was asked to end, or that it has
// none. A cookie may have been lacking, so that this alone does not mean that it is signed out.
func (h *Hub) Disowned(ctx context.Context, logout, delivery string) error {
	return h.became(ctx, logout, delivery, DeliveryNone, true)
}

// WasTold notes that the browser is on its way to a participant that does not answer.
func (h *Hub) WasTold(ctx context.Context, logout, delivery string) error {
	return h.became(ctx, logout, delivery, DeliveryTold, false)
}

func (h *Hub) became(ctx context.Context, logout, delivery string, state DeliveryState, disowned bool) error {
	ds, err := h.Deliveries.Deliveries(ctx, logout)
	if err != nil {
		return fmt.Errorf("bridge: load deliveries: %w", err)
	}
	for _, d := range ds {
		switch confirmed := d.State == DeliveryEnded; {
		case d.ID != delivery:
			continue
		case !confirmed && state == DeliveryNone && !d.Next.IsZero(): // its browser may have lacked a cookie; its server is told again
			d.State, d.FrontURL = DeliveryRefused, ""
			h.settle(ctx, d, "")
			return nil
		case !confirmed:
			d.State, d.Disowned = state, disowned
		case d.FrontURL == "":
			return nil // nothing said later takes a confirmation back
		}
		d.Next, d.FrontURL = time.Time{}, ""
		h.settle(ctx, d, "")
		return nil
	}
	return Refuse(TransactionGone, "This sign-out is no longer known.")
}
