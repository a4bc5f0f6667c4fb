package oidc

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// heldAccess reads the access token that is shown at userinfo, and refuses it from anyone but its holder: a bound token needs its key
// or certificate, and a bearer token does not pass for a bound one (RFC 9449, section 7; RFC 8705, section 3).
func (p *Provider) heldAccess(w http.ResponseWriter, r *http.Request, shown presented) (accessToken, error) {
	t, err := p.readAccess(shown.token)
	if err != nil {
		return t, err
	}
	if kind := t.Confirm.kind(); kind != shown.scheme {
		return t, bridge.Refuse(bridge.BadGrant, "The access token is of the type %s, and was presented as %s.", kind, shown.scheme).WithCode("token_scheme")
	}
	var h holding
	if shown.scheme == schemeDPoP {
		if h, err = p.proveAccess(w, r, t, shown.token); err != nil {
			return t, err
		}
	}
	if t.Confirm != nil && t.Confirm.Certificate != "" {
		shown, err := p.certificates(r)
		if err != nil {
			return t, err
		}
		if len(shown) > 0 {
			h.Certificate = certificateHash(shown[0])
		}
	}
	if !t.Confirm.heldBy(h) {
		return t, bridge.Refuse(bridge.BadGrant, "The access token is bound to another key or certificate than the request shows.").WithCode("token_holder")
	}
	return t, p.spendProof(r.Context(), h)
}

// proveAccess verifies the proof that must come with a token that is bound to a key.
func (p *Provider) proveAccess(w http.ResponseWriter, r *http.Request, t accessToken, token string) (holding, error) {
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
	return p.checkProof(c, proof, jose.ProofRules{Method: r.Method, Targets: p.targets(userinfoPath), AccessToken: token})
}
