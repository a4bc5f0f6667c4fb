package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// kindProof is the mark that a DPoP proof was used. It lives for as long as the proof would be accepted.
const kindProof bridge.ArtifactKind = "oidc-proof"

// proofPrefix begins the codes of refused proofs. All are answered with invalid_dpop_proof (RFC 9449, sections 5 and 7.1).
const proofPrefix = "dpop_"

func refuseProof(code, format string, args ...any) *bridge.Refusal {
	return bridge.Refuse(bridge.BadRequest, format, args...).WithCode(proofPrefix + code)
}

// proveKey verifies the DPoP proof of a request to an endpoint of ours, if it has one. Without one the holding is empty.
func (p *Provider) proveKey(w http.ResponseWriter, r *http.Request, c *client, path string) (holding, error) {
	proof, shown, err := readProof(r.Header)
	p.announceNonce(w, c, shown)
	if err != nil || !shown {
		return holding{}, err
	}
	return p.checkProof(c, proof, jose.ProofRules{Method: r.Method, Targets: p.targets(path)})
}

// readProof takes the DPoP proof out of a request: there is none, or exactly one (RFC 9449, section 4.3).
func readProof(h http.Header) (proof string, shown bool, err error) {
	switch values := h.Values("DPoP"); len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	}
	return "", true, refuseProof("twice", "More than one DPoP header (RFC 9449, section 4.3).")
}

// checkProof is the check of a proof, all but that it was not used before: that is seen when its mark is stored.
func (p *Provider) checkProof(c *client, token string, rules jose.ProofRules) (holding, error) {
	rules.Algorithms, rules.Now = c.profile().algorithms, p.hub.Clock()
	if p.wantsNonce(c) {
		rules.Nonce = p.nonces.good
	}
	proof, err := jose.VerifyProof(token, rules)
	if errors.Is(err, jose.ErrProofNonce) {
		return holding{}, bridge.Refuse(bridge.BadRequest, "The DPoP proof needs the nonce of the header DPoP-Nonce: try again with it (RFC 9449, section 8).").WithCode(codeUseNonce).Because(err)
	}
	if err != nil {
		return holding{}, refuseProof(proofCode(err), "The DPoP proof was refused: %s.", err.Error()).Because(err)
	}
	mark := bridge.Artifact{Kind: kindProof, Key: bridge.Key(proof.Thumbprint + "\x00" + proof.ID), Expires: proof.Until}
	return holding{confirmation{Thumbprint: proof.Thumbprint}, &bridge.PutArtifact{Artifact: mark}}, nil
}

// proofCode names on record what was wrong with a proof.
func proofCode(err error) string {
	for _, c := range [...]struct {
		rule error
		code string
	}{
		{jose.ErrProofKey, "key"}, {jose.ErrProofID, "jti"}, {jose.ErrProofMethod, "htm"}, {jose.ErrProofTarget, "htu"}, {jose.ErrProofTime, "iat"},
		{jose.ErrProofToken, "ath"}, {jose.ErrAlgorithm, "alg"}, {jose.ErrType, "typ"}, {jose.ErrSignature, "signature"},
	} {
		if errors.Is(err, c.rule) {
			return c.code
		}
	}
	return "malformed"
}

// usedProof says that a proof came twice.
func usedProof() *bridge.Refusal {
	return bridge.Refuse(bridge.Replayed, "The jti of the DPoP proof was used before: every request needs a proof of its own (RFC 9449, section 11.1).").WithCode(proofPrefix + "replayed")
}

// spendProof records the use of a proof on its own, for requests that commit nothing else.
func (p *Provider) spendProof(ctx context.Context, h holding) error {
	if h.mark == nil {
		return nil
	}
	err := p.hub.Artifacts.Put(ctx, h.mark.Artifact, false)
	if errors.Is(err, bridge.ErrExists) {
		return usedProof().Because(err)
	}
	if err != nil {
		return fmt.Errorf("oidc: record proof: %w", err)
	}
	return nil
}

// bindTo binds a pushed authorization request to the key of the DPoP proof it came with, if it has one (RFC 9449, section 10.1): the
// code will be good for that key alone.
func (a *authorization) bindTo(h holding) *bridge.Refusal {
	switch {
	case h.Thumbprint == "":
		return nil
	case a.Key != "" && a.Key != h.Thumbprint:
		return refuseProof("jkt", "dpop_jkt is not the thumbprint of the key that signed the DPoP proof (RFC 9449, section 10.1).")
	}
	a.form.Set("dpop_jkt", h.Thumbprint)
	return nil
}

// checkKey reads the key that the code shall be bound to (RFC 9449, section 10).
func checkKey(_ *Provider, a *authorization) *bridge.Refusal {
	a.Key = a.get("dpop_jkt")
	if raw, err := b64.Strict().DecodeString(a.Key); a.Key != "" && (err != nil || len(raw) != thumbprintBytes) {
		return bridge.Refuse(bridge.BadRequest, "dpop_jkt must be the SHA-256 thumbprint of a key in base64url (RFC 9449, section 10).").WithCode("bad_jkt")
	}
	return nil
}

const thumbprintBytes = 32
