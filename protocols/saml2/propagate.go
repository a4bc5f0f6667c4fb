package saml2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

var _ bridge.Propagator = (*Provider)(nil)

var errLogoutAnswer = errors.New("saml2: answer to a logout request is not usable")

// sentLife is how long the browser may take to bring an answer back.
const sentLife = time.Hour

// Propagate implements bridge.Propagator: by SOAP where the partner listens for it, else through the browser: by
// HTTP-Redirect, or by a page of ours that posts.
func (p *Provider) Propagate(ctx context.Context, d bridge.Delivery, partner trust.Partner) (bridge.DeliveryState, string) {
	if partner.SAML == nil || partner.SAML.Entity.SP == nil {
		return bridge.DeliveryNone, ""
	}
	told := p.nameIDOf(trust.SubjectKind(d.Participant.Format), d.Participant.Subject, partner.ID)
	if e, ok := sloEndpoint(partner.SAML.Entity.SP, bySOAP); ok && p.Poster != nil {
		err := p.tellBySOAP(ctx, partner, e.Location, told, d.Participant.Index)
		if err == nil {
			return bridge.DeliveryEnded, ""
		}
		p.Log.WarnContext(ctx, "partner did not end its session", "partner", partner.ID, "error", err.Error())
		return bridge.DeliveryNoReply, ""
	}
	target, err := p.throughBrowser(ctx, d, partner, told)
	switch {
	case err != nil:
		p.Log.WarnContext(ctx, "logout request could not be made", "partner", partner.ID, "error", err.Error())
		return bridge.DeliveryNoReply, ""
	case target == "":
		return bridge.DeliveryNone, ""
	}
	return bridge.DeliveryFront, target
}

// throughBrowser is the address that the browser must visit to tell a partner; empty if there is none.
func (p *Provider) throughBrowser(ctx context.Context, d bridge.Delivery, partner trust.Partner, told nameID) (string, error) {
	if e, ok := sloEndpoint(partner.SAML.Entity.SP, byRedirect); ok {
		return p.frontURL(ctx, d, partner, e.Location, told)
	}
	if _, ok := sloEndpoint(partner.SAML.Entity.SP, byPOST); ok {
		return p.frontPage(ctx, d)
	}
	return "", nil
}

// frontURL is a signed LogoutRequest for the browser to carry. What it was sent for is kept by its ID.
func (p *Provider) frontURL(ctx context.Context, d bridge.Delivery, partner trust.Partner, to string, told nameID) (string, error) {
	id, err := p.keepSent(ctx, sentLogout{Partner: partner.ID, Logout: d.Logout, Delivery: d.ID})
	if err != nil {
		return "", err
	}
	doc, _ := p.newLogoutRequest(id, to, told, d.Participant.Index)
	return p.redirectURL(partner, to, "SAMLRequest", doc, relayState{Present: true, Value: d.Logout + "." + d.ID})
}

// keepSent remembers what a LogoutRequest is sent for and returns the ID it shall have.
func (p *Provider) keepSent(ctx context.Context, sent sentLogout) (string, error) {
	payload, err := json.Marshal(sent)
	if err != nil {
		return "", fmt.Errorf("saml2: write sent request: %w", err)
	}
	id := p.newID()
	a := bridge.Artifact{Kind: bridge.KindSAMLLogout, Key: id, Payload: payload, Expires: p.Hub.Clock().Add(sentLife)}
	if err := p.Hub.Artifacts.Put(ctx, a, false); err != nil {
		return "", fmt.Errorf("saml2: keep sent request: %w", err)
	}
	return id, nil
}

func (p *Provider) tellBySOAP(ctx context.Context, partner trust.Partner, to string, told nameID, index string) error {
	key, err := p.signingKey(partner)
	if err != nil {
		return err
	}
	id := p.newID()
	doc, at := p.newLogoutRequest(id, to, told, index)
	if doc, err = xmlsec.SignEnveloped(doc, id, at, key, p.Rand); err != nil {
		return fmt.Errorf("saml2: sign logout request: %w", err)
	}
	code, answer, err := p.Poster.Post(ctx, to, soapMedia, envelope(doc))
	if err != nil {
		return fmt.Errorf("saml2: send logout request: %w", err)
	}
	if code != http.StatusOK {
		return fmt.Errorf("%w: status %d", errLogoutAnswer, code)
	}
	return readSOAPAnswer(answer, partner, id)
}

// readSOAPAnswer wants a LogoutResponse of the partner to our request. Its signature is verified if it has one: without, the
// connection to a registered address vouches for it (SAML Bindings 3.2.2).
func readSOAPAnswer(answer []byte, partner trust.Partner, request string) error {
	inner, err := xmlsec.SOAPBody(answer, xmlsec.MessageLimits())
	if err != nil {
		return fmt.Errorf("%w: %w", errLogoutAnswer, err)
	}
	root, _, err := verifyFrom(message{by: bySOAP, response: true, xml: inner}, partner, xmlsec.MessageLimits())
	if err != nil {
		return fmt.Errorf("%w: %w", errLogoutAnswer, err)
	}
	res, err := readLogoutResponse(root)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errLogoutAnswer, err)
	case res.InResponseTo != request:
		return fmt.Errorf("%w: it answers another request", errLogoutAnswer)
	case !res.ended():
		return fmt.Errorf("%w: %s %s", errLogoutAnswer, res.Top, res.Second)
	}
	return nil
}
