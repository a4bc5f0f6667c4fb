package ticket

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

// resumeState is what the room remembers of a request.
type resumeState struct {
	Return string
	State  string
	who    string // as web.Who writes it; known once something was issued
}

// start takes a user sent by a legacy system.
func (p *Provider) start(w http.ResponseWriter, r *http.Request) {
	req, partner, err := p.request(r.URL.RawQuery)
	if err != nil {
		p.kit.Refuse(w, r, p.hub.RefuseRequest(r.Context(), ledger.Refused, req.Partner, bridge.Ref(r.Context()), err))
		return
	}
	next, err := p.hub.Begin(r.Context(), p.kit.BindBrowser(w, r), req)
	p.proceed(w, r, next, partner, err)
}

// request reads the query: every parameter at most once, the return address exactly as registered.
func (p *Provider) request(rawQuery string) (bridge.Request, trust.Partner, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return bridge.Request{}, trust.Partner{}, bridge.Refuse(bridge.BadRequest, "The address is not well formed.").Because(err)
	}
	for name, values := range q {
		if len(values) > 1 {
			return bridge.Request{}, trust.Partner{}, bridge.Refuse(bridge.BadRequest, "A parameter is given twice.").WithCode("dup_param").Because(fmt.Errorf("ticket: %d x %q", len(values), name))
		}
	}
	req := bridge.Request{Partner: q.Get("partner"), Protocol: trust.Ticket, Resume: resumePath, RoleNeeded: true}
	partner, err := p.hub.Partner(trust.Ticket, req.Partner)
	if err != nil {
		req.Partner = "" // whatever was claimed is not a partner's name
		return req, partner, err
	}
	back, err := returnURL(partner, q.Get("return"))
	if err != nil {
		return req, partner, err
	}
	if len(q.Get("state")) > 1024 {
		return req, partner, bridge.Refuse(bridge.BadRequest, "The state is longer than 1024 bytes.")
	}
	req.ReturnTo = web.Origin(back)
	req.State, err = json.Marshal(resumeState{Return: back, State: q.Get("state")})
	return req, partner, err
}

func returnURL(partner trust.Partner, asked string) (string, error) {
	registered := partner.Ticket.ReturnURLs
	switch {
	case asked == "" && len(registered) == 1:
		return registered[0], nil
	case slices.Contains(registered, asked):
		return asked, nil
	}
	return "", bridge.Refuse(bridge.BadReplyAddress, "The return address is not registered for %s.", partner.Name)
}

// resume takes over when the dispatcher comes back.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) {
	b, tx, err := p.kit.Transaction(w, r, bridge.StepIssue)
	if err != nil {
		p.kit.Refuse(w, r, err)
		return
	}
	r = r.WithContext(bridge.WithRef(r.Context(), tx.Ref))
	next, err := p.hub.Next(r.Context(), b, tx)
	p.proceed(w, r, next, next.Partner, err)
}

// proceed sends the browser to the next step, or answers. A legacy system has no error message of its
// own: refusals are pages of the hub.
func (p *Provider) proceed(w http.ResponseWriter, r *http.Request, next bridge.Next, partner trust.Partner, err error) {
	ctx := r.Context()
	if next.Transaction.Ref != "" {
		ctx = bridge.WithRef(ctx, next.Transaction.Ref)
		r = r.WithContext(ctx)
	}
	if err == nil && next.Step != bridge.StepIssue {
		p.kit.Go(w, r, next)
		return
	}
	var ticket string
	var state resumeState
	if err == nil {
		ticket, state, err = p.issue(r, next)
	}
	if err != nil {
		p.kit.Refuse(w, r, p.hub.RefuseRequest(ctx, ledger.Refused, partner.ID, next.Transaction.Ref, err))
		return
	}
	p.answer(w, r, partner, state, ticket)
}

func (p *Provider) issue(r *http.Request, next bridge.Next) (string, resumeState, error) {
	var state resumeState
	if err := json.Unmarshal(next.Transaction.Request.State, &state); err != nil {
		return "", state, fmt.Errorf("ticket: read state: %w", err)
	}
	iss, err := p.hub.Issue(r.Context(), next)
	if err != nil {
		return "", state, err
	}
	state.who = web.Who(iss.Person, iss.Role)
	ticket := p.newTicket()
	payload, err := json.Marshal(bridge.GrantOf(iss, nil))
	if err != nil {
		return "", state, fmt.Errorf("ticket: write grant: %w", err)
	}
	err = p.hub.Deliver(r.Context(), iss, bridge.PutArtifact{Artifact: bridge.Artifact{
		Kind: bridge.KindTicket, Key: bridge.Key(ticket), Session: iss.SessionID, Payload: payload, Expires: p.expires(iss, next.Partner),
	}})
	return ticket, state, err
}

func (p *Provider) expires(iss bridge.Issuance, partner trust.Partner) time.Time {
	life := partner.Ticket.Life
	if life == 0 {
		life = p.life
	}
	if end := iss.At.Add(life); end.Before(iss.SessionEnds) {
		return end
	}
	return iss.SessionEnds
}

// answer hands the ticket to the system through the browser: by form post, or in the query where the
// terms say that the system knows no better.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, partner trust.Partner, state resumeState, ticket string) {
	fields := []web.Field{{Name: "token", Value: ticket}}
	if state.State != "" {
		fields = append(fields, web.Field{Name: "state", Value: state.State})
	}
	if partner.Ticket.Deliver != "query" {
		p.kit.PostPage(w, r, state.who, state.Return, partner.Name, fields...)
		return
	}
	u, err := url.Parse(state.Return)
	if err != nil {
		p.kit.Refuse(w, r, fmt.Errorf("ticket: return address: %w", err))
		return
	}
	q := u.Query()
	for _, f := range fields {
		q.Set(f.Name, f.Value)
	}
	u.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}
