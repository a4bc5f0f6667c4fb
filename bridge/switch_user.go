package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// SwitchUser ends or suspends what another subject than uid left in this browser, before uid's proof is taken in: also
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
	return h.displace(ctx, b, old, uid, ref)
}

// GiveWay ends or suspends, as OnSwitch says, the session of a browser that is handed to somebody else who has not proven anything
// yet. Its participants are told without anybody waiting for them; SwitchUser says to that somebody what is left.
func (h *Hub) GiveWay(ctx context.Context, b Browser, s Session, ref string) (LogoutReport, error) {
	now := h.Clock()
	cause := LogoutCause{Reason: EndedBySwitch, Ref: ref, Later: true}
	if h.OnSwitch != YieldSuspend || h.over(s, now) || b.Binding == "" {
		return h.end(ctx, s.ID, cause)
	}
	return h.suspend(ctx, s, cause, true, leaveHere(b, s, ref, now.Add(h.Limits.Resume)))
}

// displace ends or suspends the session of the subject who was here before, as OnSwitch says. One that is suspended stays to be
// found by this browser, which will show another session. Either way all its apps are told: they must not be left to uid.
func (h *Hub) displace(ctx context.Context, b Browser, old Session, uid, ref string) (LogoutReport, error) {
	now := h.Clock()
	event := ledger.Event{Time: now, Kind: ledger.UserSwitched, Ref: ref, Tracking: old.ID, Subject: old.UID, Peer: Peer(ctx), Detail: map[string]string{"to": uid}}
	cause := LogoutCause{Reason: EndedBySwitch, Ref: ref}
	if h.OnSwitch != YieldSuspend || h.over(old, now) || b.Binding == "" {
		return h.end(ctx, old.ID, cause, event)
	}
	noted, by, err := h.leftHere(ctx, b, old.UID)
	if err != nil {
		return LogoutReport{}, err
	}
	if noted == old.ID && by == ref && !old.Suspended.IsZero() { // by the page that asked before the proof was taken in
		return h.suspend(ctx, old, cause, true)
	}
	event.Detail["before"] = string(YieldSuspend)
	return h.suspend(ctx, old, cause, true, Append{event}, leaveHere(b, old, ref, now.Add(h.Limits.Resume)))
}

// leftHere finds the session that uid left in this browser, which shows another one, and the reference of the sign-on that
// took its place; empty if none.
func (h *Hub) leftHere(ctx context.Context, b Browser, uid string) (session, ref string, err error) {
	a, err := h.Artifacts.Get(ctx, KindLeftHere, leftHereKey(b, uid), h.Clock())
	if errors.Is(err, ErrNotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("bridge: find suspended session: %w", err)
	}
	session, ref, _ = strings.Cut(string(a.Payload), " ")
	return session, ref, nil
}

// leaveHere is the write that notes it.
func leaveHere(b Browser, s Session, ref string, until time.Time) PutArtifact {
	return PutArtifact{Replace: true, Artifact: Artifact{Kind: KindLeftHere, Key: leftHereKey(b, s.UID), Session: s.ID, Payload: []byte(s.ID + " " + ref), Expires: until}}
}

func leftHereKey(b Browser, uid string) string { return Key(b.Binding + "\x00" + uid) }
