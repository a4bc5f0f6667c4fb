package oidc

import (
	"context"
	"errors"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// subject is whom a token that is exchanged is about, and how far it reaches.
type subject struct {
	grant   grant // its scopes are those of the token, and its parents those that the new grant will end with
	expires int64 // seconds since 1970
}

// refuseSubject is the answer to a subject token that cannot be exchanged (RFC 8693, section 2.2.2: invalid_request).
func refuseSubject(format string, args ...any) *bridge.Refusal {
	why := bridge.Refuse(bridge.BadRequest, format, args...).WithCode("subject_token")
	why.Detail = "The subject token cannot be exchanged: " + why.Detail
	return why
}

// subjectOf reads the token that is exchanged, strictly as the type that the client says it is.
func (p *Provider) subjectOf(ctx context.Context, x *exchange) (s subject, err error) {
	token := x.get("subject_token")
	switch kind := x.get("subject_token_type"); {
	case kind == typeAccess, kind == typeJWT && isJWT(token):
		s, err = p.subjectOfAccess(ctx, x, token)
	case kind == typeIDToken && x.caller.terms.Tokens.ExchangeIDToken:
		s, err = p.subjectOfIDToken(ctx, x, token)
	case kind == typeIDToken:
		return s, refuseSubject("the terms of this client allow %s alone.", typeAccess)
	case kind == "":
		return s, bridge.Refuse(bridge.BadRequest, "subject_token_type is missing (RFC 8693, section 2.1).").WithCode("subject_token_type")
	default:
		return s, bridge.Refuse(bridge.BadRequest, "subject_token_type must be %s, or %s where the terms allow it.", typeAccess, typeIDToken).WithCode("subject_token_type")
	}
	if why := bridge.AsRefusal(err); err != nil && !why.OurFault() && why.Code != "subject_token" {
		err = refuseSubject("%s", why.Detail).Because(err)
	}
	return s, err
}

// subjectOfAccess takes an access token that was issued to the client, or is meant for it.
func (p *Provider) subjectOfAccess(ctx context.Context, x *exchange, token string) (subject, error) {
	t, err := p.readAccess(token)
	if err != nil {
		return subject{}, refuseSubject("it is no access token of this hub, or it has expired.")
	}
	switch {
	case t.Client != x.caller.id && !t.isFor(x.caller.id):
		return subject{}, refuseSubject("it was neither issued to this client nor for it.")
	case t.Client == x.caller.id && !t.Confirm.heldBy(x.caller.holds): // or who finds it would have one that is bound to nothing of it
		return subject{}, refuseSubject("it is bound to a key or certificate that this request did not prove to have (RFC 9449, section 7; RFC 8705, section 3).")
	}
	g, holder, err := p.living(ctx, t)
	switch {
	case err != nil:
		return subject{}, err
	case g == nil:
		return subject{}, refuseSubject("it is of a client itself, and of no person.")
	case t.Client != x.caller.id && !holder.mayReach(x.caller.id, g):
		return subject{}, refuseSubject("it was neither issued to this client nor for it.")
	}
	if t.Client != x.caller.id {
		g.Scopes = x.caller.hears(g.Scopes)
	}
	g.Parents, g.Resources = append([]string{g.ID}, g.Parents...), nil
	return subject{*g, t.Expires}, nil
}

// subjectOfIDToken takes an ID token that was issued to the client in a session that lives, of a grant that does: what it is exchanged for
// ends with both. It names no scopes, so the terms of the client bound them; and where it names no role, the one counts in which the session
// acts.
func (p *Provider) subjectOfIDToken(ctx context.Context, x *exchange, token string) (subject, error) {
	said, err := p.verifyOwn(token)
	switch {
	case err != nil || said.SID == "":
		return subject{}, refuseSubject("it is no ID token of this hub.")
	case said.Audience != x.caller.id:
		return subject{}, refuseSubject("it was issued to another client.")
	case x.now.Unix() >= said.Expires:
		return subject{}, refuseSubject("it has expired.")
	}
	from, err := p.grantOfIDToken(ctx, x, said)
	if err != nil {
		return subject{}, err
	}
	told, err := p.hub.Participants.FindParticipant(ctx, trust.OIDC, x.caller.id, said.SID)
	var session bridge.Session
	if err == nil {
		session, err = p.hub.Sessions.Session(ctx, told.Session)
	}
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return subject{}, err
	}
	if err != nil || !session.Ended.IsZero() || !session.Suspended.IsZero() || from.Session != told.Session {
		return subject{}, refuseSubject("its session has ended.")
	}
	g := grant{
		Client: x.caller.id, Session: told.Session, Role: said.Role, ACR: p.known([]string{said.ACR}), Scopes: withoutContext(personal(x.caller.scopes)), Ref: bridge.Ref(ctx), AuthnAt: said.AuthTime,
		Parents: append([]string{from.ID}, from.Parents...),
	}
	if g.Role == "" {
		g.Role = session.RoleID
	}
	return subject{g, said.Expires}, nil
}

// grantOfIDToken is the grant that an ID token came from, if it lives.
func (p *Provider) grantOfIDToken(ctx context.Context, x *exchange, said ownClaims) (*grant, error) {
	var id grantID
	if !p.sealer.open(sealIDToken, said.ID, &id) {
		return nil, refuseSubject("it does not say which grant it came from. Those do that are issued while the terms of the client allow to exchange them.")
	}
	g, err := p.grantByID(ctx, id.Grant)
	if bridge.AsRefusal(err).Reason == bridge.BadGrant || err == nil && g.Client != x.caller.id {
		return nil, refuseSubject("the grant that it came from has ended.")
	}
	return g, err
}
