package saml2

import (
	"context"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// sloRedirect takes a LogoutRequest or LogoutResponse from a URL.
func (p *Provider) sloRedirect(w http.ResponseWriter, r *http.Request) {
	m, err := p.decodeRedirect(r.URL.RawQuery)
	p.slo(w, r, m, err)
}

// sloPost takes the same from a form.
func (p *Provider) sloPost(w http.ResponseWriter, r *http.Request) {
	m, err := p.decodePOST(r)
	p.slo(w, r, m, err)
}

func (p *Provider) slo(w http.ResponseWriter, r *http.Request, m message, err error) {
	if err == nil {
		m, err = p.dereference(r.Context(), m)
	}
	switch {
	case err != nil:
		p.refusePage(w, r, m.from, err)
	case m.response:
		p.takeLogoutResponse(w, r, m)
	default:
		p.takeLogoutRequest(w, r, m)
	}
}

// logoutInquiry is a LogoutRequest that passed its checks.
type logoutInquiry struct {
	sender
	req logoutRequest
}

// examineLogout verifies and judges a LogoutRequest. It must be signed, whatever the binding (SAML Profiles 4.4.4.1).
func (p *Provider) examineLogout(ctx context.Context, m message, endpoint string) (logoutInquiry, error) {
	root, from, err := p.verifySigned(m, "A sign-out request must be signed.")
	q := logoutInquiry{sender: from}
	if err != nil {
		return q, err
	}
	if q.req, err = readLogoutRequest(root); err != nil {
		return q, err
	}
	issued, r := p.judgeHeader(q.req.header, m.by, endpoint)
	switch {
	case r != nil:
		return q, r
	case q.req.expired(p.Hub.Clock(), p.ClockSkew):
		return q, bridge.Refuse(bridge.Stale, "The sign-out request has expired.")
	}
	return q, p.once(ctx, from.partner, q.req.ID, issued)
}

// addressed reports whether a message of this binding must say where it goes. One by SOAP, or fetched for an artifact, came over
// a connection between the two.
func (b binding) addressed() bool { return b != bySOAP && b != byArtifact }

// judgeHeader runs the checks that need nothing but what every message says, and returns when it was issued.
func (p *Provider) judgeHeader(h header, by binding, endpoint string) (time.Time, *bridge.Refusal) {
	if r := h.checkID(); r != nil {
		return time.Time{}, r
	}
	if r := h.checkIssuer(); r != nil {
		return time.Time{}, r
	}
	if r := h.checkDestination(endpoint, by.addressed()); r != nil {
		return time.Time{}, r
	}
	if r := h.checkVersion(); r != nil {
		return time.Time{}, r
	}
	return h.checkInstant(p.Hub.Clock(), p.ClockSkew, p.RequestLife)
}

// takeLogoutRequest ends the named sessions for a partner that sent the browser here.
func (p *Provider) takeLogoutRequest(w http.ResponseWriter, r *http.Request, m message) {
	q, err := p.examineLogout(r.Context(), m, p.Kit.URL(SLOPath))
	if err != nil {
		p.refuseLogout(w, r, q, m, err)
		return
	}
	here := p.sessionHere(r)
	report, err := p.endSessions(r.Context(), q, here)
	if here != "" && report.Session.ID == here {
		p.Kit.ClearSession(w)
	}
	if q.req.Async {
		p.afterAsync(w, r, q, report.LogoutReport, err)
		return
	}
	pending := pendingAnswer{Partner: q.partner.ID, Request: q.req.ID, Relay: m.relay, By: m.by, Logouts: report.logouts}
	if err != nil {
		refusal := p.record(r, q.partner.ID, err)
		if _, _, told := answerEndpoint(q.partner.SAML.Entity.SP, m.by); onlyOnPage(refusal) || !told {
			p.showRefusal(w, r, refusal)
			return
		}
		pending.Status, pending.Logouts = statusOf(refusal), nil
	}
	if p.AfterLogout == nil || report.Everywhere() {
		p.answerLogout(w, r, q.partner, pending)
		return
	}
	next, err := p.putPending(r.Context(), q.partner, pending)
	if err != nil {
		p.refusePage(w, r, q.partner.ID, err)
		return
	}
	p.AfterLogout(w, r, report.LogoutReport, next)
}

// afterAsync shows what became of a sign-out whose sender wants no answer: the browser stays here.
func (p *Provider) afterAsync(w http.ResponseWriter, r *http.Request, q logoutInquiry, report bridge.LogoutReport, err error) {
	switch {
	case err != nil:
		p.refusePage(w, r, q.partner.ID, err)
	case p.AfterLogout == nil:
		p.plainPage(w, "You are signed out.")
	default:
		p.AfterLogout(w, r, report, "")
	}
}

// sessionHere is the id of this browser's session, idle or not; empty if it shows none. A cross-site POST never does.
func (p *Provider) sessionHere(r *http.Request) string {
	secret := p.Kit.Browser(r).Session
	if secret == "" {
		return ""
	}
	s, err := p.Hub.Sessions.SessionByKey(r.Context(), bridge.Key(secret))
	if err != nil {
		return "" // it only decides about the cookie: the sessions to end are found by what the partner says
	}
	return s.ID
}
