package oidc

import (
	"context"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/oidc/jose"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// accessToken is the sealed content of an access token.
type accessToken struct {
	Grant   string   `json:"i"`
	Client  string   `json:"c"`
	Scopes  []string `json:"p"`
	Issued  int64    `json:"t"` // seconds since 1970
	Expires int64    `json:"e"`
	Bound   binding  `json:"b,omitzero"`
}

// readAccess opens an access token that has not expired. Whether its grant lives is asked by grantByID.
func (p *Provider) readAccess(token string) (accessToken, error) {
	var t accessToken
	if !p.sealer.open(sealAccess, token, &t) || p.hub.Clock().Unix() >= t.Expires {
		return accessToken{}, bridge.Refuse(bridge.BadGrant, "The access token is not known, or it has expired.")
	}
	return t, nil
}

// access decides anew what the holder of an access token may be told: of the claims wanted, nil for all. Nothing is
// recorded. The grant that comes back has the scopes of the token. Who the holder is was asked before.
func (p *Provider) access(ctx context.Context, t accessToken, wants []string) (*grant, bridge.Issuance, error) {
	g, err := p.grantByID(ctx, t.Grant)
	if err != nil {
		return nil, bridge.Issuance{}, err
	}
	c, err := p.partner(g.Client)
	if err != nil {
		return g, bridge.Issuance{}, err
	}
	g.Scopes = c.allowed(t.Scopes)
	iss, err := p.hub.Reissue(ctx, g.bridge(p, wants), ledger.TokenIssued)
	return g, iss, err
}

// heldAccess reads the access token of a request to a resource of ours, and refuses it from anyone but its holder: a bound token needs
// its key or certificate, and a bearer token does not pass for a bound one (RFC 9449, section 7; RFC 8705, section 3).
func (p *Provider) heldAccess(w http.ResponseWriter, r *http.Request, shown presented, path string) (accessToken, error) {
	t, err := p.readAccess(shown.token)
	if err != nil {
		return t, err
	}
	if t.Bound.tokenType() != shown.scheme {
		return t, bridge.Refuse(bridge.BadGrant, "The access token is of the type %s, and was presented as %s.", t.Bound.tokenType(), shown.scheme).WithCode("token_scheme")
	}
	var h holding
	if t.Bound.Key != "" {
		if h, err = p.proveAccess(w, r, t, shown.token, path); err != nil {
			return t, err
		}
	}
	if !t.Bound.heldBy(h.binding) {
		return t, bridge.Refuse(bridge.BadGrant, "The access token is bound to another key or certificate than the request shows.").WithCode("token_holder")
	}
	return t, p.spendProof(r.Context(), h)
}

// proveAccess verifies the proof that must come with a token that is bound to a key.
func (p *Provider) proveAccess(w http.ResponseWriter, r *http.Request, t accessToken, token, path string) (holding, error) {
	c, err := p.partner(t.Client)
	if err != nil {
		return holding{}, err
	}
	proof, shown, err := readProof(r.Header)
	p.announceNonce(w, c, true)
	if err != nil {
		return holding{}, err
	}
	if !shown {
		return holding{}, refuseProof("missing", "The access token is bound to a key: send a DPoP proof with it (RFC 9449, section 7.1).")
	}
	return p.checkProof(c, proof, jose.ProofRules{Method: r.Method, Targets: p.targets(path), AccessToken: token})
}
