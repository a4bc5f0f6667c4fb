package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// Kinds of artifacts around authorizations that are granted later. A request is spent when a person has decided; the outcome, stored
// in the same commit under the same key, is spent when it was exchanged for tokens.
const (
	kindDevice       bridge.ArtifactKind = "oidc-device"
	kindDevicePublic bridge.ArtifactKind = "oidc-device-public" // of clients that cannot authenticate, or that nobody vouches for
	kindCIBA         bridge.ArtifactKind = "oidc-ciba"
	kindOutcome      bridge.ArtifactKind = "oidc-outcome"
	kindUserCode     bridge.ArtifactKind = "oidc-user-code"
	kindWaiting      bridge.ArtifactKind = "oidc-waiting" // one place of a person's list
)

// Limits of waiting.
const (
	pollInterval = 5 * time.Second  // RFC 8628, section 3.2; CIBA Core 1.0, section 7.3
	decidedLate  = time.Minute      // an outcome can be fetched for so long, whenever it came
	remembered   = 10 * time.Minute // a request that nobody answered is known as expired for so long
	waitingMax   = 16               // requests that wait for one person at a time
	waitingOne   = 8                // of one client among them: it must not keep the others from that person
)

// later is what a provider keeps for requests that are answered later.
type later struct {
	codeKey    []byte // of user codes
	notifier   Notifier
	paces      paces
	wrongCodes tries
	pings      pings
}

// decoupled is an authorization that a person is to grant elsewhere than at the app that waits for it: with a user code at a page of
// the hub (RFC 8628), or because the app named them (CIBA Core 1.0). It never changes.
type decoupled struct {
	Client    string   `json:"c"`
	Scopes    []string `json:"p"`
	ACR       []string `json:"a,omitempty"`
	Resources []string `json:"x,omitempty"`
	Ref       string   `json:"f"`
	Asked     int64    `json:"t"`           // seconds since 1970
	Until     int64    `json:"u"`           // the same
	Peer      string   `json:"w,omitempty"` // a device's address, as it asked

	UID     string `json:"i,omitempty"` // whom a CIBA request names
	Message string `json:"m,omitempty"` // binding message
	Ping    string `json:"n,omitempty"` // a sealed ping
	Place   string `json:"l,omitempty"` // in the person's list

	kind  bridge.ArtifactKind
	key   string
	spent bool
}

// outcome is what a person decided.
type outcome struct {
	Grant *grant `json:"g,omitempty"` // nil: refused
	used  bool
}

func (c *client) deviceKind() bridge.ArtifactKind {
	if c.counted() {
		return kindDevicePublic
	}
	return kindDevice
}

func (d *decoupled) expired(now time.Time) bool { return now.Unix() >= d.Until }

// artifact is the request as it is stored. It outlives its use, so that the client hears that it expired.
func (d *decoupled) artifact() (bridge.PutArtifact, error) {
	payload, err := json.Marshal(d)
	if err != nil {
		return bridge.PutArtifact{}, fmt.Errorf("oidc: write request: %w", err)
	}
	return bridge.PutArtifact{Artifact: bridge.Artifact{Kind: d.kind, Key: d.key, Payload: payload, Expires: time.Unix(d.Until, 0).Add(remembered)}}, nil
}

// decoupledOf loads a request; bridge.ErrNotFound if there is none.
func (p *Provider) decoupledOf(ctx context.Context, kind bridge.ArtifactKind, key string) (*decoupled, error) {
	a, err := p.hub.Artifacts.Get(ctx, kind, key, p.hub.Clock())
	if err != nil {
		return nil, err
	}
	d := &decoupled{kind: kind, key: key, spent: a.Spent}
	if err := json.Unmarshal(a.Payload, d); err != nil {
		return nil, fmt.Errorf("oidc: read request: %w", err)
	}
	return d, nil
}

// undecided loads a request that a person may still decide about.
func (p *Provider) undecided(ctx context.Context, kind bridge.ArtifactKind, key string) (*decoupled, error) {
	d, err := p.decoupledOf(ctx, kind, key)
	switch {
	case errors.Is(err, bridge.ErrNotFound) || err == nil && d.expired(p.hub.Clock()):
		return nil, bridge.Refuse(bridge.TransactionGone, "The app's request has expired. Start again at the app.").WithCode("decoupled_expired")
	case err == nil && d.spent:
		return nil, errDecided()
	}
	return d, err
}

