package saml2

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// resume continues what began elsewhere: a POSTed request (bounce), a sign-out (logout), or a transaction that came back
// from its steps (tx and v).
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case q.Has("bounce"):
		p.resumeBounce(w, r, q.Get("bounce"))
	case q.Has("logout"):
		p.resumeLogout(w, r, q.Get("logout"))
	default:
		p.resumeTransaction(w, r)
	}
}

func (p *Provider) resumeBounce(w http.ResponseWriter, r *http.Request, id string) {
	var req bridge.Request
	if err := p.take(r.Context(), kindBounce, id, "This sign-in took too long or was already continued.", &req); err != nil {
		p.refusePage(w, r, "", err)
		return
	}
	partner, err := p.partner(req.Partner)
	if err != nil {
		p.refusePage(w, r, req.Partner, err)
		return
	}
	p.begin(w, r, req, partner)
}

func (p *Provider) resumeTransaction(w http.ResponseWriter, r *http.Request) {
	b, tx, err := p.Kit.Transaction(w, r, bridge.StepIssue)
	if err != nil {
		p.refusePage(w, r, "", err)
		return
	}
	r = r.WithContext(bridge.WithRef(r.Context(), tx.Ref))
	next, err := p.Hub.Next(r.Context(), b, tx)
	finish := func(w http.ResponseWriter, r *http.Request, _ trust.Partner, _ bridge.Request, why error) {
		p.finish(w, r, tx, why)
	}
	if err == nil {
		p.follow(w, r, next, finish)
		return
	}
	p.finish(w, r, tx, err)
}

// finish ends a transaction with a refusal, once.
func (p *Provider) finish(w http.ResponseWriter, r *http.Request, tx bridge.Transaction, why error) {
	partner, err := p.partner(tx.Request.Partner)
	if err != nil {
		p.refusePage(w, r, tx.Request.Partner, err)
		return
	}
	if onlyOnPage(bridge.AsRefusal(why)) { // the partner learns nothing, so the transaction may go on
		p.refusePage(w, r, partner.ID, why)
		return
	}
	_, err = p.Hub.Artifacts.Consume(r.Context(), bridge.KindTransaction, tx.ID, p.Hub.Clock())
	switch {
	case errors.Is(err, bridge.ErrSpent), errors.Is(err, bridge.ErrNotFound):
		why = bridge.Refuse(bridge.TransactionGone, "This sign-in was already finished.").WithCode("transaction_spent")
	case err != nil:
		why = fmt.Errorf("saml2: finish transaction: %w", err)
	}
	p.refuseRequest(w, r, partner, tx.Request, why)
}
