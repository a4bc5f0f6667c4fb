package oidc

import (
	"net/http"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

// approvalsPage lists what waits for the person who is signed in.
type approvalsPage struct {
	Action string
	Rows   []approvalRow
}

type approvalRow struct {
	ID, App, Message, Asked, Until string
	Told                           []string
}

// approvals shows the list. Nobody signed in: they sign in first.
func (p *Provider) approvals(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if r.FormValue("tx") != "" {
		p.finishLocal(w, r)
		return
	}
	b, s, person, ok := p.signedIn(w, r)
	if !ok {
		return
	}
	list, err := p.waitingFor(r.Context(), s.UID)
	if err != nil {
		p.kit.Refuse(w, r, err)
		return
	}
	page := approvalsPage{Action: p.at(approvalsPath)}
	slices.SortStableFunc(list, func(a, b *decoupled) int { return int(b.Asked - a.Asked) })
	for _, d := range list {
		c, err := p.partner(d.Client)
		if err != nil {
			continue // it is not answered at present
		}
		page.Rows = append(page.Rows, approvalRow{
			ID: d.key, App: c.name, Message: d.Message, Asked: p.kit.Time(time.Unix(d.Asked, 0)), Until: p.kit.Time(time.Unix(d.Until, 0)), Told: spoken(c.allowed(d.Scopes)),
		})
	}
	role, _ := person.OpenRole(s.RoleID, p.hub.Clock())
	p.kit.PageWho(w, r, b, web.Who(person, role), "approvals", "Apps that wait for you", page, web.PageOptions{FormAction: []string{p.kit.CardOrigin}})
}

// signedIn finds the person of a browser, and has them sign in if there is none. Then the browser has its answer.
func (p *Provider) signedIn(w http.ResponseWriter, r *http.Request) (b bridge.Browser, s bridge.Session, person people.Person, ok bool) {
	b = p.kit.BindBrowser(w, r)
	s, person, err := p.hub.Live(r.Context(), b)
	if err == nil {
		return b, s, person, true
	}
	if bridge.AsRefusal(err).Reason != bridge.SessionExpired {
		p.kit.Refuse(w, r, err)
		return b, s, person, false
	}
	next, err := p.hub.BeginLocal(r.Context(), b, bridge.Request{Resume: p.at(approvalsPath)})
	if err != nil {
		p.kit.Refuse(w, r, err)
		return b, s, person, false
	}
	p.kit.Go(w, r, next)
	return b, s, person, false
}

// finishLocal takes over a sign-on to the list.
func (p *Provider) finishLocal(w http.ResponseWriter, r *http.Request) {
	b, tx, err := p.kit.Transaction(w, r, bridge.StepIssue)
	var next bridge.Next
	if err == nil {
		next, err = p.hub.Next(r.Context(), b, tx)
	}
	if err == nil && next.Step != bridge.StepIssue {
		p.kit.Go(w, r, next)
		return
	}
	if err == nil {
		err = p.hub.Finish(r.Context(), next)
	}
	switch {
	case err != nil && tx.Cancelled:
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case err != nil && bridge.AsRefusal(err).Reason != bridge.TransactionGone:
		p.kit.Refuse(w, r, err)
	default: // one that is finished already is no reason not to show the list
		http.Redirect(w, r, p.at(approvalsPath), http.StatusSeeOther)
	}
}

// answerListed takes the answer to one request of the list: to refuse costs nothing, to approve a new proof.
func (p *Provider) answerListed(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if err := p.kit.CheckCSRF(r); err != nil {
		p.kit.Refuse(w, r, err)
		return
	}
	b, s, person, ok := p.signedIn(w, r)
	if !ok {
		return
	}
	d, err := p.undecided(r.Context(), kindCIBA, r.PostFormValue("request"))
	if err == nil && d.UID != s.UID {
		err = bridge.Refuse(bridge.UnknownSubject, "This request waits for somebody else.").WithCode("decoupled_other")
	}
	var c *client
	if err == nil {
		c, err = p.partner(d.Client)
	}
	if err != nil {
		p.refusePage(w, r, "", "", err)
		return
	}
	switch r.PostFormValue("answer") {
	case "approve":
		p.beginApproval(w, r, d, approving{Kind: d.kind, Key: d.key, Confirmed: true})
		return
	case "refuse":
		err = p.refuseApproval(r.Context(), d, s)
	default:
		err = bridge.Refuse(bridge.BadRequest, "The form holds no answer.").WithCode("form")
	}
	if err != nil {
		p.refusePage(w, r, d.Client, "", err)
		return
	}
	role, _ := person.OpenRole(s.RoleID, p.hub.Clock())
	p.showDecided(w, r, b, web.Who(person, role), decidedPage{App: c.name, Back: p.at(approvalsPath)})
}
