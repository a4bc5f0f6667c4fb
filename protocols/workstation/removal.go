package workstation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// outcome is what became of the sessions that were signed in with a card, and what the workstation shall do.
type outcome struct {
	Act       trust.Removal `json:"act"`
	Ended     int           `json:"ended"`
	Suspended int           `json:"suspended"`
	Left      int           `json:"left"`
}

// cardRemoved ends or suspends the sessions that were signed in with the card, at this workstation or at none that is known.
func (p *Provider) cardRemoved(ctx context.Context, o occasion) (outcome, error) {
	if o.card == "" {
		return outcome{}, nil
	}
	card, err := p.Authenticators.Authenticator(ctx, people.Smartcard, o.card)
	if errors.Is(err, people.ErrNotFound) {
		return outcome{}, nil
	}
	if err != nil {
		return outcome{}, fmt.Errorf("workstation: find card: %w", err)
	}
	cause := bridge.LogoutCause{Ref: bridge.Ref(ctx), By: "workstation " + o.Workstation.ID}
	r, err := p.Hub.CardRemoved(ctx, card, bridge.Reader{Workstation: o.Workstation, At: o.at, Since: o.since}, cause)
	done := outcome{r.Act(), r.Ended.Sessions, r.Suspended.Sessions, r.Left}
	if err != nil {
		return done, fmt.Errorf("workstation: card removed: %w", err)
	}
	if done.touched() == 0 {
		return done, nil
	}
	event := ledger.Event{
		Time: p.Hub.Clock(), Kind: ledger.CardRemoved, Ref: bridge.Ref(ctx), Subject: card.UID, Method: string(bridge.MethodSmartcard), Peer: bridge.Peer(ctx),
		Detail: map[string]string{
			"workstation": o.Workstation.ID, "authenticator": card.ID,
			"ended": strconv.Itoa(done.Ended), "suspended": strconv.Itoa(done.Suspended), "left": strconv.Itoa(done.Left),
		},
	}
	if !o.since.IsZero() {
		event.Detail["left_after"], event.Detail["left_before"] = o.since.UTC().Format(time.RFC3339), o.at.UTC().Format(time.RFC3339)
	}
	if err := p.Hub.Journal.Commit(ctx, bridge.Append{Event: event}); err != nil {
		return done, fmt.Errorf("workstation: record removal: %w", err)
	}
	return done, nil
}

func (o outcome) touched() int { return o.Ended + o.Suspended + o.Left }

// act is what the workstation itself shall do: its own word where it wants to be locked; else the strictest of what was done to
// sessions, and where there was none, what would have been done.
func (p *Provider) act(o occasion, done outcome) trust.Removal {
	switch {
	case o.event != removed:
		return trust.RemovalIgnore
	case o.Workstation.OnRemoval == trust.RemovalLock, done.touched() == 0:
		return p.onRemoval(o.Workstation)
	}
	return done.Act
}

// onRemoval is what a workstation wants, or else the hub.
func (p *Provider) onRemoval(w trust.Workstation) trust.Removal {
	return cmp.Or(w.OnRemoval, p.Hub.OnCardRemoval, trust.RemovalLogout)
}
