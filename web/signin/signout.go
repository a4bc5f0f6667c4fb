package signin

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

func (s *SignIn) askSignOut(w http.ResponseWriter, r *http.Request) {
	b := s.Kit.BindBrowser(w, r)
	who := ""
	if session, person, err := s.Hub.Live(r.Context(), b); err == nil {
		who = s.who(session, person)
	}
	s.Kit.PageWho(w, r, b, who, "signout", "Sign out", struct{ Open bool }{s.open(r, b)}, web.PageOptions{})
}

func (s *SignIn) signOut(w http.ResponseWriter, r *http.Request) { s.end(w, r, bridge.EndedByUser) }

func (s *SignIn) switchUser(w http.ResponseWriter, r *http.Request) {
	s.end(w, r, bridge.EndedBySwitch)
}

// end ends the session of this browser, also one that is idle: its apps may still be open. If it has ended
// already, by a first click on the same button, the person is shown what became of that.
func (s *SignIn) end(w http.ResponseWriter, r *http.Request, reason bridge.EndReason) {
	b := s.Kit.Browser(r)
	var session bridge.Session
	if b.Session != "" {
		var err error
		session, err = s.Hub.Sessions.SessionByKey(r.Context(), bridge.Key(b.Session))
		if err != nil && !errors.Is(err, bridge.ErrNotFound) {
			s.Kit.Refuse(w, r, err)
			return
		}
	}
	s.Kit.ClearSession(w)
	if session.ID == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	report, err := s.Hub.Logout(r.Context(), session.ID, bridge.LogoutCause{Reason: reason, Ref: bridge.Ref(r.Context())})
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	s.farewell(w, r, report, farewell{Browser: bridge.Key(b.Binding), Switch: reason == bridge.EndedBySwitch})
}

// AfterLogout shows the browser what became of a sign-out that a partner began, and leads on to
// continueURL, which the caller's own protocol made and which is never read from a request. When every
// app confirmed and none is to be framed, there is nothing to show and the browser goes on at once.
func (s *SignIn) AfterLogout(w http.ResponseWriter, r *http.Request, report bridge.LogoutReport, continueURL string) {
	b := s.Kit.Browser(r)
	if b.Session != "" && (report.Session.ID == "" || report.Session.Key == bridge.Key(b.Session)) {
		s.Kit.ClearSession(w)
	}
	if continueURL != "" && report.Everywhere() && !report.NeedsBrowser() {
		http.Redirect(w, r, continueURL, http.StatusSeeOther)
		return
	}
	f := farewell{Continue: continueURL}
	if b.Binding != "" {
		f.Browser = bridge.Key(b.Binding)
	}
	s.farewell(w, r, report, f)
}

func (s *SignIn) farewell(w http.ResponseWriter, r *http.Request, report bridge.LogoutReport, f farewell) {
	if err := s.keep(r.Context(), kindFarewell, report.ID, farewellLife, f); err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	http.Redirect(w, r, ResultURL(report.ID), http.StatusSeeOther)
}

// ResultURL is the path of the page that shows what became of a sign-out. A front end sends the browser
// there again after a partner answered through it.
func ResultURL(logout string) string {
	return resultPath + "?" + url.Values{"logout": {logout}}.Encode()
}
