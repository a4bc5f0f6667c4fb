package signin

import (
	"errors"
	"fmt"
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

// signOut ends the session of this browser, also one that is idle: its apps may still be open. If it has ended
// already, by a first click on the same button, the person is shown what became of that.
func (s *SignIn) signOut(w http.ResponseWriter, r *http.Request) {
	b, session, ok := s.leaving(w, r)
	if !ok {
		return
	}
	s.Kit.ClearSession(w)
	report, err := s.Hub.Logout(r.Context(), session.ID, bridge.LogoutCause{Reason: bridge.EndedByUser, Ref: bridge.Ref(r.Context())})
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	s.farewell(w, r, report.ID, farewell{Browser: bridge.Key(b.Binding)})
}

// switchUser hands the browser to the next person, who can sign in at once: nobody waits for the apps of the one before. The browser
// keeps the secret until their apps are settled, so that whoever signs in before that is shown what is left.
func (s *SignIn) switchUser(w http.ResponseWriter, r *http.Request) {
	b, session, ok := s.leaving(w, r)
	if !ok {
		return
	}
	s.Kit.FreezeSession(w)
	report, err := s.Hub.GiveWay(r.Context(), b, session, bridge.Ref(r.Context()))
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	s.farewell(w, r, report.ID, farewell{Browser: bridge.Key(b.Binding), Switch: true, Session: session.ID})
}

// leaving finds the session that this browser shows; without one there is nothing to leave.
func (s *SignIn) leaving(w http.ResponseWriter, r *http.Request) (b bridge.Browser, session bridge.Session, ok bool) {
	b = s.Kit.Browser(r)
	if b.Session != "" {
		var err error
		session, err = s.Hub.Sessions.SessionByKey(r.Context(), bridge.Key(b.Session))
		if err != nil && !errors.Is(err, bridge.ErrNotFound) {
			s.Kit.Refuse(w, r, err)
			return b, session, false
		}
	}
	if session.ID == "" {
		s.Kit.ClearSession(w)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return b, session, false
	}
	return b, session, true
}

// AfterLogout shows the browser what became of a sign-out that a partner began, and leads on to
// continueURL, which the caller's own protocol made and which is never read from a request. When every
// app confirmed and none is to be framed, there is nothing to show and the browser goes on at once.
//
// A partner may have sent its request itself. Only the browser of the session that ended is shown which apps there are, and is told what to
// take to them. One that brought no cookie, since a form of another site brings none, shows itself when it comes to the page.
func (s *SignIn) AfterLogout(w http.ResponseWriter, r *http.Request, report bridge.LogoutReport, continueURL string) {
	b := s.Kit.Browser(r)
	own := b.Session != "" && report.Session.Key == bridge.Key(b.Session)
	if own {
		s.Kit.ClearSession(w)
	}
	switch {
	case continueURL != "" && report.Everywhere() && !report.NeedsBrowser():
		http.Redirect(w, r, continueURL, http.StatusSeeOther)
	case own:
		b = s.Kit.BindBrowser(w, r)
		s.farewell(w, r, report.ID, farewell{Browser: bridge.Key(b.Binding), Continue: continueURL})
	default:
		s.farewell(w, r, s.Hub.NewSecret(), farewell{Browser: noBrowser, Of: report.ID, Continue: continueURL})
	}
}

// ownSignOut is the sign-out that a browser may see when it comes to the page of one: that of the session which it still shows, or the one
// itself, if it was here before. Empty if it may see neither.
func (s *SignIn) ownSignOut(w http.ResponseWriter, r *http.Request, b bridge.Browser, logout string) (string, error) {
	if b.Session != "" {
		session, err := s.Hub.Sessions.SessionByKey(r.Context(), bridge.Key(b.Session))
		switch {
		case errors.Is(err, bridge.ErrNotFound):
		case err != nil:
			return "", fmt.Errorf("signin: find session: %w", err)
		case !session.Ended.IsZero():
			s.Kit.ClearSession(w)
			report, _, err := s.Hub.Report(r.Context(), session.ID)
			return report.ID, err
		}
	}
	var f farewell
	switch _, err := s.look(r.Context(), kindFarewell, bridge.Key(logout), &f); {
	case errors.Is(err, bridge.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case f.Browser != bridge.Key(b.Binding):
		return "", nil
	}
	return logout, nil
}

// farewell keeps the record of a sign-out page under its key, and sends the browser there.
func (s *SignIn) farewell(w http.ResponseWriter, r *http.Request, key string, f farewell) {
	if err := s.keep(r.Context(), kindFarewell, key, farewellLife, f); err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	http.Redirect(w, r, ResultURL(key), http.StatusSeeOther)
}

// ResultURL is the path of the page that shows what became of a sign-out.
func ResultURL(logout string) string {
	return resultPath + "?" + url.Values{"logout": {logout}}.Encode()
}

// ResultAgain is the same for a browser that was there: a front end sends it back after a partner answered through it. What was
// framed is not framed again, or a partner that leaves its frame would come round for ever.
func ResultAgain(logout string) string { return ResultURL(logout) + "&n=1" }
