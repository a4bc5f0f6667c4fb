package signin

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

const (
	resultPath = "/signout/result"
	looks      = 10 // how often the page looks again by itself, every two seconds
	framesWait = 3  // after so many looks the browser goes on, whether or not the frames were loaded
)

type resultRow struct {
	App, State, How, When, Class string
	FrontURL                     string // what the browser must visit
}

type resultPage struct {
	Rows     []resultRow
	Final    string // everywhere, close, or waiting: never two of them
	Frames   []string
	origins  []string // where the frames lead
	framing  bool     // an app that asked for the sign-out is told through a frame
	moving   bool     // an app is being told through this page
	Continue string
	Switch   bool
	Lock     bool
	Before   string // see farewell
	Same     bool
	Reload   string
}

func (s *SignIn) result(w http.ResponseWriter, r *http.Request) {
	b := s.Kit.BindBrowser(w, r)
	logout := r.FormValue("logout")
	f, ok := s.farewellOf(w, r, b, logout)
	if !ok {
		return
	}
	ds, err := s.Hub.Deliveries.Deliveries(r.Context(), cmp.Or(f.Of, logout))
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	n, _ := strconv.Atoi(r.FormValue("n"))
	page, again := s.results(ds, max(n, 0))
	if f.Of != "" {
		page = withheld(ds)
	}
	if f.Same {
		page.Final = "waiting"
		if !page.moving || n >= framesWait {
			page.Final = "everywhere"
		}
	}
	if page.Final == "everywhere" && f.Continue != "" && (!page.framing || n >= framesWait) {
		http.Redirect(w, r, f.Continue, http.StatusSeeOther)
		return
	}
	page.Continue, page.Switch, page.Lock, page.Before, page.Same = f.Continue, f.Switch, f.Lock, f.Before, f.Same
	options := web.PageOptions{FrameSrc: page.origins}
	if page.Final == "waiting" || page.moving || page.framing && f.Continue != "" {
		next := ResultURL(logout) + "&n=" + strconv.Itoa(n+1)
		options.Refresh = again + "; url=" + next
		page.Reload = next
	}
	if f.Switch && page.Final != "waiting" {
		s.settled(w, r, b, f.Session)
	}
	title := "Signed out"
	if f.Lock {
		title = "Locked"
	}
	if f.Before != "" {
		title = "Apps left open by the last person"
	}
	s.Kit.PageWho(w, r, b, "", "signedout", title, page, options)
}

// settled takes the session cookie away once the person has seen what became of the apps of the session that gave way. A browser that
// shows another session by now keeps it.
func (s *SignIn) settled(w http.ResponseWriter, r *http.Request, b bridge.Browser, session string) {
	if b.Session == "" {
		return
	}
	if shown, err := s.Hub.Sessions.SessionByKey(r.Context(), bridge.Key(b.Session)); err == nil && shown.ID == session {
		s.Kit.ClearSession(w)
	}
}

// withheld is the page for a browser that has not shown that the session was its own: it names no app, and takes nothing to any.
func withheld(ds []bridge.Delivery) resultPage {
	if (bridge.LogoutReport{Deliveries: ds}).Everywhere() {
		return resultPage{Final: "everywhere"}
	}
	return resultPage{Final: "close"}
}

// farewellOf loads the record of a sign-out page: for the browser that signed out, or for one that it is not known of. A browser that shows
// by its cookies that it was here, or that a session of its own has ended, is led on to the page of that; then, and if it is refused, not ok.
func (s *SignIn) farewellOf(w http.ResponseWriter, r *http.Request, b bridge.Browser, key string) (f farewell, ok bool) {
	_, err := s.look(r.Context(), kindFarewell, bridge.Key(key), &f)
	own := ""
	switch {
	case errors.Is(err, bridge.ErrNotFound), err == nil && f.Of == "" && f.Browser != bridge.Key(b.Binding):
		err = bridge.Refuse(bridge.TransactionGone, "This sign-out is no longer known, or was not made in this browser.")
	case err == nil && f.Of != "":
		own, err = s.ownSignOut(w, r, b, f.Of)
	}
	switch {
	case err != nil:
		s.Kit.Refuse(w, r, err)
	case own != "":
		s.farewell(w, r, own, farewell{Browser: bridge.Key(b.Binding), Continue: f.Continue})
	default:
		return f, true
	}
	return f, false
}

