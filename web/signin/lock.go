package signin

import (
	"net/http"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

type lockedPage struct {
	Name  string
	Role  string // and organisation; empty: none was chosen
	Why   string
	Until string
	Agent *beside
}

// lock suspends the session of this browser. Its apps are told as the policy says; what became of that is shown first.
func (s *SignIn) lock(w http.ResponseWriter, r *http.Request) {
	b := s.Kit.Browser(r)
	session, _, err := s.Hub.Live(r.Context(), b)
	if err != nil {
		s.backHome(w, r, gone(err))
		return
	}
	s.Kit.FreezeSession(w)
	report, err := s.Hub.Suspend(r.Context(), session.ID, bridge.LogoutCause{Reason: bridge.EndedByLock, Ref: bridge.Ref(r.Context()), Later: true})
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	if len(report.Deliveries) == 0 {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s.farewell(w, r, report.ID, farewell{Browser: bridge.Key(b.Binding), Lock: true, Continue: "/"})
}

// gone makes of a session that is over already nothing to speak of: the first page says what became of it.
func gone(err error) error {
	if bridge.AsRefusal(err).Reason == bridge.SessionExpired {
		return nil
	}
	return err
}

// locked shows whose session waits here. Who that is, and whoever else stands here, go on with one press each.
func (s *SignIn) locked(w http.ResponseWriter, r *http.Request, b bridge.Browser, session bridge.Session, person people.Person) {
	page := lockedPage{Name: person.Name, Why: s.why(r, session, s.Kit.Time(session.Suspended)), Until: s.Kit.Time(session.Suspended.Add(s.Hub.Limits.Resume)), Agent: s.beside("", true)}
	if role, ok := person.OpenRole(session.RoleID, s.Hub.Clock()); ok {
		_, page.Role, _ = strings.Cut(web.Who(person, role), "\n")
		page.Role = strings.ReplaceAll(page.Role, "\n", ", ")
	}
	s.Kit.PageWho(w, r, b, "", "locked", "Locked", page, web.PageOptions{ConnectSrc: page.Agent.sources()})
}

// why says in words what ended or suspended a session while nobody was looking; empty if that is not known.
func (s *SignIn) why(r *http.Request, session bridge.Session, at string) string {
	n, err := s.Hub.Notice(r.Context(), session)
	if err != nil {
		return "" // the page has more to say than this
	}
	place := ""
	if n.Station != "" {
		place = " at " + n.Station
	}
	switch n.Reason {
	case bridge.EndedByCard:
		return "The card was taken out of its reader" + place + " at " + at + "."
	case bridge.EndedBySilence:
		return "The card reader" + place + " could not be reached any more at " + at + "."
	case bridge.EndedElsewhere:
		if place == "" {
			place = " at another workstation"
		}
		return "You opened a session" + place + " at " + at + "."
	case bridge.EndedByLock:
		return "It was locked at " + at + "."
	default:
		return ""
	}
}
