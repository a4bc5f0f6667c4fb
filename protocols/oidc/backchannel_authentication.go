package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Error codes of CIBA Core 1.0, section 13.
const (
	codeUnknownUser    = "unknown_user_id"
	codeBindingMessage = "invalid_binding_message"
)

// backchannelResponse is CIBA Core 1.0, section 7.3.
type backchannelResponse struct {
	ID       string `json:"auth_req_id"`
	Expires  int64  `json:"expires_in"` // seconds
	Interval int64  `json:"interval"`   // seconds
}

// backchannelAuthentication begins the waiting for a person whom the client names (CIBA Core 1.0, section 7.1).
func (p *Provider) backchannelAuthentication(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.call(w, r)
	if err != nil {
		return
	}
	answer, err := p.keepBackchannel(r.Context(), c, form)
	if err != nil {
		p.refuseBackchannel(w, r, c.id, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// backchannel is an authentication request as the checks understood it, one field after the other.
type backchannel struct {
	authorization
	hint    string // login_hint
	life    time.Duration
	message string
	token   string // client_notification_token
}

func (p *Provider) keepBackchannel(ctx context.Context, c caller, form url.Values) (backchannelResponse, error) {
	none := backchannelResponse{}
	if err := p.spend(ctx, c); err != nil {
		return none, err
	}
	b := &backchannel{authorization: authorization{form: form, client: c.client, pushing: true}, life: p.life.CIBA}
	b.verify = func(token string, rules jose.Rules) (jose.Verified, error) {
		return p.verifyOf(ctx, c.client, token, rules)
	}
	for i := range backchannelChecks {
		if why := backchannelChecks[i].run(p, b); why != nil {
			return none, why
		}
	}
	person, err := p.named(ctx, b)
	if err != nil {
		return none, err
	}
	now, secret := p.hub.Clock(), p.hub.NewSecret()
	d := p.decoupled(ctx, &b.authorization, now, b.life)
	d.kind, d.key = kindCIBA, bridge.Key(secret)
	d.UID, d.Message = person.UID, b.message
	if b.token != "" {
		if d.Ping, err = p.sealer.seal(sealPing, pingContent{secret, b.token}); err != nil {
			return none, err
		}
	}
	if err := p.storeWaiting(ctx, d, now); err != nil {
		return none, err
	}
	return backchannelResponse{secret, int64(b.life / time.Second), int64(pollInterval / time.Second)}, nil
}

// named finds the person a request is about, who must be one that could sign in.
func (p *Provider) named(ctx context.Context, b *backchannel) (people.Person, error) {
	unknown := bridge.Refuse(bridge.UnknownSubject, "The hint names nobody who may sign in here. login_hint must be the person's uid (12 digits).").WithCode(codeUnknownUser)
	uid := b.hint
	if b.hinted.Subject != "" {
		s, err := p.hub.Sessions.Session(ctx, b.hinted.Tracking)
		if errors.Is(err, bridge.ErrNotFound) {
			return people.Person{}, unknown
		}
		if err != nil {
			return people.Person{}, err
		}
		uid = s.UID
	}
	person, err := p.hub.Directory.Person(ctx, uid)
	switch {
	case errors.Is(err, people.ErrNotFound) || err == nil && person.Status != people.Active:
		return person, unknown
	case err != nil:
		return person, err
	}
	return person, nil
}

// storeWaiting stores a request in the first free place of the person's list.
func (p *Provider) storeWaiting(ctx context.Context, d *decoupled, now time.Time) error {
	event := bridge.Append{Event: ledger.Event{
		Time: now, Kind: ledger.AuthorizationAsked, Ref: d.Ref, Subject: d.UID, Partner: d.Client, Peer: bridge.Peer(ctx),
		Detail: map[string]string{"protocol": string(trust.OIDC), "way": d.way()},
	}}
	full := bridge.Refuse(bridge.Throttled, "Too many requests wait for this person. Try again when they are answered or have expired.").WithCode("waiting_full")
	list, err := p.waitingFor(ctx, d.UID)
	if err != nil {
		return err
	}
	own, taken := 0, map[string]bool{}
	for _, other := range list {
		taken[other.Place] = true
		if other.Client == d.Client {
			own++
		}
	}
	if own >= waitingOne {
		return full
	}
	for n := range waitingMax {
		if d.Place = place(d.UID, n); taken[d.Place] {
			continue
		}
		request, err := d.artifact()
		if err != nil {
			return err
		}
		lead := bridge.Artifact{Kind: kindWaiting, Key: d.Place, Payload: []byte(d.key), Expires: time.Unix(d.Until, 0)}
		err = p.hub.Journal.Commit(ctx, request, bridge.PutArtifact{Artifact: lead}, event)
		if !errors.Is(err, bridge.ErrExists) {
			return err
		}
	}
	return full
}
