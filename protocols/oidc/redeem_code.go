package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// codeCheck is one rule over a code that is being redeemed.
type codeCheck struct {
	name   string
	clause string
	run    func(x *exchange, g *grant) *bridge.Refusal
}

// codeChecks are all of them. An authenticated client that fails one has spent the code.
var codeChecks = [...]codeCheck{
	{"issued to this client", "RFC 6749, 4.1.3", checkCodeClient},
	{"not expired", "RFC 6749, 4.1.2", checkCodeLife},
	{"redirect URI as in the authorization request", "RFC 6749, 4.1.3", checkCodeRedirect},
	{"code verifier", "RFC 7636, 4.6; RFC 9700, 2.1.1", checkVerifier},
	{"key as in the authorization request", "RFC 9449, 10", checkCodeKey},
}

// redeemCode exchanges a code, once.
func (p *Provider) redeemCode(ctx context.Context, x *exchange) (*tokenResponse, error) {
	var g grant
	if !p.sealer.open(sealCode, x.get("code"), &g) || g.Offer == nil {
		return nil, bridge.Refuse(bridge.BadGrant, "The code was not issued here.").WithCode("code_unknown")
	}
	x.found = &g
	for _, c := range codeChecks {
		if why := c.run(x, &g); why != nil {
			return nil, why
		}
	}
	g.Scopes = x.caller.allowed(g.Scopes)
	to, err := p.narrowAudience(x, g.Resources)
	if err != nil {
		return nil, err
	}
	return p.tell(ctx, x, telling{grant: &g, event: ledger.TokenIssued, scopes: g.Scopes, audience: to, nonce: g.Offer.Nonce})
}

func checkCodeClient(x *exchange, g *grant) *bridge.Refusal {
	if g.Client != x.caller.id {
		return bridge.Refuse(bridge.BadGrant, "The code was issued to another client.").WithCode("code_client")
	}
	return nil
}

func checkCodeLife(x *exchange, g *grant) *bridge.Refusal {
	if x.now.Unix() >= g.Offer.Expires {
		return bridge.Refuse(bridge.BadGrant, "The code has expired: it must be redeemed at once.").WithCode("code_expired")
	}
	return nil
}

func checkCodeRedirect(x *exchange, g *grant) *bridge.Refusal {
	switch got := x.get("redirect_uri"); {
	case got == "":
		return bridge.Refuse(bridge.BadGrant, "redirect_uri is missing: send the one of the authorization request.").WithCode("code_redirect")
	case got != g.Offer.Redirect:
		return bridge.Refuse(bridge.BadGrant, "redirect_uri is not the one of the authorization request.").WithCode("code_redirect")
	}
	return nil
}

func checkCodeKey(x *exchange, g *grant) *bridge.Refusal {
	if g.Offer.Key != "" && g.Offer.Key != x.caller.holds.Thumbprint {
		return bridge.Refuse(bridge.BadGrant, "The authorization request named a key by dpop_jkt: send a DPoP proof of that key.").WithCode("code_key")
	}
	return nil
}

func checkVerifier(x *exchange, g *grant) *bridge.Refusal {
	verifier := x.get("code_verifier")
	switch {
	case g.Offer.Challenge == "" && verifier == "":
		return nil
	case g.Offer.Challenge == "":
		return bridge.Refuse(bridge.BadGrant, "code_verifier was sent, but the authorization request had no code_challenge.").WithCode("pkce_downgrade")
	case verifier == "":
		return bridge.Refuse(bridge.BadGrant, "code_verifier is missing: the authorization request had a code_challenge.").WithCode("pkce_verifier")
	case len(verifier) < 43 || len(verifier) > 128 || !unreserved(verifier):
		return bridge.Refuse(bridge.BadGrant, "code_verifier must be 43 to 128 characters of A-Z, a-z, 0-9, -, ., _ and ~.").WithCode("pkce_verifier")
	}
	sum := sha256.Sum256([]byte(verifier))
	if subtle.ConstantTimeCompare([]byte(b64.EncodeToString(sum[:])), []byte(g.Offer.Challenge)) != 1 {
		return bridge.Refuse(bridge.BadGrant, "code_verifier does not match the code_challenge of the authorization request.").WithCode("pkce_verifier")
	}
	return nil
}
