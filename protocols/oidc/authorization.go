package oidc

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// pending is what has to be known of an authorization request when it is answered.
type pending struct {
	Redirect  string             `json:"d"`
	State     string             `json:"s,omitempty"`
	Mode      string             `json:"m"`
	Type      trust.ResponseType `json:"t,omitempty"` // empty: code
	Nonce     string             `json:"n,omitempty"`
	Challenge string             `json:"h,omitempty"`
	Key       string             `json:"k,omitempty"` // dpop_jkt
	Scopes    []string           `json:"p"`
	ACR       []string           `json:"a,omitempty"`
	Subject   string             `json:"u,omitempty"` // who must be signed in, as the client knows them
	Pushed    string             `json:"r,omitempty"` // key of the pushed request, which works no more once this is answered

	Launch    string       `json:"l,omitempty"` // key of the launch that it belongs to
	Resources []string     `json:"x,omitempty"` // what its tokens shall be for
	Claims    *askedClaims `json:"c,omitempty"` // asked for by name, beside the scopes
	framed    bool         // the answer may go to a frame: it is a redirect
	who       string       // for the header of a page that posts a code, as web.Who writes it; known once one was issued
}

// authorization is an authorization request as the checks understood it, one field after the other.
type authorization struct {
	pending
	form         url.Values
	client       *client
	front        bool           // the request wants a token by the browser, whether it may or not
	pushing      bool           // it is being pushed: no browser is there
	found        *pushedRequest // what its request URI stands for; nil: nothing
	fetched      string         // the request object at its request URI; empty: none was fetched
	signed       bool           // its parameters stood in a request object
	verify       verifying      // by the client's keys
	prompt       []string
	maxAge       *time.Duration
	asksUserinfo bool      // the claims parameter names claims of userinfo
	wishedACR    []string  // by the claims parameter, without calling them essential
	hinted       ownClaims // of the ID token that it holds as a hint
}

// verifying verifies what a client signed.
type verifying func(token string, rules jose.Rules) (jose.Verified, error)

func (a *authorization) get(name string) string { return a.form.Get(name) }

// passive reports whether no page may be shown.
func (a *authorization) passive() bool { return slices.Contains(a.prompt, promptNone) }

// request says to the core what the client asked for.
func (a *authorization) request(p *Provider) (bridge.Request, error) {
	state, err := json.Marshal(a.pending)
	if err != nil {
		return bridge.Request{}, fmt.Errorf("oidc: write request: %w", err)
	}
	change := slices.Contains(a.Scopes, scopeChangedRole)
	req := bridge.Request{
		Partner: a.client.id, Protocol: trust.OIDC,
		ForceAuthn: slices.Contains(a.prompt, promptLogin) || slices.Contains(a.prompt, promptSelect) || a.maxAge != nil && *a.maxAge == 0,
		Passive:    a.passive(),
		Contexts:   p.contexts(a.ACR), MaxAge: a.maxAge,
		RoleNeeded: change || slices.Contains(a.Scopes, scopeSelectedRole), ChangeRole: change,
		ReturnTo: answerSource(a.Redirect), Resume: p.at(resumePath), State: state,
	}
	if a.client.rules.Subject == trust.SubjectUID {
		req.Subject = a.Subject // other kinds of identifier are compared when there is an issuance to compare with
	}
	return req, nil
}

// readPending takes back what request stored in a transaction.
func readPending(tx bridge.Transaction) (pending, error) {
	var d pending
	if tx.Local || tx.Request.Protocol != trust.OIDC {
		return d, bridge.Refuse(bridge.TransactionGone, "This link is not valid.").WithCode("other_protocol")
	}
	if err := json.Unmarshal(tx.Request.State, &d); err != nil {
		return d, fmt.Errorf("oidc: read request: %w", err)
	}
	return d, nil
}
