package oidc

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// backchannelCheck is one rule over an authentication request of CIBA.
type backchannelCheck struct {
	name   string
	clause string
	run    func(p *Provider, b *backchannel) *bridge.Refusal
}

// shared is a rule over requests of either kind.
func shared(rule func(*Provider, *authorization) *bridge.Refusal) func(*Provider, *backchannel) *bridge.Refusal {
	return func(p *Provider, b *backchannel) *bridge.Refusal { return rule(p, &b.authorization) }
}

// backchannelChecks are all of them, in this order.
var backchannelChecks = [...]backchannelCheck{
	{"client may use the grant", "CIBA Core, 13", checkMayCIBA},
	{"request object signed by the client, for this hub, now", "CIBA Core, 7.1.1; FAPI-CIBA, 5.2.2", checkBackObject},
	{"in a request object, if it has to be", "FAPI-CIBA, 5.2.2", checkBackSigned},
	{"scopes allowed by the terms", "CIBA Core, 7.1", shared(checkScope)},
	{"resources that the client may have tokens for", "RFC 8707, 2.1", shared(checkResources)},
	{"acr can be met", "CIBA Core, 7.1", shared(checkACR)},
	{"exactly one hint, of a kind that is taken here", "CIBA Core, 7.1", checkHints},
	{"binding message can be shown", "CIBA Core, 7.1; FAPI-CIBA, 5.2.2", checkMessage},
	{"requested expiry", "CIBA Core, 7.1", checkExpiry},
	{"notification token, where pings are sent", "CIBA Core, 7.1", checkNotification},
}

func checkMayCIBA(_ *Provider, b *backchannel) *bridge.Refusal {
	return mayUse(b.client, trust.GrantCIBA)
}

// besideObject are the parameters that may stand beside a signed authentication request: those that authenticate the client.
var besideObject = [...]string{"request", "client_id", "client_secret", "client_assertion", "client_assertion_type"}

// checkBackObject puts the parameters of a signed authentication request in the place of those beside it, of which there must be none.
func checkBackObject(p *Provider, b *backchannel) *bridge.Refusal {
	raw := b.get("request")
	if raw == "" {
		return nil
	}
	for name := range b.form {
		if !slices.Contains(besideObject[:], name) {
			return badObject("%s stands beside a signed authentication request: all parameters must be inside it (CIBA Core 1.0, section 7.1.1).", clip(name))
		}
	}
	o, why := readObject(b.client, raw, b.verify)
	if why != nil {
		return why
	}
	o.alone = true
	if why := o.judge(p, &b.authorization, backObjectRules[:]); why != nil {
		return why
	}
	b.form, b.signed = url.Values(o.parameters()), true
	omitEmpty(b.form)
	return nil
}

// backObjectRules are those of signed authentication requests (CIBA Core 1.0, section 7.1.1).
var backObjectRules = [...]objectRule{
	{"iss, aud, exp, iat, nbf and jti are there", "CIBA Core, 7.1.1", objectComplete},
	{"iss is the client", "CIBA Core, 7.1.1", objectIssuer},
	{"aud is this hub", "CIBA Core, 7.1.1", objectAudience},
	{"lives, and not for long", "CIBA Core, 7.1.1; FAPI-CIBA, 5.2.2", objectTimes},
	{"client_id, if it is there, is the client", "CIBA Core, 7.1.1", objectClient},
	{"holds no other request", "RFC 9101, 4", objectNested},
}

func objectComplete(o requestObject, _ *Provider, _ *authorization) *bridge.Refusal {
	for _, name := range [...]string{"iss", "aud", "exp", "iat", "nbf", "jti"} {
		if !o.claims.Has(name) {
			return badObject("A signed authentication request needs %s (CIBA Core 1.0, section 7.1.1).", name)
		}
	}
	if jti, err := o.claims.Text("jti"); err != nil || jti == "" {
		return badObject("jti of the request object must be a string.")
	}
	exp, err1 := o.claims.Seconds("exp")
	nbf, err2 := o.claims.Seconds("nbf")
	if err1 == nil && err2 == nil && exp-nbf > maxObjectLife.Seconds() {
		return badObject("exp of the request object is more than 60 minutes after its nbf.")
	}
	return nil
}