// results puts the deliveries into words, and says after how many seconds to look again. Frames are shown
// at the first look only: a partner is not told twice by reloading. An app that asked for the sign-out is over with,
// and yet may have a frame.
func (s *SignIn) results(ds []bridge.Delivery, n int) (page resultPage, again string) {
	again, page.Final = "2", "everywhere"
	report := bridge.LogoutReport{Deliveries: ds}
	for _, d := range report.Weighed() {
		if front := frontURL(d.FrontURL); front != "" && n == 0 {
			page.Frames, page.origins = append(page.Frames, front), append(page.origins, s.leadsTo(d)...)
			again = "5"
		}
		page.moving = page.moving || d.InBrowser() && n < looks
		switch {
		case d.State == bridge.DeliveryEnded:
			page.framing = page.framing || d.FrontURL != ""
		case d.Settled() || d.State == bridge.DeliveryRefused || n >= looks || page.Final == "close":
			page.Final = "close"
		default:
			page.Final = "waiting"
		}
	}
	for _, d := range report.Partners() {
		row := s.resultRow(d)
		if d.State == bridge.DeliveryFront && n >= looks {
			row.How = "It did not answer."
		}
		page.Rows = append(page.Rows, row)
	}
	return page, again
}

func (s *SignIn) resultRow(d bridge.Delivery) resultRow {
	row := resultRow{App: d.Participant.Partner, When: s.Kit.Time(d.Updated)}
	if p, err := s.Hub.Partners.Partner(d.Participant.Protocol, d.Participant.Partner); err == nil && p.Name != "" {
		row.App = p.Name
	}
	switch d.State {
	case bridge.DeliveryEnded:
		row.State, row.How, row.Class = "Ended", "The app confirmed it.", "good"
		if d.Participant.Protocol == trust.Ticket { // nobody confirms anything: what the app asks next, it is refused
			row.How = "Its ticket was destroyed."
		}
	case bridge.DeliveryNone:
		row.State, row.How, row.Class = "Could not be ended", "Close the browser.", "bad"
		if d.Participant.Protocol == trust.Ticket {
			row.How = "Its ticket was destroyed, but the app does not look again. Close the browser."
		}
	case bridge.DeliveryFront:
		row.State, row.How, row.FrontURL = "Needs this browser", "It is being told through this page.", frontURL(d.FrontURL)
	case bridge.DeliveryTold:
		row.State, row.How = "Told", "It does not say whether it signed you out."
	case bridge.DeliveryRefused:
		row.State, row.How, row.Class = "Not ended", "It answered that it could not. It will be told again. Close the browser.", "bad"
	case bridge.DeliveryNoReply:
		row.State, row.How, row.FrontURL = "Told, no answer yet", "It will be told again.", frontURL(d.FrontURL)
	case bridge.DeliveryDropped:
		row.State, row.How = "Left open", "The session went on before it was told."
	case bridge.DeliveryPending:
		row.State, row.How = "Being told", ""
	}
	return row
}

// leadsTo are the origins that a frame for this delivery may show: that of its address, and those where the partner listens,
// because a page of ours may stand there that leads to them.
func (s *SignIn) leadsTo(d bridge.Delivery) []string {
	out := []string{web.Origin(d.FrontURL)}
	add := func(address string) {
		if o := web.Origin(address); o != "" && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	p, err := s.Hub.Partners.Partner(d.Participant.Protocol, d.Participant.Partner)
	if err == nil && p.OIDC != nil {
		add(p.OIDC.FrontchannelLogoutURI)
	}
	if err == nil && p.SAML != nil && p.SAML.Entity.SP != nil {
		for _, e := range p.SAML.Entity.SP.SLO {
			add(e.Location)
		}
	}
	return out
}

// frontURL lets only web addresses into a link.
func frontURL(raw string) string {
	switch o := web.Origin(raw); {
	case len(o) > 8 && o[:8] == "https://", len(o) > 7 && o[:7] == "http://":
		return raw
	}
	return ""
}
