package saml2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
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
	switch {
	case err != nil:
		p.refusePage(w, r, "", err)
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
	root, from, err := p.verify(m)
	q := logoutInquiry{sender: from}
	if err != nil {
		return q, err
	}
	if !from.signed {
		return q, bridge.Refuse(bridge.BadSignature, "A sign-out request must be signed.").WithCode("unsigned")
	}
	if q.req, err = readLogoutRequest(root); err != nil {
		return q, err
	}
	now := p.Hub.Clock()
	if r := q.req.judge(endpoint, m.by != bySOAP); r != nil {
		return q, r
	}
	issued, r := q.req.checkInstant(now, p.ClockSkew, p.RequestLife)
	switch {
	case r != nil:
		return q, r
	case q.req.expired(now, p.ClockSkew):
		return q, bridge.Refuse(bridge.Stale, "The sign-out request has expired.")
	}
	mark := bridge.Artifact{
		Kind: bridge.KindReplay, Key: replayKey(from.partner.ID, q.req.ID), Expires: issued.Add(p.RequestLife + p.ClockSkew),
	}
	err = p.Hub.Artifacts.Put(ctx, mark, false)
	switch {
	case errors.Is(err, bridge.ErrExists), errors.Is(err, bridge.ErrSpent):
		return q, bridge.Refuse(bridge.Replayed, "This sign-out request was already used.")
	case err != nil:
		return q, fmt.Errorf("saml2: remember request: %w", err)
	}
	return q, nil
}

// judge runs the checks that need nothing but the message. By SOAP the connection says where it went.
func (h header) judge(endpoint string, addressed bool) *bridge.Refusal {
	if r := h.checkID(); r != nil {
		return r
	}
	if r := h.checkIssuer(); r != nil {
		return r
	}
	if r := h.checkDestination(endpoint, addressed); r != nil {
		return r
	}
	return h.checkVersion()
}

