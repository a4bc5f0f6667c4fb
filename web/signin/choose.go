package signin

import (
	"net/http"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// methodCookie remembers how somebody last signed in on this workstation.
const methodCookie = "lanyard-method"

// way is one way to sign in on the page.
type way struct {
	Kind string // key or card
	Why  string // why it does not fit this request; empty: it does
	rank int
}

type extraLink struct{ Label, URL string }

type choosePage struct {
	flow
	App     string // empty: the hub's own pages
	About   about  // the app
	Ended   string // why the last session in this browser is over
	Other   string // who is signed in now
	Notice  string // that the hub is not at its best
	Waits   string // whose session is locked here
	Keeps   bool   // a session that gives way to another person is suspended, not ended
	Methods []way
	Reach   keyReach
	Number  bool // a staff number may be typed
	Extras  []extraLink
	Agent   *beside // nil: no agent is looked for
}

// choose shows the ways to sign in, when the dispatcher still wants a proof.
func (s *SignIn) choose(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("tx") == "" {
		s.beginLocal(w, r, bridge.Request{Resume: "/", RoleNeeded: true, ForceAuthn: r.FormValue("prompt") != ""})
		return
	}
	b, tx, err := s.Kit.Transaction(w, r, bridge.StepAuthenticate)
	if err != nil {
		s.gone(w, r, err)
		return
	}
	next, err := s.Hub.Next(r.Context(), b, tx)
	switch {
	case err != nil && !s.anotherWay(tx, next.Partner, err):
		s.refused(w, r, b, tx, err)
		return
	case err == nil && next.Step == bridge.StepEmergency && s.anotherWay(tx, next.Partner, next.Refused): // which may make it needless
	case err == nil && next.Step != bridge.StepAuthenticate:
		s.Kit.Go(w, r, next)
		return
	}
	page := choosePage{flow: s.flow(tx, bridge.StepAuthenticate), App: next.Partner.Name, About: aboutOf(next.Partner), Ended: s.ended(r, b), Reach: s.reach(), Number: s.StaffNumbers}
	session, person, err := s.Hub.Live(r.Context(), b)
	who := ""
	if err == nil {
		page.Other, who = person.Name, s.who(session, person)
	} else if _, whose, err := s.Hub.Waiting(r.Context(), b); err == nil {
		page.Waits = whose.Name
	}
	page.Notice = s.Status(r.Context()).Notice()
	page.Keeps = s.Hub.OnSwitch == bridge.YieldSuspend
	page.Methods = s.ways(tx, next.Partner, s.Kit.Remembered(r, methodCookie))
	for _, e := range s.Extras {
		page.Extras = append(page.Extras, extraLink{e.Label, e.Path + "?" + page.query()})
	}
	page.Agent = s.beside(tx.ID, s.unfit(bridge.MethodSmartcard, tx, next.Partner) == "")
	s.Kit.PageWho(w, r, b, who, "signin", "Sign in", page, web.PageOptions{FormAction: s.endings(tx), ConnectSrc: page.Agent.sources()})
}

// endings are the sources at which the redirects after a form of this transaction may end; the app may lead on from there.
func (s *SignIn) endings(tx bridge.Transaction) []string {
	return append([]string{s.Kit.CardOrigin}, web.FormEnds(tx.Request.ReturnTo)...)
}

// anotherWay reports whether a refusal after a proof can be mended by a proof of another kind.
func (s *SignIn) anotherWay(tx bridge.Transaction, p trust.Partner, err error) bool {
	reason := bridge.AsRefusal(err).Reason
	if tx.ProofAt.IsZero() || (reason != bridge.AssuranceTooLow && reason != bridge.UnknownSubject) {
		return false
	}
	return slices.ContainsFunc(s.Hub.Methods, func(o bridge.Offer) bool { return s.Hub.OfferFits(o, tx.Request, p) })
}

// ways lists what is offered: what fits first, and of that the method last used here.
func (s *SignIn) ways(tx bridge.Transaction, p trust.Partner, last string) []way {
	var out []way
	add := func(kind string, m bridge.Method) {
		way := way{Kind: kind, Why: s.unfit(m, tx, p)}
		switch {
		case way.Why != "":
			way.rank = 2
		case last != kind:
			way.rank = 1
		}
		out = append(out, way)
	}
	if s.Keys != nil {
		add("key", bridge.MethodFIDO2)
	}
	if s.Cards != nil {
		add("card", bridge.MethodSmartcard)
	}
	slices.SortStableFunc(out, func(a, b way) int { return a.rank - b.rank })
	return out
}

// unfit says why a method does not meet the request and the terms; empty if it does.
func (s *SignIn) unfit(m bridge.Method, tx bridge.Transaction, p trust.Partner) string {
	name := p.Name
	if name == "" {
		name = "This page"
	}
	for _, o := range s.Hub.Methods {
		switch {
		case o.Method != m:
		case s.Hub.OfferFits(o, tx.Request, p):
			return ""
		case int(o.Assurance) < p.Terms.Assurance:
			return name + " needs a stronger way of signing in."
		default:
			return name + " asks for another way of signing in."
		}
	}
	return "It is switched off here."
}

// allowed loads the transaction of a POST and refuses a method that does not fit it, whatever the page showed.
func (s *SignIn) allowed(w http.ResponseWriter, r *http.Request, m bridge.Method) (b bridge.Browser, tx bridge.Transaction, ok bool) {
	b, tx, err := s.Kit.Transaction(w, r, bridge.StepAuthenticate)
	if err != nil {
		s.gone(w, r, err)
		return b, tx, false
	}
	p, err := s.partner(tx)
	if err == nil {
		if why := s.unfit(m, tx, p); why != "" {
			err = s.Hub.RefuseSignIn(r.Context(), tx, m, bridge.Refuse(bridge.AssuranceTooLow, "%s", why))
		}
	}
	if err != nil {
		s.refused(w, r, b, tx, err)
		return b, tx, false
	}
	return b, tx, true
}

// beginLocal starts a sign-on to the hub's own pages.
func (s *SignIn) beginLocal(w http.ResponseWriter, r *http.Request, req bridge.Request) {
	next, err := s.Hub.BeginLocal(r.Context(), s.Kit.BindBrowser(w, r), req)
	switch {
	case err != nil:
		s.Kit.Refuse(w, r, err)
	case next.Step == bridge.StepIssue:
		if err := s.Hub.Finish(r.Context(), next); err != nil {
			s.Kit.Refuse(w, r, err)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	default:
		s.Kit.Go(w, r, next)
	}
}

// cancel tells the app that the subject gave up.
func (s *SignIn) cancel(w http.ResponseWriter, r *http.Request) {
	_, tx, err := s.Kit.Transaction(w, r, bridge.StepAuthenticate)
	if err != nil {
		s.gone(w, r, err)
		return
	}
	if err := s.Hub.Cancel(r.Context(), tx); err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	if tx.Local {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, s.step(tx, bridge.StepIssue), http.StatusSeeOther)
}
