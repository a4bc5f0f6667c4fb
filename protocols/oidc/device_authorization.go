package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

// decoupledRoutes are those of device codes and CIBA; none where this face has neither.
func (p *Provider) decoupledRoutes() []web.Route {
	if !p.decoupledFlows() {
		return nil
	}
	return []web.Route{
		{Method: http.MethodPost, Path: deviceAuthPath, Name: "oidc_device_authorization", Class: web.Machine, TurnAway: turnAway, Handler: p.deviceAuthorization, CORS: true},
		{Method: http.MethodPost, Path: backAuthPath, Name: "oidc_backchannel_authentication", Class: web.Machine, TurnAway: turnAway, Handler: p.backchannelAuthentication},
		{Method: http.MethodGet, Path: devicePath, Name: "device", Handler: p.devicePage},
		{Method: http.MethodPost, Path: devicePath, Name: "device_code", Handler: p.enterCode},
		{Method: http.MethodGet, Path: approvalsPath, Name: "approvals", Handler: p.approvals},
		{Method: http.MethodPost, Path: approvalsPath, Name: "approvals_answer", Class: web.Step, Handler: p.answerListed},
		{Method: http.MethodGet, Path: approvePath, Name: "oidc_approve", Class: web.Step, Handler: p.resumeApproval, Once: true},
		{Method: http.MethodPost, Path: approvePath, Name: "oidc_approve_answer", Class: web.Step, Handler: p.answerDevice},
	}
}

// deviceResponse is RFC 8628, section 3.2.
type deviceResponse struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	Expires    int64  `json:"expires_in"` // seconds
	Interval   int64  `json:"interval"`   // seconds
}

// deviceChecks are the rules of a device authorization request. Classes of authentication may be asked for as elsewhere.
var deviceChecks = [...]check{
	{"client may use the grant", "RFC 6749, 5.2", checkMayDevice},
	{"scopes allowed by the terms", "RFC 8628, 3.1", checkScope},
	{"resources that the client may have tokens for", "RFC 8707, 2.1", checkResources},
	{"acr can be met", "OpenID Connect Core, 3.1.2.1", checkACR},
}

func checkMayDevice(_ *Provider, a *authorization) *bridge.Refusal {
	return mayUse(a.client, trust.GrantDevice)
}

// deviceAuthorization begins the waiting of a device (RFC 8628, section 3.1).
func (p *Provider) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.call(w, r)
	if err != nil {
		return
	}
	answer, err := p.keepDevice(r.Context(), c, form)
	if err != nil {
		p.refuseBackchannel(w, r, c.id, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) keepDevice(ctx context.Context, c caller, form url.Values) (deviceResponse, error) {
	if err := p.spend(ctx, c); err != nil {
		return deviceResponse{}, err
	}
	if !form.Has("scope") {
		form.Set("scope", scopeOpenID)
	}
	a := &authorization{form: form, client: c.client, pushing: true}
	if why := run(p, deviceChecks[:], a); why != nil {
		return deviceResponse{}, why
	}
	now := p.hub.Clock()
	secret := p.hub.NewSecret()
	d := p.decoupled(ctx, a, now, p.life.Device)
	d.Peer, d.kind, d.key = bridge.Peer(ctx), c.deviceKind(), bridge.Key(secret)
	code, err := p.storeDevice(ctx, d)
	if err != nil {
		return deviceResponse{}, err
	}
	shown := printUserCode(code)
	return deviceResponse{
		DeviceCode: secret, UserCode: shown, URI: p.url(devicePath), Complete: p.url(devicePath) + "?" + url.Values{fieldUserCode: {shown}}.Encode(),
		Expires: int64(p.life.Device / time.Second), Interval: int64(pollInterval / time.Second),
	}, nil
}

// decoupled is what the checks understood.
func (p *Provider) decoupled(ctx context.Context, a *authorization, now time.Time, life time.Duration) *decoupled {
	return &decoupled{
		Client: a.client.id, Scopes: a.Scopes, ACR: a.ACR, Resources: a.Resources, Ref: bridge.Ref(ctx), Asked: now.Unix(), Until: now.Add(life).Unix(),
	}
}

// userCodeRef is what a user code leads to.
type userCodeRef struct {
	Kind bridge.ArtifactKind `json:"k"`
	Key  string              `json:"i"`
}

// storeDevice stores a device's request under its device code and a user code that no other has.
func (p *Provider) storeDevice(ctx context.Context, d *decoupled) (string, error) {
	ref, err := json.Marshal(userCodeRef{d.kind, d.key})
	if err != nil {
		return "", fmt.Errorf("oidc: write user code: %w", err)
	}
	request, err := d.artifact()
	if err != nil {
		return "", err
	}
	for range 8 {
		code := p.newUserCode()
		lead := bridge.Artifact{Kind: kindUserCode, Key: p.userCodeKey(code), Payload: ref, Expires: time.Unix(d.Until, 0)}
		err = p.hub.Journal.Commit(ctx, request, bridge.PutArtifact{Artifact: lead})
		if !errors.Is(err, bridge.ErrExists) {
			return code, err
		}
	}
	return "", fmt.Errorf("oidc: no user code is free: %w", err)
}

// refuseBackchannel audits a refusal to begin and answers it (RFC 8628, section 3.2; CIBA Core 1.0, section 13).
func (p *Provider) refuseBackchannel(w http.ResponseWriter, r *http.Request, client string, err error) {
	refusal := p.hub.RefuseRequest(r.Context(), ledger.Refused, client, p.ref(r, ""), err)
	p.logFailure(r, refusal)
	name, status := redirectError(refusal), answerTo(refusal.Reason).status
	switch {
	case refusal.Code == codeBadObject:
		name = errInvalidRequest
	case refusal.Reason == bridge.Replayed:
		name = errInvalidClient
	}
	writeJSON(w, status, oauthError{Error: name, Description: describe(refusal.Detail)})
}
