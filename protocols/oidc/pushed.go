package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Kinds of pushed requests: of clients that authenticated, and of those that cannot or that nobody vouches for.
const (
	kindPushed       bridge.ArtifactKind = "oidc-pushed"
	kindPushedPublic bridge.ArtifactKind = "oidc-pushed-public"
)

// StrangerKinds are the artifacts that anybody can make the hub store, without having signed in, or authenticated as a client that an
// administrator made live.
func StrangerKinds() []bridge.ArtifactKind {
	return []bridge.ArtifactKind{kindPushedPublic, kindDevicePublic}
}

func (c *client) pushedKind() bridge.ArtifactKind {
	if c.counted() {
		return kindPushedPublic
	}
	return kindPushed
}

// pushedRequest is a request as it was pushed and understood (RFC 9126): its parameters, whichever way they came.
type pushedRequest struct {
	Client string `json:"c"`
	Query  string `json:"q"` // parameters, form-encoded
	Signed bool   `json:"s,omitempty"`
	Until  int64  `json:"u"` // a sign-on may begin with it before this, seconds since 1970
	key    string
}

// form reads the parameters back. They were written by us.
func (r pushedRequest) form() url.Values {
	form, _ := url.ParseQuery(r.Query)
	return form
}

// pushResponse is RFC 9126, section 2.2.
type pushResponse struct {
	URI     string `json:"request_uri"`
	Expires int64  `json:"expires_in"` // seconds
}

// push takes an authorization request from the client itself, before the browser comes (RFC 9126, section 2).
func (p *Provider) push(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.call(w, r)
	if err != nil {
		return
	}
	var answer pushResponse
	if c.holds, err = p.proveKey(w, r, c.client, pushPath); err == nil {
		answer, err = p.keepPushed(r.Context(), c, form)
	} else {
		err = p.refusedAfter(r.Context(), c, err)
	}
	if err != nil {
		p.refusePushed(w, r, c.id, err)
		return
	}
	writeJSON(w, http.StatusCreated, answer)
}

// refusePushed answers as the authorization endpoint would, but here: what is wrong is known before a browser is sent anywhere
// (RFC 9126, section 2.3).
func (p *Provider) refusePushed(w http.ResponseWriter, r *http.Request, client string, err error) {
	refusal := p.hub.RefuseRequest(r.Context(), ledger.Refused, client, p.ref(r, ""), err)
	p.logFailure(r, refusal)
	name, status := redirectError(refusal), http.StatusBadRequest
	switch own := answerTo(refusal.Reason).status; {
	case refusal.Reason == bridge.Replayed || aboutProof(refusal):
		name, status = tokenError(refusal)
	case own != http.StatusBadRequest:
		status = own
	}
	writeJSON(w, status, oauthError{Error: name, Description: describe(refusal.Detail)})
}

// keepPushed checks a pushed request as if the browser had brought it, and stores it with the mark of the assertion.
func (p *Provider) keepPushed(ctx context.Context, c caller, form url.Values) (pushResponse, error) {
	for _, credential := range [...]string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(credential)
	}
	form.Set("client_id", c.id)
	a := &authorization{form: form, pushing: true}
	_, why := p.check(ctx, a)
	if why == nil {
		why = a.bindTo(c.holds)
	}
	if why != nil {
		return pushResponse{}, p.refusedAfter(ctx, c, why)
	}
	now := p.hub.Clock()
	secret := p.hub.NewSecret()
	payload, err := json.Marshal(pushedRequest{Client: c.id, Query: a.form.Encode(), Signed: a.signed, Until: now.Add(p.life.Pushed).Unix()})
	if err != nil {
		return pushResponse{}, fmt.Errorf("oidc: write pushed request: %w", err)
	}
	// it outlives its use for beginning: a sign-on that began in time spends it when it ends
	expires := now.Add(p.life.Pushed + p.hub.Limits.Transaction)
	writes := []bridge.Write{bridge.PutArtifact{Artifact: bridge.Artifact{Kind: c.pushedKind(), Key: bridge.Key(secret), Payload: payload, Expires: expires}}}
	if err := p.hub.Journal.Commit(ctx, append(writes, c.marks()...)...); err != nil {
		if why := p.replayed(ctx, c); why != nil && errors.Is(err, bridge.ErrExists) {
			return pushResponse{}, why.Because(err)
		}
		return pushResponse{}, err
	}
	return pushResponse{URI: pushedPrefix + secret, Expires: int64(p.life.Pushed / time.Second)}, nil
}

// loadPushed finds the request that a request URI of ours stands for, if it still does and is this client's. The rule about it is
// checkPushed.
func (p *Provider) loadPushed(ctx context.Context, a *authorization) error {
	secret, ours := strings.CutPrefix(a.get("request_uri"), pushedPrefix)
	if !ours || a.pushing {
		return nil
	}
	key, now := bridge.Key(secret), p.hub.Clock()
	stored, err := p.hub.Artifacts.Get(ctx, a.client.pushedKind(), key, now)
	if errors.Is(err, bridge.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var r pushedRequest
	if err := json.Unmarshal(stored.Payload, &r); err != nil {
		return fmt.Errorf("oidc: read pushed request: %w", err)
	}
	if stored.Spent || r.Client != a.client.id || now.Unix() >= r.Until {
		return nil
	}
	r.key = key
	a.found = &r
	return nil
}

// closing is what has to be written with the answer that completes a sign-on: its pushed request works no more (RFC 9126,
// section 7.3). Until then it may be used again: people reload, and go back.
func (d pending) closing(c *client, now time.Time) []bridge.Write {
	if d.Pushed == "" {
		return nil
	}
	return []bridge.Write{bridge.ConsumeArtifact{Kind: c.pushedKind(), Key: d.Pushed, Now: now}}
}
