package saml2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// put stores a value that is needed again later, under a key.
func (p *Provider) put(ctx context.Context, kind bridge.ArtifactKind, key string, value any, life time.Duration) error {
	payload, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("saml2: write %s: %w", kind, err)
	}
	a := bridge.Artifact{Kind: kind, Key: key, Payload: payload, Expires: p.Hub.Clock().Add(life)}
	if err := p.Hub.Artifacts.Put(ctx, a, false); err != nil {
		return fmt.Errorf("saml2: keep %s: %w", kind, err)
	}
	return nil
}

// keep is put under a secret of its own, which the browser is given.
func (p *Provider) keep(ctx context.Context, kind bridge.ArtifactKind, value any, life time.Duration) (secret string, err error) {
	secret = p.Hub.NewSecret()
	return secret, p.put(ctx, kind, bridge.Key(secret), value, life)
}

// take reads what keep stored, once; after that the browser is told that it is gone in these words.
func (p *Provider) take(ctx context.Context, kind bridge.ArtifactKind, secret, gone string, value any) error {
	a, err := p.Hub.Artifacts.Consume(ctx, kind, bridge.Key(secret), p.Hub.Clock())
	switch {
	case errors.Is(err, bridge.ErrNotFound), errors.Is(err, bridge.ErrSpent):
		return bridge.Refuse(bridge.TransactionGone, "%s", gone)
	case err != nil:
		return fmt.Errorf("saml2: find %s: %w", kind, err)
	}
	if err := json.Unmarshal(a.Payload, value); err != nil {
		return fmt.Errorf("saml2: read %s: %w", kind, err)
	}
	return nil
}

var errForeign = errors.New("saml2: kept for another partner")

// takeOwn reads what was put for one partner and consumes it, if own says of the value read that it is for the one that asks;
// else it stays, and the error is errForeign. Those of the store are wrapped.
func (p *Provider) takeOwn(ctx context.Context, kind bridge.ArtifactKind, key string, value any, own func() bool) error {
	now := p.Hub.Clock()
	a, err := p.Hub.Artifacts.Get(ctx, kind, key, now)
	if err != nil {
		return fmt.Errorf("saml2: find %s: %w", kind, err)
	}
	if err := json.Unmarshal(a.Payload, value); err != nil {
		return fmt.Errorf("saml2: read %s: %w", kind, err)
	}
	if !own() {
		return errForeign
	}
	if a.Session != "" {
		if err := p.Hub.InUse(ctx, a.Session); err != nil {
			return err
		}
	}
	if _, err := p.Hub.Artifacts.Consume(ctx, kind, key, now); err != nil {
		return fmt.Errorf("saml2: take %s: %w", kind, err)
	}
	return nil
}

// once remembers a signed request by its ID for as long as it is not stale, and refuses one that is remembered.
func (p *Provider) once(ctx context.Context, partner trust.Partner, id string, issued time.Time) error {
	mark := bridge.Artifact{Kind: bridge.KindReplay, Key: replayKey(partner.ID, id), Expires: issued.Add(p.RequestLife + p.ClockSkew)}
	err := p.Hub.Artifacts.Put(ctx, mark, false)
	switch {
	case errors.Is(err, bridge.ErrExists), errors.Is(err, bridge.ErrSpent):
		return bridge.Refuse(bridge.Replayed, "This request was already used.")
	case err != nil:
		return fmt.Errorf("saml2: remember request: %w", err)
	}
	return nil
}

func replayKey(entityID, id string) string { return "saml2:" + entityID + ":" + id }