// takeLogoutRequest ends the named sessions for a partner that sent the browser here.
func (p *Provider) takeLogoutRequest(w http.ResponseWriter, r *http.Request, m message) {
	q, err := p.examineLogout(r.Context(), m, p.Kit.URL(SLOPath))
	if err != nil {
		p.refusePage(w, r, q.partner.ID, err)
		return
	}
	here, _, liveErr := p.Hub.Live(r.Context(), p.Kit.Browser(r))
	if liveErr != nil {
		here = bridge.Session{}
	}
	report, err := p.endSessions(r.Context(), q, here.ID)
	if here.ID != "" && report.Session.ID == here.ID {
		p.Kit.ClearSession(w)
	}
	pending := pendingAnswer{Partner: q.partner.ID, Request: q.req.ID, Relay: m.relay, By: m.by, Logouts: report.logouts}
	if err != nil {
		refusal := p.record(r, q.partner.ID, err)
		if onlyOnPage(refusal) {
			p.showRefusal(w, r, refusal)
			return
		}
		pending.Status, pending.Logouts = statusOf(refusal), nil
	}
	if p.AfterLogout == nil || !needsBrowser(report.LogoutReport) {
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

// needsBrowser reports whether only this browser can finish the sign-out.
func needsBrowser(report bridge.LogoutReport) bool {
	return slices.ContainsFunc(report.Deliveries, func(d bridge.Delivery) bool { return d.State == bridge.DeliveryFront })
}

// ended is what became of one request: the report to show, with the deliveries of all sessions that it named.
type ended struct {
	bridge.LogoutReport
	logouts []string
}

// endSessions ends every session that the request names, and is UnknownSubject if it names none. The report is that of
// the browser's own session, here, if it is among them.
func (p *Provider) endSessions(ctx context.Context, q logoutInquiry, here string) (ended, error) {
	sessions, err := p.namedSessions(ctx, q)
	if err != nil {
		return ended{}, err
	}
	if len(sessions) == 0 {
		return ended{}, bridge.Refuse(bridge.UnknownSubject, "The sign-out request names no session of this system.").WithCode("unknown_session")
	}
	var total ended
	cause := bridge.LogoutCause{Reason: "partner", Ref: bridge.Ref(ctx), Protocol: trust.SAML2, Partner: q.partner.ID}
	for _, id := range sessions {
		report, err := p.Hub.Logout(ctx, id, cause)
		if err != nil {
			return total, err
		}
		deliveries := append(total.Deliveries, report.Deliveries...)
		if total.ID == "" || id == here {
			total.LogoutReport = report
		}
		total.Deliveries, total.logouts = deliveries, append(total.logouts, report.ID)
	}
	return total, nil
}

// namedSessions finds the sessions by index; without one, all of the subject (SAML Core 3.7.1). In each of them the partner
// must have been told the NameID of the request.
func (p *Provider) namedSessions(ctx context.Context, q logoutInquiry) ([]string, error) {
	if q.req.Subject.Encrypted {
		return nil, bridge.Refuse(bridge.UnsupportedRequest, "A sign-out request must name its subject by a plain NameID.").WithCode("subject_form")
	}
	candidates, err := p.candidates(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("saml2: find sessions: %w", err)
	}
	var out []string
	for _, c := range candidates {
		told := p.nameIDOf(trust.SubjectKind(c.Format), c.Subject, c.Partner)
		if c.Protocol == trust.SAML2 && c.Partner == q.partner.ID && q.req.Subject.NameID.names(told) && !slices.Contains(out, c.Session) {
			out = append(out, c.Session)
		}
	}
	return out, nil
}

func (p *Provider) candidates(ctx context.Context, q logoutInquiry) ([]bridge.Participant, error) {
	if len(q.req.Indexes) > 0 {
		return p.byIndex(ctx, q)
	}
	return p.Hub.Participants.ParticipantsOf(ctx, trust.SAML2, q.partner.ID, q.req.Subject.NameID.Value)
}

func (p *Provider) byIndex(ctx context.Context, q logoutInquiry) ([]bridge.Participant, error) {
	var out []bridge.Participant
	for _, index := range q.req.Indexes {
		found, err := p.Hub.Participants.FindParticipant(ctx, trust.SAML2, q.partner.ID, index)
		switch {
		case errors.Is(err, bridge.ErrNotFound):
		case err != nil:
			return nil, err
		default:
			out = append(out, found)
		}
	}
	return out, nil
}

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
	payload, err := json.Marshal(pending)
	if err != nil {
		return "", fmt.Errorf("saml2: write pending answer: %w", err)
	}
	id := p.Hub.NewSecret()
	a := bridge.Artifact{Kind: kindPending, Key: bridge.Key(id), Payload: payload, Expires: p.Hub.Clock().Add(pendingLife)}
	if err := p.Hub.Artifacts.Put(ctx, a, false); err != nil {
		return "", fmt.Errorf("saml2: keep pending answer: %w", err)
	}
	return p.Kit.URL(ResumePath + "?logout=" + id), nil
}

// kindPending is a LogoutResponse that waits for the sign-out page.
const kindPending bridge.ArtifactKind = "saml-pending"

// resumeLogout gives the answer that putPending stored.
func (p *Provider) resumeLogout(w http.ResponseWriter, r *http.Request, id string) {
	a, err := p.Hub.Artifacts.Consume(r.Context(), kindPending, bridge.Key(id), p.Hub.Clock())
	if errors.Is(err, bridge.ErrNotFound) || errors.Is(err, bridge.ErrSpent) {
		err = bridge.Refuse(bridge.TransactionGone, "This sign-out was already finished.")
	}
	var pending pendingAnswer
	if err == nil {
		err = json.Unmarshal(a.Payload, &pending)
	}
	if err != nil {
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
	if by == byPOST {
		doc, err := p.signResponse(partner, res)
		if err != nil {
			p.refusePage(w, r, partner.ID, err)
			return
		}
		p.post(w, r, to, partner.Name, "SAMLResponse", doc, pending.Relay)
		return
	}
	doc, _ := p.response(res, nil)
	target, err := p.redirectURL(partner, to, "SAMLResponse", doc, pending.Relay)
	if err != nil {
		p.refusePage(w, r, partner.ID, err)
		return
	}
	w.Header().Set("Cache-Control", "no-cache, no-store")
	http.Redirect(w, r, target, http.StatusSeeOther)
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

// answerEndpoint is where a partner takes a LogoutResponse in the browser: by the binding it asked by, else the other.
func answerEndpoint(sp *metadata.ServiceProvider, asked binding) (string, binding, bool) {
	order := []binding{byRedirect, byPOST}
	if asked == byPOST {
		order = []binding{byPOST, byRedirect}
	}
	for _, by := range order {
		if e, ok := sloEndpoint(sp, by); ok {
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
