package hub

import (
	"context"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// cardPart is how cards do, by the authority that does worst: staff know their card, not who issued it.
func (h *Hub) cardPart(context.Context, time.Time) []signin.Part {
	return []signin.Part{worstOf(h.CardStates(), h.core.Emergency != nil)}
}

// worstOf finds the worst. Without emergency access on this hub, a card that would open it opens nothing.
func worstOf(states []revocation.State, emergency bool) signin.Part {
	worst := signin.Part{Name: "Smartcards", Rung: signin.Working}
	for _, s := range states {
		if s.Then == revocation.Emergency && !emergency {
			s.Then = revocation.Deny
		}
		if p := partOf(s); steps(p.Rung) > steps(worst.Rung) {
			worst = p
		}
	}
	return worst
}

func partOf(s revocation.State) signin.Part {
	p := signin.Part{Name: "Smartcards", Rung: signin.Working}
	switch s.Standing {
	case bridge.StandingFresh, bridge.StandingOff, "": // nobody looks, or nobody needs to
		return p
	case bridge.StandingStale:
		p.Rung, p.Text = signin.Reduced, "Whether a card was revoked is told by older information."
	case bridge.StandingUnknown, bridge.StandingEmergency:
		switch s.Then {
		case revocation.Emergency:
			p.Rung, p.Text = signin.Emergency, "It cannot be checked whether cards are still valid. Use a security key if you have one."
		case revocation.Allow:
			p.Rung, p.Text = signin.Reduced, "Whether a card was revoked is not known."
		case revocation.Deny:
			p.Rung, p.Text = signin.Down, "It cannot be checked whether cards are still valid. Use a security key."
		}
	}
	p.Since, p.Until = s.ThisUpdate, s.Until
	return p
}

func steps(r signin.Rung) int {
	switch r {
	case signin.Working:
		return 0
	case signin.Reduced:
		return 1
	case signin.Emergency:
		return 2
	case signin.Down:
	}
	return 3
}
