package signin

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

type refusedPage struct {
	Lead      string
	Steps     []string
	Reason    string
	RA        bool   // name the Registration Authority's contact
	App       string // whom Return leads to
	Return    string // the front end that answers the app by protocol
	Again     string
	AgainText string
	Other     string // another way to sign in
	Home      string
	Roles     []roleRow
}

// refused shows why a sign-on can't go on, and the ways out of it: again, another way, back to the app. The
// app gets its answer when its front end resumes the transaction and is refused in the same way.
func (s *SignIn) refused(w http.ResponseWriter, r *http.Request, b bridge.Browser, tx bridge.Transaction, err error) {
	refusal := bridge.AsRefusal(err)
	switch refusal.Reason {
	case bridge.Internal, bridge.Unavailable, bridge.TransactionGone:
		s.gone(w, r, err)
		return
	}
	page, status, title := explain(refusal)
	if p, perr := s.partner(tx); perr == nil && !tx.Local {
		page.App, page.Return = p.Name, s.step(tx, bridge.StepIssue)
		if s.anotherWay(tx, p, refusal) {
			page.Other = s.step(tx, bridge.StepAuthenticate)
		}
	}
	if status == http.StatusUnauthorized && !tx.Cancelled {
		page.Again = s.step(tx, bridge.StepAuthenticate)
	}
	if page.Return == "" {
		page.Home = "/"
	}
	if refusal.Reason == bridge.NoRole || refusal.Reason == bridge.RoleNotAllowed {
		page.Roles = s.heldRoles(r, b, tx)
	}
	who := ""
	if session, person, err := s.Hub.Live(r.Context(), b); err == nil {
		who = s.who(session, person)
	}
	s.Kit.PageWho(w, r, b, who, "refused", title, page, web.PageOptions{Status: status})
}

// explain puts a refusal into the words of the person who reads it.
func explain(refusal *bridge.Refusal) (page refusedPage, status int, title string) {
	status, title, advice := web.PageOf(refusal.Reason)
	page = refusedPage{Lead: refusal.Detail, Steps: []string{advice}, Reason: refusal.AuditCode(), AgainText: "Try again"}
	switch refusal.Reason {
	case bridge.NoRole, bridge.RoleNotAllowed, bridge.IdentityTooLow, bridge.CredentialExpired, bridge.CredentialRevoked, bridge.CredentialUnknown:
		page.RA = true
	}
	switch refusal.Code {
	case "cancelled":
		title, page.Steps = "You cancelled the sign-in", []string{"Return to the app to start again."}
	case "key_model_withdrawn", "key_clone", "key_suspected": // the same key will not do
		page.Steps, page.AgainText = []string{"Sign in with another key, or with a smartcard."}, "Use another way"
	}
	return page, status, title
}

// gone shows that a transaction is not there. The person can only start again from the app.
func (s *SignIn) gone(w http.ResponseWriter, r *http.Request, err error) { s.Kit.Refuse(w, r, err) }
