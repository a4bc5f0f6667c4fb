package saml2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

// ssoRedirect takes an AuthnRequest from a URL. The browser shows its session: a live one is answered at once.
func (p *Provider) ssoRedirect(w http.ResponseWriter, r *http.Request) {
	m, err := p.decodeRedirect(r.URL.RawQuery)
	if err != nil {
		p.refusePage(w, r, "", err)
		return
	}
	if req, partner, ok := p.admit(w, r, m); ok {
		p.begin(w, r, req, partner)
	}
}

// ssoPost takes an AuthnRequest from a form. A cross-site POST does not carry our cookies, so the verified request is put
// aside and the browser fetches it again by GET.
func (p *Provider) ssoPost(w http.ResponseWriter, r *http.Request) {
	m, err := p.decodePOST(r)
	if err != nil {
		p.refusePage(w, r, "", err)
		return
	}
	req, _, ok := p.admit(w, r, m)
	if !ok {
		return
	}
	id, err := p.putAside(r, req)
	if err != nil {
		p.refusePage(w, r, req.Partner, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, ResumePath+"?"+url.Values{"bounce": {id}}.Encode(), http.StatusSeeOther)
}

// admit verifies a message and judges the request in it. When it is not admitted the answer has been given.
func (p *Provider) admit(w http.ResponseWriter, r *http.Request, m message) (bridge.Request, trust.Partner, bool) {
	q, err := p.examine(r.Context(), m)
	if err != nil {
		p.refuse(w, r, q.partner, state{ID: q.req.ID, Reply: q.reply, Relay: q.relay}, err)
		return bridge.Request{}, q.partner, false
	}
	req, err := q.request()
	if err != nil {
		p.refusePage(w, r, q.partner.ID, err)
		return req, q.partner, false
	}
	return req, q.partner, true
}

// examine returns the inquiry as far as it got.
func (p *Provider) examine(ctx context.Context, m message) (inquiry, error) {
	m, err := p.dereference(ctx, m)
	q := p.newInquiry(m)
	if err != nil {
		q.partner.ID = m.from // nothing else is to be known of it: it is not answered
		return q, err
	}
	return p.judge(ctx, m, q)
}

// newInquiry is an examination that has not begun.
func (p *Provider) newInquiry(m message) inquiry {
	return inquiry{
		by: m.by, relay: m.relay, now: p.Hub.Clock(), endpoint: p.Kit.URL(SSOPath), entityID: p.EntityID, emergency: p.EmergencyClass,
		skew: p.ClockSkew, life: p.RequestLife, offered: browserReplies(), open: p.open,
	}
}

// judge verifies, reads and checks the message of an inquiry.
func (p *Provider) judge(ctx context.Context, m message, q inquiry) (inquiry, error) {
	if m.response {
		return q, badRequest("message_type", "The message is not a sign-in request.")
	}
	root, from, err := p.verify(m)
	q.sender = from
	if err != nil {
		return q, err
	}
	if q.req, err = readAuthnRequest(root); err != nil {
		return q, err
	}
	if failed, r := q.run(); r != nil {
		if p.Hub.Recorder != nil {
			p.Hub.Recorder.Trace(bridge.Ref(ctx), "check", "failed", failed)
		}
		return q, r
	}
	return q, nil
}

// begin hands a request to the bridge and follows its decision.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, req bridge.Request, partner trust.Partner) {
	next, err := p.Hub.Begin(r.Context(), p.Kit.BindBrowser(w, r), req)
	if err != nil {
		p.refuseRequest(w, r, partner, req, err)
		return
	}
	p.follow(w, r, next, p.refuseRequest)
}

// answerRefusal tells the partner, or the person, that a request which was admitted is refused.
type answerRefusal func(w http.ResponseWriter, r *http.Request, partner trust.Partner, req bridge.Request, why error)

