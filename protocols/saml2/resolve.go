package saml2

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

const artifactElement = "ArtifactResponse"

// artifactResolve is an ArtifactResolve as written (SAML Core 3.5.1).
type artifactResolve struct {
	header
	Artifact string
}

func readArtifactResolve(e *xmlsec.Element) (artifactResolve, error) {
	if !e.Is(protocolSpace, "ArtifactResolve") {
		return artifactResolve{}, badRequest("message_type", "The message does not ask for a message.")
	}
	r := &reader{e: e}
	r.sequence("a:Issuer", "p:Extensions", "p:Artifact")
	req := artifactResolve{header: readHeader(r)}
	if a := e.Child(protocolSpace, "Artifact"); a != nil && len(a.Children) == 0 {
		req.Artifact = trimmed(a.Text()) // base64, for which it means nothing either
	} else {
		r.fail("ArtifactResolve has no Artifact.")
	}
	if r.err != nil {
		return req, r.err
	}
	return req, nil
}

// resolveArtifact is the artifact resolution service: it hands a message over, once, to the partner that the message is for.
func (p *Provider) resolveArtifact(w http.ResponseWriter, r *http.Request) {
	m, err := decodeSOAP(r)
	var from sender
	var req artifactResolve
	if err == nil {
		from, req, err = p.examineResolve(m)
	}
	if p.faulted(w, r, from, req.ID, err) {
		return
	}
	out := response{element: artifactElement, id: p.newID(), at: p.Hub.Clock(), request: req.ID, status: status{top: successTop}}
	var doc []byte
	if err == nil {
		doc, err = p.takeHeld(r.Context(), from.partner, req.Artifact)
	}
	if err != nil {
		out.status = statusOf(p.record(r, from.partner.ID, err))
	}
	signed, err := p.signResponse(from.partner, out, inherit(doc))
	if err != nil {
		p.fault(w, p.record(r, from.partner.ID, err))
		return
	}
	p.sendSOAP(w, signed)
}

// examineResolve verifies and judges the request. It must be signed: nothing else tells us who asks.
func (p *Provider) examineResolve(m message) (sender, artifactResolve, error) {
	root, from, err := p.verifySigned(m, "An artifact is handed out to a signed request alone.")
	if err != nil {
		return from, artifactResolve{}, err
	}
	req, err := readArtifactResolve(root)
	if err != nil {
		return from, req, err
	}
	if _, r := p.judgeHeader(req.header, m.by, p.Kit.URL(ArtifactPath)); r != nil {
		return from, req, r
	}
	return from, req, nil
}

// takeHeld returns the message, once; nothing, and no error, for an artifact that is unknown, expired, used or somebody
// else's: the partner learns no difference (SAML Core 3.5.3), the record does.
func (p *Provider) takeHeld(ctx context.Context, partner trust.Partner, text string) ([]byte, error) {
	a, err := readArtifact(text)
	if err != nil {
		return nil, p.noMessage(ctx, partner, "artifact_unknown")
	}
	var held heldMessage
	key := bridge.Key(a.encode()) // there may be line ends in what they sent
	err = p.takeOwn(ctx, kindArtifact, key, &held, func() bool { return held.Partner == partner.ID })
	switch {
	case errors.Is(err, errForeign):
		return nil, p.noMessage(ctx, partner, "artifact_other_partner")
	case errors.Is(err, bridge.ErrNotFound):
		return nil, p.noMessage(ctx, partner, "artifact_unknown")
	case errors.Is(err, bridge.ErrSpent):
		return nil, p.noMessage(ctx, partner, "artifact_used")
	case bridge.AsRefusal(err).Reason == bridge.SessionExpired:
		return nil, p.noMessage(ctx, partner, bridge.AsRefusal(err).AuditCode())
	case err != nil:
		return nil, err
	}
	return held.Doc, nil
}

// noMessage records why a partner got nothing.
func (p *Provider) noMessage(ctx context.Context, partner trust.Partner, code string) error {
	refusal := bridge.Refuse(bridge.BadRequest, "There is no message for this artifact.").WithCode(code)
	p.Hub.RefuseRequest(ctx, ledger.Refused, partner.ID, bridge.Ref(ctx), refusal)
	return nil
}

// inherit takes the declaration of samlp off the message's root: inside an ArtifactResponse it has one already, and canonical form says
// nothing twice. Two prefixes of one namespace would do as well, but not for libraries that write what they received anew before
// they verify it, with one prefix for each namespace.
func inherit(doc []byte) []byte {
	return bytes.Replace(doc, []byte(` xmlns:samlp="`+protocolSpace+`"`), nil, 1)
}
