package saml2

import (
	"context"
	"fmt"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
)

// pendingAnswer is a LogoutResponse that is still owed.
type pendingAnswer struct {
	Partner string
	Request string // InResponseTo
	Relay   relayState
	By      binding
	Status  status   `json:"-"`
	Logouts []string // sign-outs whose deliveries decide the status; none: Status stands
}

const pendingLife = 10 * bounceLife

// putPending stores an answer until the browser has told the others, and returns the address that gives it; empty if the
// partner has nowhere to receive it.
func (p *Provider) putPending(ctx context.Context, partner trust.Partner, pending pendingAnswer) (string, error) {
	if _, _, ok := answerEndpoint(partner.SAML.Entity.SP, pending.By); !ok {
		return "", nil
	}
	id, err := p.keep(ctx, kindPending, pending, pendingLife)
	if err != nil {
		return "", err
	}
	return p.Kit.URL(ResumePath + "?logout=" + id), nil
}

// refuseLogout shows why a request was not looked at further. A partner that is proven to have sent it here, in a version that is not
// spoken, is told so (SAML Core 4.1.3.1); whatever else is wrong may mean that it did not mean us, or not now.
func (p *Provider) refuseLogout(w http.ResponseWriter, r *http.Request, q logoutInquiry, m message, why error) {
	refusal := p.record(r, q.partner.ID, why)
	if !q.signed || q.req.Async || refusal.Reason != bridge.UnsupportedRequest {
		p.showRefusal(w, r, refusal)
		return
	}
	if _, _, told := answerEndpoint(q.partner.SAML.Entity.SP, m.by); !told {
		p.showRefusal(w, r, refusal)
		return
	}
	p.answerLogout(w, r, q.partner, pendingAnswer{Request: q.req.ID, Relay: m.relay, By: m.by, Status: statusOf(refusal)})
}

// kindPending is a LogoutResponse that waits for the sign-out page.
const kindPending bridge.ArtifactKind = "saml-pending"

// resumeLogout gives the answer that putPending stored.
func (p *Provider) resumeLogout(w http.ResponseWriter, r *http.Request, id string) {
	var pending pendingAnswer
	if err := p.take(r.Context(), kindPending, id, "This sign-out was already finished.", &pending); err != nil {
		p.refusePage(w, r, "", err)
		return
	}
	partner, err := p.partner(pending.Partner)
	if err != nil {
		p.refusePage(w, r, pending.Partner, err)
		return
	}
	p.answerLogout(w, r, partner, pending)
}

// answerLogout sends the browser back with the signed LogoutResponse.
func (p *Provider) answerLogout(w http.ResponseWriter, r *http.Request, partner trust.Partner, pending pendingAnswer) {
	to, by, ok := answerEndpoint(partner.SAML.Entity.SP, pending.By)
	if !ok {
		p.plainPage(w, "You are signed out.")
		return
	}
	st, err := p.logoutStatus(r.Context(), pending)
	if err != nil {
		p.refusePage(w, r, partner.ID, err)
		return
	}
	res := response{element: logoutElement, id: p.newID(), at: p.Hub.Clock(), to: to, request: pending.Request, status: st}
	doc, _ := p.response(res, nil)
	if by == byPOST || by == byArtifact {
		if doc, err = p.signResponse(partner, res, nil); err != nil {
			p.refusePage(w, r, partner.ID, err)
			return
		}
	}
	p.packAndSend(w, r, partner, reply{URL: to, By: by}, responseField, doc, pending.Relay)
}

// logoutStatus is Success only if every other participant has confirmed by now (SAML Core 3.7.3.2).
func (p *Provider) logoutStatus(ctx context.Context, pending pendingAnswer) (status, error) {
	if len(pending.Logouts) == 0 {
		return pending.Status, nil
	}
	var all []bridge.Delivery
	for _, logout := range pending.Logouts {
		ds, err := p.Hub.Deliveries.Deliveries(ctx, logout)
		if err != nil {
			return status{}, fmt.Errorf("saml2: load deliveries: %w", err)
		}
		all = append(all, ds...)
	}
	return statusOfLogout(all), nil
}

func statusOfLogout(ds []bridge.Delivery) status {
	if (bridge.LogoutReport{Deliveries: ds}).Everywhere() {
		return status{top: successTop}
	}
	return status{top: successTop, second: partialLogout}
}

// answerEndpoint is where a partner takes a LogoutResponse in the browser: by the binding it asked by, else by another.
func answerEndpoint(sp *metadata.ServiceProvider, asked binding) (string, binding, bool) {
	for _, by := range []binding{asked, byRedirect, byPOST, bySimpleSign, byArtifact} {
		if e, ok := sloEndpoint(sp, by); ok && by != bySOAP {
			if e.ResponseLocation != "" {
				return e.ResponseLocation, by, true
			}
			return e.Location, by, true
		}
	}
	return "", "", false
}

func sloEndpoint(sp *metadata.ServiceProvider, by binding) (metadata.Endpoint, bool) {
	for _, e := range sp.SLO {
		if e.Binding == string(by) {
			return e, true
		}
	}
	return metadata.Endpoint{}, false
}