func objectClient(o requestObject, _ *Provider, a *authorization) *bridge.Refusal {
	if !o.claims.Has("client_id") {
		return nil
	}
	if id, err := o.claims.Text("client_id"); err != nil || id != a.client.id {
		return badObject("client_id of the request object must be the client that sends it.")
	}
	return nil
}

func checkBackSigned(_ *Provider, b *backchannel) *bridge.Refusal {
	if !b.signed && strict(&b.authorization) {
		return bridge.Refuse(bridge.BadRequest, "This client must sign its authentication requests, in the parameter request (CIBA Core 1.0, section 7.1.1).").WithCode("request_object_required")
	}
	return nil
}

// checkHints takes the one hint. An ID token may have expired: it names, it does not authorise.
func checkHints(p *Provider, b *backchannel) *bridge.Refusal {
	n := 0
	for _, name := range [...]string{"login_hint", "id_token_hint", "login_hint_token"} {
		if b.form.Has(name) {
			n++
		}
	}
	switch {
	case n != 1:
		return bridge.Refuse(bridge.BadRequest, "Exactly one of login_hint and id_token_hint must name the person (CIBA Core 1.0, section 7.1).").WithCode("hints")
	case b.form.Has("login_hint_token"):
		return bridge.Refuse(bridge.UnsupportedRequest, "login_hint_token is not taken here. Send login_hint with the person's uid, or id_token_hint.").WithCode("login_hint_token")
	case b.form.Has("login_hint"):
		b.hint = b.get("login_hint")
		return nil
	}
	return checkHint(p, &b.authorization)
}

const maxMessage = 64 // characters of a binding message

// checkMessage wants what fits on one line of any screen, and nothing that turns or hides text.
func checkMessage(_ *Provider, b *backchannel) *bridge.Refusal {
	b.message = b.get("binding_message")
	plain := utf8.ValidString(b.message) && !strings.ContainsFunc(b.message, func(r rune) bool { return !unicode.IsPrint(r) })
	switch {
	case b.message == "" && b.client.terms.Profile == trust.ProfileFAPI2:
		return bridge.Refuse(bridge.BadRequest, "binding_message is missing: this client's requests need one (FAPI-CIBA, section 5.2.2).").WithCode(codeBindingMessage)
	case !plain || utf8.RuneCountInString(b.message) > maxMessage || b.message != "" && strings.TrimSpace(b.message) == "":
		return bridge.Refuse(bridge.BadRequest, "binding_message must be plain text of at most %d printable characters.", maxMessage).WithCode(codeBindingMessage)
	}
	return nil
}

func checkExpiry(p *Provider, b *backchannel) *bridge.Refusal {
	if !b.form.Has("requested_expiry") {
		return nil
	}
	seconds, err := strconv.ParseUint(b.get("requested_expiry"), 10, 31)
	if err != nil || seconds == 0 {
		return bridge.Refuse(bridge.BadRequest, "requested_expiry must be a number of seconds, 1 or more.").WithCode("requested_expiry")
	}
	b.life = min(time.Duration(seconds)*time.Second, p.life.Longest)
	return nil
}

const maxNotificationToken = 1024 // bytes

// checkNotification wants a token that can stand in an Authorization header (RFC 6750, section 2.1).
func checkNotification(_ *Provider, b *backchannel) *bridge.Refusal {
	if b.client.terms.CIBA.Mode != trust.CIBAPing {
		return nil
	}
	b.token = b.get("client_notification_token")
	body := strings.TrimRight(b.token, "=")
	bad := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._~+/", r))
	}
	if body == "" || len(b.token) > maxNotificationToken || strings.ContainsFunc(body, bad) {
		return bridge.Refuse(bridge.BadRequest, "client_notification_token must be a bearer token of 1 to %d characters: this client is pinged (CIBA Core 1.0, section 7.1).", maxNotificationToken).WithCode("notification_token")
	}
	return nil
}
