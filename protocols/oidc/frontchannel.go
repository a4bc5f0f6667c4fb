package oidc

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// sealFront separates the codes of front-channel addresses from every other use of the kit's secret.
const sealFront = "oidc front channel"

// frontURL is the address on this hub that the browser visits to tell a client. That it was there is what can be known; the client's own
// page answers nothing (OpenID Connect Front-Channel Logout 1.0, section 2).
func (p *Provider) frontURL(d bridge.Delivery) string {
	return p.kit.URL(p.at(frontPath) + "?" + url.Values{"logout": {d.Logout}, "delivery": {d.ID}, "v": {p.kit.Seal(sealFront, d.ID)}}.Encode())
}

// front notes that the browser is on its way to a client's front-channel logout, and sends it there.
func (p *Provider) front(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	d, err := p.owed(r)
	target := ""
	if err == nil {
		target, err = p.frontTarget(d)
	}
	if err == nil {
		err = p.hub.WasTold(r.Context(), d.Logout, d.ID)
	}
	if err != nil {
		p.refusePage(w, r, d.Participant.Partner, "", err)
		return
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// owed finds the delivery that an address of frontURL stands for.
func (p *Provider) owed(r *http.Request) (bridge.Delivery, error) {
	gone := bridge.Refuse(bridge.TransactionGone, "This sign-out is no longer known.")
	q := r.URL.Query()
	if !hmac.Equal([]byte(q.Get("v")), []byte(p.kit.Seal(sealFront, q.Get("delivery")))) {
		return bridge.Delivery{}, gone
	}
	ds, err := p.hub.Deliveries.Deliveries(r.Context(), q.Get("logout"))
	if err != nil {
		return bridge.Delivery{}, fmt.Errorf("oidc: load deliveries: %w", err)
	}
	for _, d := range ds {
		if d.ID == q.Get("delivery") && d.Participant.Protocol == trust.OIDC {
			return d, nil
		}
	}
	return bridge.Delivery{}, gone
}

// frontTarget is the client's address as its terms have it now, with the session if they say so. A client that was suspended since is
// told all the same.
func (p *Provider) frontTarget(d bridge.Delivery) (string, error) {
	partner, err := p.hub.Partners.Partner(trust.OIDC, d.Participant.Partner)
	if err != nil && !errors.Is(err, trust.ErrUnknownPartner) {
		return "", fmt.Errorf("oidc: find client: %w", err)
	}
	if err != nil || partner.OIDC == nil || partner.OIDC.FrontchannelLogoutURI == "" {
		return "", bridge.Refuse(bridge.UnknownPartner, "This app cannot be told any more. Close its window.")
	}
	if !partner.OIDC.FrontchannelSession {
		return partner.OIDC.FrontchannelLogoutURI, nil
	}
	return withQuery(partner.OIDC.FrontchannelLogoutURI, url.Values{"iss": {p.issuer}, "sid": {d.Participant.Index}}), nil
}
