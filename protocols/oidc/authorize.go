package oidc

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

// authorize takes an authorization request (OpenID Connect Core 1.0, section 3.1.2.1).
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	form, err := parameters(r)
	if err != nil {
		p.refusePage(w, r, "", "", err)
		return
	}
	a, proven, why := p.understand(r.Context(), form)
	a.framed = a.mayBeFramed()
	switch {
	case why != nil && proven:
		p.refuseBack(w, r, a.client, a.pending, "", why)
		return
	case why != nil:
		p.refusePage(w, r, clip(form.Get("client_id")), "", why)
		return
	}
	b := p.kit.Browser(r)
	if a.framed {
		b = p.kit.FramedBrowser(r)
	}
	if r.Method == http.MethodPost && b.Binding == "" {
		// a cross-site POST does not carry our cookies; a GET does
		http.Redirect(w, r, p.at(authorizePath)+"?"+form.Encode(), http.StatusSeeOther)
		return
	}
	if b.Binding == "" && !a.passive() { // nothing is stored of a passive request
		b = p.kit.BindBrowser(w, r)
	}
	req, err := a.request(p)
	if err != nil {
		p.refuseBack(w, r, a.client, a.pending, "", err)
		return
	}
	next, err := p.hub.Begin(r.Context(), b, req)
	p.proceed(w, r, a.client, a.pending, next, err)
}

// mayBeFramed reports whether the answer may go to a hidden frame: nobody is shown anything, and the terms allow it.
func (a *authorization) mayBeFramed() bool {
	return a.client != nil && a.client.terms.Request.Frames && slices.Contains(words(a.get("prompt")), promptNone)
}

// resume takes over from the hub's own pages when a transaction may be answered, one way or the other.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	b, tx, err := p.kit.Transaction(w, r, bridge.StepIssue)
	if err != nil {
		p.refusePage(w, r, "", tx.Ref, err)
		return
	}
	d, err := readPending(tx)
	var c *client
	if err == nil {
		c, err = p.stillRegistered(tx.Request.Partner, d)
	}
	if err != nil {
		p.refusePage(w, r, tx.Request.Partner, tx.Ref, err)
		return
	}
	next, err := p.hub.Next(r.Context(), b, tx)
	p.proceed(w, r, c, d, next, err)
}

// stillRegistered proves the reply address once more: the terms may have changed while the person signed in.
func (p *Provider) stillRegistered(partner string, d pending) (*client, error) {
	c, err := p.partner(partner)
	if err != nil {
		return nil, err
	}
	if !c.terms.RedirectURI(d.Redirect) {
		return nil, bridge.Refuse(bridge.BadReplyAddress, "The address of the app is not registered any more.")
	}
	return c, nil
}

// proceed does what the dispatcher said: a step, an answer or a refusal.
func (p *Provider) proceed(w http.ResponseWriter, r *http.Request, c *client, d pending, next bridge.Next, err error) {
	ref := next.Transaction.Ref
	if err != nil {
		p.refuseBack(w, r, c, d, ref, err)
		return
	}
	if next.Step != bridge.StepIssue {
		p.kit.Go(w, r, next)
		return
	}
	fields, iss, err := p.issue(r, d, next)
	if err != nil {
		p.refuseBack(w, r, c, d, ref, err)
		return
	}
	d.who = web.Who(iss.Person, iss.Role)
	if c.terms.Request.Frames {
		p.kit.LetFrames(w, r)
	}
	p.respond(w, r, c, d, p.sessionState(w, r, c.id, d, fields))
}

