package oidc

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// redeem runs the grant through fosite's handlers, decides anew what the client is told, and commits all of it at once.
func (p *Provider) redeem(ctx context.Context, m *machine, c caller, kind string, form url.Values) (*tokenResponse, error) {
	req, g, err := m.accept(ctx, kind, form)
	if err != nil {
		return nil, err
	}
	event, nonce := ledger.TokenRefreshed, ""
	if kind == grantCode {
		event, nonce = ledger.TokenIssued, g.Nonce
	} else if err := narrow(req, form.Get("scope")); err != nil {
		return nil, err
	}
	iss, err := p.hub.Reissue(ctx, g.bridge(p, idTokenWants(g.Scopes)), event)
	if err != nil {
		return nil, err
	}
	if len(g.ACR) > 0 && iss.Class == "" {
		return nil, bridge.Refuse(bridge.AssuranceTooLow, "The person has signed in since in another way than was asked for.")
	}
	made, err := m.exchange(ctx, req, iss.SessionEnds)
	if err != nil {
		return nil, err
	}
	id, err := p.idToken(c.client, g, iss, idTokenInput{nonce: nonce, access: made.access, scopes: made.scopes})
	if err != nil {
		return nil, err
	}
	writes := m.writes
	if c.mark != nil {
		writes = append(writes, *c.mark)
	}
	if err := p.hub.Deliver(ctx, iss, writes...); err != nil {
		return nil, raced(err)
	}
	life := min(p.life.Access, iss.SessionEnds.Sub(m.now))
	return &tokenResponse{
		Access: made.access, Type: "Bearer", Expires: int64(life / time.Second), Refresh: made.refresh, ID: id, Scope: joined(made.scopes),
	}, nil
}

// narrow applies the scope parameter of a refresh: less than was granted, never more (RFC 6749, section 6).
func narrow(req *fosite.AccessRequest, scope string) error {
	if scope == "" {
		return nil
	}
	asked := words(scope)
	for _, s := range asked {
		if !req.GrantedScope.Has(s) {
			return bridge.Refuse(bridge.BadGrant, "The scope %s was not granted.", clip(s)).WithCode(codeInvalidScope)
		}
	}
	if !slices.Contains(asked, scopeOpenID) {
		asked = append([]string{scopeOpenID}, asked...)
	}
	req.GrantedScope = asked
	return nil
}

// raced reads the outcome of a commit that did not hold: the code was spent in the meantime, or the assertion was.
func raced(err error) error {
	switch {
	case errors.Is(err, bridge.ErrSpent), errors.Is(err, bridge.ErrNotFound):
		return bridge.Refuse(bridge.BadGrant, "The code or token was used already.").WithCode("grant_spent").Because(err)
	case errors.Is(err, bridge.ErrExists), bridge.AsRefusal(err).Reason == bridge.Replayed:
		return refusedReplay().Because(err)
	}
	return err
}

// failed does what a refused exchange entails: the assertion counts as used, and a grant that was
// misused, or may no longer be answered, ends (RFC 6749, section 4.1.2; RFC 9700, section 4.14.2).
func (p *Provider) failed(ctx context.Context, m *machine, c caller, err error) error {
	why := bridge.AsRefusal(err)
	if why.Reason != bridge.Replayed {
		if spent := p.spend(ctx, c); spent != nil {
			return spent
		}
	}
	if m.found == nil || !endsGrant(why) {
		return err
	}
	if drop := p.hub.Artifacts.DropGroup(ctx, m.found.ID); drop != nil {
		return errors.Join(drop, err)
	}
	return err
}

func endsGrant(why *bridge.Refusal) bool {
	name, _ := tokenError(why)
	return name == errInvalidGrant
}
