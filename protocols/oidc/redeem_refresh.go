package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// refreshToken is the sealed content of a refresh token: one link in the chain of a grant.
type refreshToken struct {
	Grant   string `json:"i"`
	Link    int    `json:"n"` // counts from 0; each is used once
	Expires int64  `json:"e"` // seconds since 1970

	Bound *confirmation `json:"b,omitempty"` // of a client that cannot authenticate
}

// rotates reports whether a refresh token is used once and answered with the next. That of a client whose tokens are bound stays
// good (FAPI 2.0 Security Profile, section 5.3.2.1): who finds it can do nothing with it.
func (c *client) rotates(t refreshToken) bool {
	return c.terms.Bind == trust.BindNone || c.public() && t.Bound == nil
}

// refreshUse is what is remembered of the use of a refresh token.
type refreshUse struct {
	At int64 `json:"t"` // seconds since 1970
}

// key names the mark that this link of the chain was used.
func (t refreshToken) key() string { return t.Grant + "." + strconv.Itoa(t.Link) }

// used is that mark.
func (t refreshToken) used(g *grant, use refreshUse) (bridge.PutArtifact, error) {
	payload, err := json.Marshal(use)
	return bridge.PutArtifact{Artifact: bridge.Artifact{
		Kind: bridge.KindRefresh, Key: t.key(), Session: g.Session, Payload: payload, Expires: time.Unix(t.Expires, 0),
	}}, err
}

// refreshGrace is how long after its use a refresh token may come again without ending its grant.
const refreshGrace = 10 * time.Second

// usedAgain refuses a refresh token that was used already. Two at once, as two tabs or a retry of one app send them, are refused and
// nothing more, if they come from the same party: the app authenticates, or holds the key that the token is bound to. Any other second use
// is misuse, and ends the grant: an address proves nothing, a whole ward may share one.
func (p *Provider) usedAgain(ctx context.Context, x *exchange, cause error) error {
	spent := bridge.Refuse(bridge.BadGrant, "The refresh token was used before: its grant has ended (RFC 9700, section 4.14.2).").WithCode("grant_spent").Because(cause)
	mark, err := p.hub.Artifacts.Get(ctx, bridge.KindRefresh, x.link.key(), x.now)
	if errors.Is(err, bridge.ErrNotFound) {
		return spent
	}
	if err != nil {
		return err
	}
	var first refreshUse
	if err := json.Unmarshal(mark.Payload, &first); err != nil {
		return fmt.Errorf("oidc: read use of refresh token: %w", err)
	}
	recent := x.now.Before(time.Unix(first.At, 0).Add(refreshGrace))
	if recent && (!x.caller.public() || x.link.Bound != nil) {
		return bridge.Refuse(bridge.BadGrant, "The refresh token was used a moment ago: use the one that was answered then.").WithCode(codeUsedTwice).Because(cause)
	}
	return spent
}

// holderOf is the client of a refresh token that is shown without a word on who shows it: one that cannot authenticate need not name
// itself then (RFC 6749, sections 3.2.1 and 6). Empty if that cannot be told.
func (p *Provider) holderOf(ctx context.Context, form url.Values) string {
	var t refreshToken
	if form.Get("grant_type") != trust.GrantRefresh || !p.sealer.open(sealRefresh, form.Get("refresh_token"), &t) {
		return ""
	}
	g, err := p.grantByID(ctx, t.Grant)
	if err != nil {
		return ""
	}
	return g.Client
}

// redeemRefresh exchanges a refresh token: once, if it rotates (RFC 9700, section 4.14.2).
func (p *Provider) redeemRefresh(ctx context.Context, x *exchange) (*tokenResponse, error) {
	var t refreshToken
	if !p.sealer.open(sealRefresh, x.get("refresh_token"), &t) || t.Grant == "" {
		return nil, bridge.Refuse(bridge.BadGrant, "The refresh token was not issued here.").WithCode("refresh_unknown")
	}
	if x.now.Unix() >= t.Expires {
		return nil, bridge.Refuse(bridge.BadGrant, "The refresh token has expired.").WithCode("refresh_expired")
	}
	g, err := p.grantByID(ctx, t.Grant)
	if err != nil {
		return nil, err
	}
	x.found = g
	if g.Client != x.caller.id {
		return nil, bridge.Refuse(bridge.BadGrant, "The refresh token was issued to another client.").WithCode("refresh_client")
	}
	if !t.Bound.heldBy(x.caller.holds) {
		return nil, bridge.Refuse(bridge.BadGrant, "The refresh token is bound to a key that this request did not prove to have (RFC 9449, section 5).").WithCode("refresh_key")
	}
	x.link = &t
	if mark := (bridge.PutArtifact{Artifact: bridge.Artifact{Kind: bridge.KindRefresh, Key: t.key()}}); !x.caller.rotates(t) && p.seen(ctx, &mark, x.now) {
		return nil, p.usedAgain(ctx, x, nil) // from a time when it rotated
	}
	g.Scopes = x.caller.allowed(g.Scopes)
	scopes, err := p.narrow(x.caller.client, g.Scopes, x.get("scope"))
	if err != nil {
		return nil, err
	}
	to, err := p.narrowAudience(x, g.Resources)
	if err != nil {
		return nil, err
	}
	return p.tell(ctx, x, telling{grant: g, event: ledger.TokenRefreshed, scopes: scopes, audience: to, link: &t})
}

// narrow applies the scope parameter of a refresh: less than was granted, never more (RFC 6749, section 6). A scope that is known
// neither here nor to the terms is ignored, as it was when the code was asked for: clients send offline_access both times. Of a
// clinical scope that part is left that was granted. The grant itself stays as wide as it was.
func (p *Provider) narrow(c *client, granted []string, scope string) ([]string, error) {
	if scope == "" {
		return granted, nil
	}
	all, why := readScopes(scope)
	if why != nil {
		return nil, why
	}
	var asked []string
	for _, s := range all {
		switch {
		case slices.Contains(granted, s):
			asked = addScopes(asked, s)
		case ofSmart(s):
			asked = addScopes(asked, permitted(clinicalOf(granted), s)...)
		case p.scopes.known(s), slices.Contains(c.scopes, s):
			return nil, bridge.Refuse(bridge.BadGrant, "The scope %s was not granted.", clip(s)).WithCode(codeInvalidScope)
		}
	}
	if !slices.Contains(asked, scopeOpenID) && slices.Contains(granted, scopeOpenID) {
		asked = append([]string{scopeOpenID}, asked...)
	}
	return asked, nil
}