// issue makes what a sign-on is answered with. A code tells the client nothing yet: the token and userinfo endpoints decide anew, and
// record it. Tokens do, and it is recorded here.
func (p *Provider) issue(r *http.Request, d pending, next bridge.Next) (url.Values, bridge.Issuance, error) {
	ctx := r.Context()
	c, err := p.clients.of(next.Partner)
	if err != nil {
		return nil, bridge.Issuance{}, err
	}
	switch {
	case !slices.Contains(p.responses, d.kind()): // it was when the sign-on began
		return nil, bridge.Issuance{}, refuseType(p.responses)
	case !slices.Contains(c.terms.Responses, d.kind()):
		return nil, bridge.Issuance{}, bridge.Refuse(bridge.UnsupportedRequest, "The terms of this client do not allow response_type %s any more.", d.kind()).WithCode(codeUnauthorizedClient)
	}
	readers, to, err := p.frontReaders(c, d)
	if err != nil {
		return nil, bridge.Issuance{}, err
	}
	next.Wants = frontWants(c, d, readers)
	iss, err := p.decideFront(ctx, next, d.kind())
	if err != nil {
		return nil, iss, err
	}
	if !sameSubject(d, iss) {
		return nil, iss, bridge.Refuse(bridge.UnknownSubject, "Someone else is signed in.")
	}
	with, err := p.launchedWith(ctx, c, d, iss)
	if err != nil {
		return nil, iss, err
	}
	g := grant{
		ID: p.hub.NewID(), Client: c.id, Session: iss.SessionID, Subject: iss.Subject, Role: iss.Role.ID, ACR: d.ACR,
		Scopes: with.scopes, Context: with.context, Claims: d.Claims, Ref: iss.Ref, AuthnAt: iss.AuthnAt.Unix(), Proven: provenBy(iss), Resources: d.Resources,
	}
	fields, writes := url.Values{}, append(d.closing(c, p.hub.Clock()), with.closing...)
	front := g
	if d.kind().Code() {
		if d.kind().Front() {
			front.ID = p.hub.NewID()
			g.Beside = front.ID
		}
		if err := p.putCode(fields, c, d, g, iss); err != nil {
			return nil, iss, err
		}
	}
	if d.kind().Front() {
		stored, err := p.putTokens(ctx, &fronting{client: c, request: d, grant: front, readers: readers, fields: fields}, &iss, to)
		if err != nil {
			return nil, iss, err
		}
		writes = append(writes, stored...)
	}
	return fields, iss, p.hub.Deliver(ctx, iss, writes...)
}

// putCode puts a code into an answer, which carries the grant.
func (p *Provider) putCode(fields url.Values, c *client, d pending, g grant, iss bridge.Issuance) error {
	g.Offer = &offer{
		Redirect: d.Redirect, Challenge: d.Challenge, Nonce: d.Nonce, Key: d.Key,
		Expires: earlier(p.hub.Clock().Add(p.codeLife(c)), iss.SessionEnds).Unix(), StateHash: p.stateHash(c, d.State),
	}
	code, err := p.sealer.seal(sealCode, g)
	fields.Set("code", code)
	return err
}

// refusePage audits a refusal and shows it: the reply address is not proven.
func (p *Provider) refusePage(w http.ResponseWriter, r *http.Request, partner, ref string, err error) {
	p.kit.Refuse(w, r, p.hub.RefuseRequest(r.Context(), ledger.Refused, partner, p.ref(r, ref), err))
}

// refuseBack audits a refusal and sends it to the client at its proven address. A transaction that is over
// has been answered there already: the person sees a page.
func (p *Provider) refuseBack(w http.ResponseWriter, r *http.Request, c *client, d pending, ref string, err error) {
	refusal := p.hub.RefuseRequest(r.Context(), ledger.Refused, c.id, p.ref(r, ref), err)
	if refusal.Reason == bridge.TransactionGone {
		p.kit.Refuse(w, r, refusal)
		return
	}
	p.logFailure(r, refusal)
	fields := url.Values{"error": {redirectError(refusal)}}
	if refusal.Detail != "" {
		fields.Set("error_description", describe(refusal.Detail))
	}
	p.respond(w, r, c, d, fields)
}

func (p *Provider) ref(r *http.Request, ref string) string {
	if ref == "" {
		return bridge.Ref(r.Context())
	}
	return ref
}

// logFailure logs what is our own fault, or the store's; refusals are audited, not logged.
func (p *Provider) logFailure(r *http.Request, refusal *bridge.Refusal) {
	if refusal.OurFault() {
		p.log.ErrorContext(r.Context(), "request failed", "ref", bridge.Ref(r.Context()), "reason", refusal.AuditCode(), "error", refusal.Error())
	}
}
