package hub

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// statusFor is how long one look at the parts serves: the page is public, and must not be a way to keep the store busy. statusWait is how
// long a look may take: pages of sign-in wait for it.
const (
	statusFor  = 2 * time.Second
	statusWait = time.Second
)

// statusBoard gathers what the status page says. Parts are added before the hub listens.
type statusBoard struct {
	parts []func(ctx context.Context, now time.Time) []signin.Part

	mu   sync.Mutex
	last signin.Status
	at   time.Time
}

func (b *statusBoard) add(part func(ctx context.Context, now time.Time) []signin.Part) {
	b.parts = append(b.parts, part)
}

// look is the state of all parts, as it was within the last seconds. It is no matter of one caller: who goes away
// makes nothing look broken to the others.
func (b *statusBoard) look(ctx context.Context, now time.Time) signin.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last.Parts != nil && now.Sub(b.at).Abs() < statusFor {
		return b.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), statusWait)
	defer cancel()
	b.last, b.at = signin.Status{Parts: []signin.Part{}}, now
	for _, part := range b.parts {
		b.last.Parts = append(b.last.Parts, part(ctx, now)...)
	}
	return b.last
}

// status implements signin.Options.Status.
func (h *Hub) status(ctx context.Context) signin.Status { return h.board.look(ctx, h.options.Clock()) }

// wireStatus adds the parts that every hub has.
func (h *Hub) wireStatus() {
	h.board.add(h.signInPart)
	h.board.add(h.keyPart)
}

// signInPart is whether the store answers: without it nobody signs in.
func (h *Hub) signInPart(ctx context.Context, _ time.Time) []signin.Part {
	p := signin.Part{Name: "Signing in", Rung: signin.Working}
	if _, err := h.store.Revision(ctx); err != nil {
		p.Rung, p.Text = signin.Down, "Use your ward's procedure for when systems are down."
	}
	return []signin.Part{p}
}

// keyPart is how well security keys can be judged: what is known of their models may be out of date. Their owners are proven all the
// same.
func (h *Hub) keyPart(_ context.Context, now time.Time) []signin.Part {
	if !slices.ContainsFunc(h.core.Methods, func(o bridge.Offer) bool { return o.Method == bridge.MethodFIDO2 }) {
		return nil
	}
	p := signin.Part{Name: "Security keys", Rung: signin.Working}
	if k := h.keyMetadata; k != nil {
		p = keyPart(p, k.file.Current().Standing(h.options.Config.Authenticators.FIDO2.Attestation.MaxAge, now), h.options.Config.Authenticators.FIDO2.Attestation.OnStale == "keep")
	}
	return []signin.Part{p}
}

func keyPart(p signin.Part, standing bridge.Standing, keep bool) signin.Part {
	switch standing {
	case bridge.StandingStale, bridge.StandingUnknown:
		p.Rung, p.Text = signin.Reduced, "What is known of models of keys is out of date."
		if standing == bridge.StandingUnknown && !keep {
			p.Text += " Some apps may ask for a smartcard."
		}
	case bridge.StandingFresh, bridge.StandingOff, bridge.StandingEmergency, "":
	}
	return p
}
