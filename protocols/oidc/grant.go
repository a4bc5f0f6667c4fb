package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// grant is what a person allowed a client by signing on to it. A code carries it sealed. Once the code is redeemed it
// is stored, one artifact under its id: while that lives and is not spent, so do the tokens that name it.
type grant struct {
	ID      string   `json:"i"`
	Client  string   `json:"c"`
	Session string   `json:"s"`
	Subject string   `json:"u"` // as the client was told first
	Role    string   `json:"r,omitempty"`
	ACR     []string `json:"a,omitempty"`
	Scopes  []string `json:"p"`
	Ref     string   `json:"f,omitempty"`
	AuthnAt int64    `json:"w"`           // when the person proved before it was granted, seconds since 1970
	Proven  proven   `json:"v,omitzero"`  // how they did; zero: not known any more
	Offer   *offer   `json:"o,omitempty"` // of a code

	Claims *askedClaims `json:"m,omitempty"` // asked for by name, beside the scopes

	Resources []string       `json:"x,omitempty"` // that its tokens may be for; none: any that the terms allow
	Context   *launchContext `json:"l,omitempty"` // that the app was launched with
	Beside    string         `json:"b,omitempty"` // id of the grant of the tokens that its code came with by the browser
	Parents   []string       `json:"n,omitempty"` // ids of the grants that it was exchanged from: it ends with any of them
	Actors    []string       `json:"k,omitempty"` // clients that act for the person, the last one first; none: it was not exchanged
}

// proven is the authentication that a grant came from. It is told beside auth_time, whatever proof another app asked for since.
type proven struct {
	Class  string           `json:"c,omitempty"` // that was asked for and met
	Method bridge.Method    `json:"m"`
	Level  bridge.Assurance `json:"l"`
}

func provenBy(iss bridge.Issuance) proven { return proven{iss.Class, iss.Method, iss.Assurance} }

// asProven is an issuance that says of the authentication what was true at the grant's auth_time. What may be told at all is decided
// by the session as it is now.
func (g *grant) asProven(iss bridge.Issuance) bridge.Issuance {
	if g.Proven != (proven{}) && iss.Emergency.IsZero() { // emergency access is said to be what it is, whatever was before it
		iss.Class, iss.Method, iss.Assurance = g.Proven.Class, g.Proven.Method, g.Proven.Level
	}
	return iss
}

// actor is a party that acts for the subject of a token, and on whose behalf it acts (RFC 8693, section 4.1).
type actor struct {
	Subject string `json:"sub"`
	Actor   *actor `json:"act,omitempty"`
}

// act is the claim of a grant that was exchanged; nil of any other.
func (g *grant) act() *actor {
	var out *actor
	for _, client := range slices.Backward(g.Actors) {
		out = &actor{client, out}
	}
	return out
}

// offer is what only the code needs to know; it is not stored.
type offer struct {
	Redirect  string `json:"d"`
	Challenge string `json:"h,omitempty"`
	Nonce     string `json:"n,omitempty"`
	Key       string `json:"k,omitempty"` // thumbprint of the only key that may redeem it
	Expires   int64  `json:"e"`           // of the code, seconds since 1970
	StateHash string `json:"s,omitempty"`
}

// bridge is the grant as the core decides over it. wants are the claims that will be printed; nil: all.
func (g *grant) bridge(p *Provider, wants []string) bridge.Grant {
	return bridge.Grant{Session: g.Session, Partner: g.Client, Protocol: trust.OIDC, RoleID: g.Role, Contexts: p.contexts(g.ACR), Ref: g.Ref, Wants: wants}
}

// artifact is the grant as it is stored. It goes with its session.
func (g grant) artifact(expires time.Time) (bridge.Artifact, error) {
	g.Offer = nil
	payload, err := json.Marshal(g)
	if err != nil {
		return bridge.Artifact{}, fmt.Errorf("oidc: write grant: %w", err)
	}
	return bridge.Artifact{Kind: bridge.KindGrant, Key: g.ID, Session: g.Session, Payload: payload, Expires: expires}, nil
}

// grantByID finds a grant that lives. It comes back with a refusal too, if it was found.
func (p *Provider) grantByID(ctx context.Context, id string) (*grant, error) {
	a, err := p.hub.Artifacts.Get(ctx, bridge.KindGrant, id, p.hub.Clock())
	if errors.Is(err, bridge.ErrNotFound) || err == nil && a.Spent {
		return nil, refuseEnded()
	}
	if err != nil {
		return nil, err
	}
	var g grant
	if err := json.Unmarshal(a.Payload, &g); err != nil {
		return nil, fmt.Errorf("oidc: read grant: %w", err)
	}
	return &g, nil
}

// endWith ends a grant as endGrant does, and first the one of the tokens that its code came with by the browser: whoever had the code has
// seen them.
func (p *Provider) endWith(ctx context.Context, g *grant, until time.Time) error {
	if g.Beside != "" {
		if err := p.endGrant(ctx, g.Beside, p.hub.Clock()); err != nil {
			return err
		}
	}
	return p.endGrant(ctx, g.ID, until)
}

func refuseEnded() *bridge.Refusal {
	return bridge.Refuse(bridge.BadGrant, "The grant has ended: its session is over, or it was revoked or misused.").WithCode("grant_ended")
}

// endGrant makes a grant, and every code and token of it, useless for good. until is when all of them are dead anyway,
// for one that is not stored, or not yet.
func (p *Provider) endGrant(ctx context.Context, id string, until time.Time) error {
	now := p.hub.Clock()
	for range 2 { // it may be stored between the two calls, once
		_, err := p.hub.Artifacts.Consume(ctx, bridge.KindGrant, id, now)
		if err == nil || errors.Is(err, bridge.ErrSpent) {
			return nil
		}
		if !errors.Is(err, bridge.ErrNotFound) {
			return err
		}
		if !now.Before(until) {
			return nil
		}
		err = p.hub.Artifacts.Put(ctx, bridge.Artifact{Kind: bridge.KindGrant, Key: id, Expires: until, Spent: true}, false)
		if !errors.Is(err, bridge.ErrExists) {
			return err
		}
	}
	return fmt.Errorf("oidc: end grant: %w", bridge.ErrExists)
}
