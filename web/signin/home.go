package signin

import (
	"errors"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

type homePage struct {
	Role      bool
	NoRoles   bool
	CanChange bool
	Apps      []App
	Ended     string
	Waiting   string // page of the apps that wait for an approval; empty: none does
	Count     int    // of them
	News      []news
	Agent     *beside
	Open      bool   // its apps may still be open, and can be told from here
	Notice    string // that the hub is not at its best
}

func (s *SignIn) home(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("tx") != "" {
		s.finishLocal(w, r)
		return
	}
	b := s.Kit.BindBrowser(w, r)
	session, person, err := s.Hub.Live(r.Context(), b)
	if refusal := bridge.AsRefusal(err); err != nil && refusal.Reason != bridge.SessionExpired {
		s.Kit.Refuse(w, r, err)
		return
	}
	if err != nil {
		waits, whose, err := s.Hub.Waiting(r.Context(), b)
		if err != nil {
			s.Kit.Refuse(w, r, err)
			return
		}
		if waits.ID != "" {
			s.locked(w, r, b, waits, whose)
			return
		}
		page := homePage{Ended: s.ended(r, b), Open: s.open(r, b), Notice: s.Status(r.Context()).Notice(), Agent: s.beside("", true)}
		s.Kit.PageWho(w, r, b, "", "home", "Sign in", page, web.PageOptions{ConnectSrc: page.Agent.sources()})
		return
	}
	now := s.Hub.Clock()
	open := len(person.OpenRoles(now))
	_, acts := person.OpenRole(session.RoleID, now)
	page := homePage{Role: acts, NoRoles: open == 0, CanChange: open > 1 || open == 1 && !acts, Apps: s.Apps(), News: s.news(r.Context(), person.UID), Agent: s.beside(session.ID, true)}
	page.Notice = s.Status(r.Context()).Notice()
	if n, path, err := s.Waiting(r.Context(), person.UID); err == nil && n > 0 { // the page has more to say than this
		page.Waiting, page.Count = path, n
	}
	s.Kit.PageWho(w, r, b, s.who(session, person), "home", "Your apps", page, web.PageOptions{ConnectSrc: page.Agent.sources()})
}

// finishLocal takes over a local sign-on for which everything is decided.
func (s *SignIn) finishLocal(w http.ResponseWriter, r *http.Request) {
	b, tx, err := s.Kit.Transaction(w, r, bridge.StepIssue)
	if err != nil {
		s.backHome(w, r, err)
		return
	}
	next, err := s.Hub.Next(r.Context(), b, tx)
	if err != nil {
		s.refused(w, r, b, tx, err)
		return
	}
	if next.Step != bridge.StepIssue {
		s.Kit.Go(w, r, next)
		return
	}
	s.backHome(w, r, s.Hub.Finish(r.Context(), next))
}

// backHome shows the first page; a sign-on that is finished already is no reason not to.
func (s *SignIn) backHome(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil && bridge.AsRefusal(err).Reason != bridge.TransactionGone {
		s.Kit.Refuse(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// open reports whether apps may be open that a sign-out here would reach: this browser still shows a session that has
// not ended, be it idle, or one whose end elsewhere left something for the browser to do.
func (s *SignIn) open(r *http.Request, b bridge.Browser) bool {
	if b.Session == "" {
		return false
	}
	session, err := s.Hub.Sessions.SessionByKey(r.Context(), bridge.Key(b.Session))
	if err != nil || session.Ended.IsZero() {
		return err == nil
	}
	left, err := s.Hub.LeftOpen(r.Context(), session)
	return err == nil && left
}

// ended says why the session that this browser still shows is over; empty if it shows none, or a live one.
func (s *SignIn) ended(r *http.Request, b bridge.Browser) string {
	if b.Session == "" {
		return ""
	}
	session, err := s.Hub.Sessions.SessionByKey(r.Context(), bridge.Key(b.Session))
	now, limits := s.Hub.Clock(), s.Hub.Limits
	switch {
	case errors.Is(err, bridge.ErrNotFound):
		return "Your last session here is over. Sign in again to go on."
	case err != nil:
		return "" // the page has more to say than this
	case !session.Ended.IsZero() && session.Ended.Before(session.Started.Add(limits.Absolute)):
		if why := s.why(r, session, s.Kit.Time(session.Ended)); why != "" {
			return why + " You were signed out here. Sign in again to go on."
		}
		return "You were signed out at " + s.Kit.Time(session.Ended) + ". Sign in again to go on."
	case !session.Suspended.IsZero() && !now.Before(session.Suspended.Add(limits.Resume)):
		return "Your session was locked for longer than " + spoken(limits.Resume) + ", so it is over. Sign in again to go on."
	case !session.Suspended.IsZero():
		return "" // it waits, and the page says so
	case session.EmergencyOnly() && !session.InEmergency(now):
		return "Your emergency access ended at " + s.Kit.Time(session.Emergency) + ". Sign in again to go on."
	case !now.Before(session.Started.Add(limits.Absolute)):
		return "Your session reached its limit of " + spoken(limits.Absolute) + ". Sign in again to go on."
	case !now.Before(session.Seen.Add(limits.Idle)):
		return "This computer was not used for " + spoken(limits.Idle) + ", so you were signed out to keep patients' records safe. Sign in again to go on."
	}
	return ""
}
