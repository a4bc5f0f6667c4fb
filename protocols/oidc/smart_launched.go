package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// refuseLaunch says the same whatever is wrong with a launch: nobody learns of one that is not theirs.
func refuseLaunch() *bridge.Refusal {
	return bridge.Refuse(bridge.BadRequest, "launch is not known for this app and this session, has expired, or was used already. Launch the app again from the record system (SMART App Launch 2.2, EHR launch).").WithCode("launch")
}

// launched is what a sign-on gets of its launch.
type launched struct {
	scopes  []string
	context *launchContext
	closing []bridge.Write
}

// launchedWith finds the context of a sign-on that is about to be answered: that of its launch, which works once, for the app and in the
// session that it was made for; else, for the scopes of a standalone launch, what the EHR last put at hand in this session. Scopes
// that nothing is there for are not granted.
func (p *Provider) launchedWith(ctx context.Context, c *client, d pending, iss bridge.Issuance) (launched, error) {
	out := launched{scopes: c.allowed(d.Scopes)}
	if !slices.ContainsFunc(out.scopes, wantsContext) {
		return out, nil
	}
	byEHR := d.Launch != "" && slices.Contains(out.scopes, trust.ScopeLaunch)
	kind, key := kindContext, iss.SessionID
	if byEHR {
		kind, key = kindLaunch, d.Launch
	}
	record, err := p.launchRecord(ctx, kind, key, c, iss.SessionID)
	switch {
	case err != nil:
		return out, err
	case byEHR && (record == nil || record.Server != "" && !slices.Contains(d.Resources, record.Server)):
		return out, refuseLaunch()
	case byEHR:
		out.closing = []bridge.Write{bridge.ConsumeArtifact{Kind: kind, Key: key, Now: iss.At}}
	}
	if record != nil {
		out.context = &record.Context
	}
	out.scopes = out.context.settled(out.scopes, byEHR)
	if len(out.scopes) == 0 {
		return out, bridge.Refuse(bridge.UnsupportedRequest, "No patient is at hand in this session, and nothing was asked for that needs none: launch the app from the record system (SMART App Launch 2.2, EHR launch).").WithCode(codeInvalidScope)
	}
	out.context = out.context.told(out.scopes)
	return out, nil
}

// wantsContext reports whether a scope means nothing without a context.
func wantsContext(scope string) bool {
	return scope == trust.ScopeLaunch || scope == trust.ScopeLaunchPatient || scope == trust.ScopeLaunchEncounter || ofPatient(scope)
}

// launchRecord is a living context that was made for this app in this session, by an EHR that may still launch it; nil if there is none.
func (p *Provider) launchRecord(ctx context.Context, kind bridge.ArtifactKind, key string, c *client, session string) (*launchRecord, error) {
	a, err := p.hub.Artifacts.Get(ctx, kind, key, p.hub.Clock())
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var record launchRecord
	if err := json.Unmarshal(a.Payload, &record); err != nil {
		return nil, fmt.Errorf("oidc: read launch: %w", err)
	}
	if a.Spent || a.Session != session || kind == kindLaunch && record.App != c.id || !p.mayLaunch(record.From, c.id) {
		return nil, nil
	}
	return &record, nil
}
