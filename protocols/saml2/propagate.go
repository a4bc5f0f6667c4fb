package saml2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

var _ bridge.Propagator = (*Provider)(nil)

var (
	errLogoutAnswer = errors.New("saml2: answer to a logout request is not usable")
	errNotEnded     = errors.New("saml2: partner answers that it did not end its session")
)

// sentLife is how long the browser may take to bring an answer back.
const sentLife = time.Hour

// Propagate implements bridge.Propagator: by SOAP where the partner listens for it, else through the browser: by
// HTTP-Redirect, or by a page of ours that posts.
func (p *Provider) Propagate(ctx context.Context, d bridge.Delivery, partner trust.Partner) (bridge.DeliveryState, string) {
	if partner.SAML == nil || partner.SAML.Entity.SP == nil || d.Participant.Format == trust.SubjectNone { // a LogoutRequest must name somebody
		return bridge.DeliveryNone, ""
	}
	if e, ok := sloEndpoint(partner.SAML.Entity.SP, bySOAP); ok && p.Poster != nil {
		return p.propagateBySOAP(ctx, d, partner, e.Location)
	}
	target, err := p.throughBrowser(ctx, d, partner)
	switch {
	case err != nil:
		p.Log.WarnContext(ctx, "logout request could not be made", "partner", partner.ID, "error", err.Error())
		return bridge.DeliveryNoReply, ""
	case target == "":
		return bridge.DeliveryNone, ""
	}
	return bridge.DeliveryFront, target
}

// propagateBySOAP tells a partner by SOAP. One that cannot be understood may be told through the browser as well: some products list SOAP in
// the metadata they make of themselves and answer there with a page. So does one that is being maintained: it is told by SOAP again, since
// the session may have ended far from any browser.
func (p *Provider) propagateBySOAP(ctx context.Context, d bridge.Delivery, partner trust.Partner, to string) (bridge.DeliveryState, string) {
	err := p.tellBySOAP(ctx, d, partner, to)
	if err == nil {
		return bridge.DeliveryEnded, ""
	}
	p.Log.WarnContext(ctx, "partner did not end its session", "partner", partner.ID, "error", err.Error())
	switch {
	case errors.Is(err, errNotEnded):
		return bridge.DeliveryRefused, ""
	case !errors.Is(err, errLogoutAnswer):
		return bridge.DeliveryNoReply, ""
	}
	target, err := p.throughBrowser(ctx, d, partner)
	if err != nil {
		p.Log.WarnContext(ctx, "logout request could not be made", "partner", partner.ID, "error", err.Error())
	}
	return bridge.DeliveryNoReply, target
}

// throughBrowser is the address that the browser must visit to tell a partner; empty if there is none. Where a message needs a
// page, or the partner does not answer, that is one of ours: only the visit there says that it was told.
func (p *Provider) throughBrowser(ctx context.Context, d bridge.Delivery, partner trust.Partner) (string, error) {
	to, by, ok := frontEndpoint(partner.SAML.Entity.SP)
	switch {
	case !ok:
		return "", nil
	case by == byRedirect && !partner.SAML.AsyncLogout:
		out, err := p.packLogout(ctx, partner, d, reply{URL: to, By: by})
		return out.to, err
	}
	return p.frontPage(ctx, d)
}

// frontEndpoint is where a partner takes a LogoutRequest in the browser.
func frontEndpoint(sp *metadata.ServiceProvider) (to string, by binding, ok bool) {
	for _, by := range []binding{byRedirect, byPOST, bySimpleSign, byArtifact} {
		if e, ok := sloEndpoint(sp, by); ok {
			return e.Location, by, true
		}
	}
	return "", "", false
}

// keepSent remembers what a LogoutRequest is sent for and returns the ID it shall have.
func (p *Provider) keepSent(ctx context.Context, sent sentLogout) (string, error) {
	id := p.newID()
	return id, p.put(ctx, bridge.KindSAMLLogout, id, sent, sentLife)
}

func (p *Provider) tellBySOAP(ctx context.Context, d bridge.Delivery, partner trust.Partner, to string) error {
	key, err := p.signingKey(partner)
	if err != nil {
		return err
	}
	n, err := p.noticeOf(d, partner)
	if err != nil {
		return err
	}
	n.id, n.to = p.newID(), to
	doc, at := n.write(p.EntityID, p.Hub.Clock())
	if doc, err = xmlsec.SignEnveloped(doc, n.id, at, key, p.Rand); err != nil {
		return fmt.Errorf("saml2: sign logout request: %w", err)
	}
	code, answer, err := p.Poster.Post(ctx, to, soapMedia, envelope(doc))
	if err != nil {
		return fmt.Errorf("saml2: send logout request: %w", err)
	}
	switch {
	case code >= http.StatusInternalServerError: // it may be another time
		return fmt.Errorf("saml2: send logout request: status %d", code)
	case code != http.StatusOK:
		return fmt.Errorf("%w: status %d", errLogoutAnswer, code)
	}
	return p.readSOAPAnswer(answer, partner, n.id, strings.HasPrefix(to, "https://"))
}

// readSOAPAnswer wants a LogoutResponse of the partner to our request. Its signature is verified if it has one. Without, a
// TLS connection to a registered address vouches for it (SAML Bindings 3.2.2), and nothing else does.
func (p *Provider) readSOAPAnswer(answer []byte, partner trust.Partner, request string, vouched bool) error {
	inner, err := xmlsec.SOAPBody(answer, xmlsec.MessageLimits())
	if err != nil {
		return fmt.Errorf("%w: %w", errLogoutAnswer, err)
	}
	root, from, err := verifyFrom(message{by: bySOAP, response: true, xml: string(inner)}, partner, p.limits())
	if err != nil {
		return fmt.Errorf("%w: %w", errLogoutAnswer, err)
	}
	res, err := readLogoutResponse(root)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errLogoutAnswer, err)
	case !from.signed && !vouched:
		return fmt.Errorf("%w: it is not signed, and came without TLS", errLogoutAnswer)
	case res.InResponseTo != request:
		return fmt.Errorf("%w: it answers another request", errLogoutAnswer)
	case !res.ended() && !res.unknown():
		return fmt.Errorf("%w: %.80s %.80s", errNotEnded, res.Top, res.Second)
	}
	return nil
}