func errDecided() *bridge.Refusal {
	return bridge.Refuse(bridge.TransactionGone, "The app's request was answered already.").WithCode("decoupled_decided")
}

// outcomeOf is what was decided about a request; nil: nothing, or it was not fetched in time.
func (p *Provider) outcomeOf(ctx context.Context, d *decoupled) (*outcome, error) {
	if !d.spent {
		return nil, nil //nolint:nilnil // nothing was decided
	}
	a, err := p.hub.Artifacts.Get(ctx, kindOutcome, d.key, p.hub.Clock())
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, nil //nolint:nilnil // it expired
	}
	if err != nil {
		return nil, err
	}
	o := &outcome{used: a.Spent}
	if err := json.Unmarshal(a.Payload, o); err != nil {
		return nil, fmt.Errorf("oidc: read outcome: %w", err)
	}
	return o, nil
}

// decide are the writes by which a request gets its outcome, once.
func (d *decoupled) decide(g *grant, now time.Time) ([]bridge.Write, error) {
	payload, err := json.Marshal(outcome{Grant: g})
	if err != nil {
		return nil, fmt.Errorf("oidc: write outcome: %w", err)
	}
	expires := time.Unix(d.Until, 0)
	if late := now.Add(decidedLate); expires.Before(late) {
		expires = late
	}
	a := bridge.Artifact{Kind: kindOutcome, Key: d.key, Payload: payload, Expires: expires}
	writes := []bridge.Write{bridge.ConsumeArtifact{Kind: d.kind, Key: d.key, Now: now}, bridge.PutArtifact{Artifact: a}}
	if d.Place != "" {
		writes = append(writes, bridge.PutArtifact{Artifact: bridge.Artifact{Kind: kindWaiting, Key: d.Place, Expires: now}, Replace: true})
	}
	return writes, nil
}

// redeemedBy is the write by which an outcome is exchanged for tokens, once.
func (d *decoupled) redeemedBy(now time.Time) *bridge.ConsumeArtifact {
	return &bridge.ConsumeArtifact{Kind: kindOutcome, Key: d.key, Now: now}
}

// place is one of the places of a person's list.
func place(uid string, n int) string { return uid + "." + strconv.Itoa(n) }

// waitingFor lists the CIBA requests that wait for a person, oldest place first.
func (p *Provider) waitingFor(ctx context.Context, uid string) ([]*decoupled, error) {
	var out []*decoupled
	now := p.hub.Clock()
	for n := range waitingMax {
		a, err := p.hub.Artifacts.Get(ctx, kindWaiting, place(uid, n), now)
		if errors.Is(err, bridge.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		d, err := p.undecided(ctx, kindCIBA, string(a.Payload))
		if r := (*bridge.Refusal)(nil); errors.As(err, &r) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// Waiting counts the approvals that wait for a person, and says where they are listed.
func (p *Provider) Waiting(ctx context.Context, uid string) (n int, path string, err error) {
	list, err := p.waitingFor(ctx, uid)
	return len(list), p.at(approvalsPath), err
}

// grantOf is what a person granted by a sign-on of their own.
func (d *decoupled) grantOf(p *Provider, c *client, iss bridge.Issuance) *grant {
	return &grant{
		ID: p.hub.NewID(), Client: c.id, Session: iss.SessionID, Subject: iss.Subject, Role: iss.Role.ID, ACR: d.ACR,
		Scopes: withoutContext(c.allowed(d.Scopes)), Ref: iss.Ref, AuthnAt: iss.AuthnAt.Unix(), Proven: provenBy(iss), Resources: d.Resources,
	}
}

// way names how the app is waiting, for the record.
func (d *decoupled) way() string {
	if d.kind == kindCIBA {
		return "ciba"
	}
	return "device"
}

// decoupledFlows reports whether this face has device codes and CIBA: what looks as CIS2 does not.
func (p *Provider) decoupledFlows() bool { return p.face.knows(trust.ProfileBasic) }