// follow goes where the dispatcher says.
func (p *Provider) follow(w http.ResponseWriter, r *http.Request, next bridge.Next, refuse answerRefusal) {
	if next.Step == bridge.StepIssue {
		p.issue(w, r, next, refuse)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	p.Kit.Go(w, r, next)
}

// issue answers with an assertion. It is signed first, then recorded, then sent: what was sent is always on record.
func (p *Provider) issue(w http.ResponseWriter, r *http.Request, next bridge.Next, refuse answerRefusal) {
	req, partner := next.Transaction.Request, next.Partner
	st, err := decodeState(req.State)
	if err != nil {
		p.refusePage(w, r, partner.ID, err)
		return
	}
	out, err := p.answer(r, next, st)
	if err != nil {
		refuse(w, r, partner, req, err)
		return
	}
	p.send(w, r, out)
}

func (p *Provider) answer(r *http.Request, next bridge.Next, st state) (outbound, error) {
	doc, iss, err := p.decide(r, next, st)
	if err != nil {
		return outbound{}, err
	}
	out, err := p.pack(next.Partner, st.Reply, responseField, doc, st.Relay, iss.SessionID)
	if err != nil {
		return outbound{}, err
	}
	out.who = web.Who(iss.Person, iss.Role)
	return out, p.Hub.Deliver(r.Context(), iss, out.writes...)
}

// decide asks the bridge what the partner is told and writes it. Nothing is on record yet: Deliver must follow.
func (p *Provider) decide(r *http.Request, next bridge.Next, st state) ([]byte, bridge.Issuance, error) {
	partner := next.Partner
	if !st.Reply.registered(partner) {
		return nil, bridge.Issuance{}, bridge.Refuse(bridge.BadReplyAddress, "The address for the answer is not registered any more.")
	}
	if r := p.checkMetadata(partner); r != nil { // it grew old while the person signed in
		return nil, bridge.Issuance{}, r
	}
	kind, ok := kindAsked(st.Format, partner.Terms.Subject)
	if !ok { // the terms changed while the person signed in
		return nil, bridge.Issuance{}, checkPolicy(nameIDPolicy{Format: st.Format}, partner)
	}
	kind, err := p.namedBefore(r.Context(), kind, next.Session.ID, partner.ID)
	if err != nil {
		return nil, bridge.Issuance{}, err
	}
	next.Partner.Terms.Subject = kind // of this copy alone
	next.Wants, _ = wanted(partner, st.Service)
	iss, err := p.Hub.Issue(r.Context(), next)
	if err != nil {
		return nil, iss, err
	}
	if st.Subject != "" && st.Subject != iss.Subject {
		return nil, iss, bridge.Refuse(bridge.UnknownSubject, "Someone else is signed in.")
	}
	doc, err := p.encode(partner, st, iss)
	if err != nil {
		return nil, iss, err
	}
	if partner.Stage == trust.Test {
		if err := p.readBack(doc, partner, st); err != nil {
			return nil, iss, fmt.Errorf("saml2: own response to %s: %w", partner.ID, err)
		}
	}
	return doc, iss, nil
}

// refuseRequest refuses a request that was admitted.
func (p *Provider) refuseRequest(w http.ResponseWriter, r *http.Request, partner trust.Partner, req bridge.Request, err error) {
	st, stateErr := decodeState(req.State)
	if stateErr != nil {
		err = stateErr
	}
	p.refuse(w, r, partner, st, err)
}

// refuse records a refusal and answers it: to the partner by a Status if the reply address is proven, else on a page of ours.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, partner trust.Partner, st state, err error) {
	refusal := p.record(r, partner.ID, err)
	if onlyOnPage(refusal) || st.ID == "" || !st.Reply.registered(partner) {
		p.showRefusal(w, r, refusal)
		return
	}
	doc, err := p.encodeRefusal(partner, st, refusal, bridge.Ref(r.Context()))
	if err != nil {
		p.showRefusal(w, r, &bridge.Refusal{Reason: bridge.Internal, Err: err})
		return
	}
	p.packAndSend(w, r, partner, st.Reply, responseField, doc, st.Relay)
}

// refusePage records a refusal and shows it.
func (p *Provider) refusePage(w http.ResponseWriter, r *http.Request, partner string, err error) {
	p.showRefusal(w, r, p.record(r, partner, err))
}

func (p *Provider) record(r *http.Request, partner string, err error) *bridge.Refusal {
	kind := ledger.Refused
	if bridge.AsRefusal(err).Code == "second_opinion" {
		kind = ledger.Alarm // two verifiers disagree about one signature
	}
	return p.Hub.RefuseRequest(r.Context(), kind, partner, bridge.Ref(r.Context()), err)
}

func (p *Provider) showRefusal(w http.ResponseWriter, r *http.Request, refusal *bridge.Refusal) {
	switch {
	case errors.Is(refusal, errTooLarge):
		w = &statusWriter{ResponseWriter: w, status: http.StatusRequestEntityTooLarge}
	case errors.Is(refusal, errMediaType):
		w = &statusWriter{ResponseWriter: w, status: http.StatusUnsupportedMediaType}
	}
	p.Kit.Refuse(w, r, refusal)
}

// statusWriter gives a page of the kit a more precise status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s *statusWriter) WriteHeader(int) { s.ResponseWriter.WriteHeader(s.status) }

// kindBounce is a verified request that waits for the browser to come back with its cookies.
const kindBounce bridge.ArtifactKind = "saml-bounce"

const bounceLife = 2 * time.Minute

func (p *Provider) putAside(r *http.Request, req bridge.Request) (string, error) {
	return p.keep(r.Context(), kindBounce, req, bounceLife)
}
