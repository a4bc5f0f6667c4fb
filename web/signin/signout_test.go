package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// inBothApps signs Asha in to both apps.
func inBothApps(t *testing.T, w *world) *browser {
	t.Helper()
	b := w.browser().insert(asha)
	b.get("/front/start?partner=board").submit("/signin/card").submit("/role", "role", "555123456701").want(http.StatusOK, "app told")
	return b.get("/front/start?partner=strong").want(http.StatusOK, "app told").get("/")
}

func TestSignOutTellsTheTruth(t *testing.T) {
	const everywhere, closeAll = "You are signed out everywhere", "Close all browser windows"
	for name, c := range map[string]struct {
		board, strong bridge.DeliveryState
		want          []string
		lacks         []string
	}{
		"all ended":       {bridge.DeliveryEnded, bridge.DeliveryEnded, []string{everywhere, "The app confirmed it."}, []string{closeAll, "http-equiv"}},
		"one cannot":      {bridge.DeliveryEnded, bridge.DeliveryNone, []string{closeAll, "Could not be ended", "Ended"}, []string{everywhere, "http-equiv"}},
		"no answer":       {bridge.DeliveryEnded, bridge.DeliveryNoReply, []string{"Told, no answer yet", `http-equiv="refresh" content="2; url=/signout/result?logout=`}, []string{everywhere, closeAll, "<iframe"}},
		"by browser":      {bridge.DeliveryFront, bridge.DeliveryEnded, []string{"Needs this browser", "<iframe", "https://board.example/slo", `content="5; url=`}, []string{everywhere, closeAll}},
		"does not answer": {bridge.DeliveryTold, bridge.DeliveryEnded, []string{closeAll, "It does not say whether it signed you out."}, []string{everywhere, "http-equiv", "<iframe"}},
		"refused":         {bridge.DeliveryEnded, bridge.DeliveryRefused, []string{closeAll, "Not ended", "It answered that it could not."}, []string{everywhere, "http-equiv"}},
		"no and none":     {bridge.DeliveryNoReply, bridge.DeliveryNone, []string{closeAll}, []string{everywhere, "http-equiv"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.tells["board"], w.tells["strong"] = c.board, c.strong
			b := inBothApps(t, w).submit("/signout").want(http.StatusOK, append(c.want, "Ward Whiteboard", "Medicines Cabinet", "23 Nov 2026, 08:12")...).lacks(c.lacks...)
			if b.cookie("__Host-lanyard-session") != "" {
				t.Error("the session cookie is still there")
			}
			if got := w.events(ledger.PartnerTold); len(got) != 2 {
				t.Errorf("told %+v", got)
			}
		})
	}
}

// nameAgain tells the board another name in the session of a browser, which is returned.
func (w *world) nameAgain(b *browser) string {
	w.t.Helper()
	session, err := w.store.SessionByKey(w.t.Context(), bridge.Key(b.cookie("__Host-lanyard-session")))
	if err != nil {
		w.t.Fatal(err)
	}
	again := bridge.Participant{Session: session.ID, Partner: "board", Protocol: w.board.Protocol, Format: "transient", Subject: "_another", Since: w.now}
	if err := w.store.Commit(w.t.Context(), bridge.AddParticipant{Participant: again}); err != nil {
		w.t.Fatal(err)
	}
	return again.Subject
}

// TestSignOutOfSeveralNames: an app that knows the session by several names is one app on the page, over with when all of them are.
func TestSignOutOfSeveralNames(t *testing.T) {
	for _, c := range []struct {
		left int // names that it does not answer for
		want string
	}{{0, "You are signed out everywhere"}, {1, "Told, no answer yet"}, {2, "Told, no answer yet"}} {
		w := newWorld(t)
		w.tells["board"], w.tells["strong"] = bridge.DeliveryEnded, bridge.DeliveryEnded
		b := inBothApps(t, w)
		w.silent = []string{w.nameAgain(b), asha}[:c.left]
		b.submit("/signout").want(http.StatusOK, c.want, "Ward Whiteboard", "Medicines Cabinet")
		if n := strings.Count(b.body, "Ward Whiteboard"); n != 1 {
			t.Errorf("%d rows of one app: %s", n, b.body)
		}
	}
}

// TestSignOutOfDisownedName: while an app that denied one name in the browser is to be told another, nobody is alarmed.
func TestSignOutOfDisownedName(t *testing.T) {
	w := newWorld(t)
	w.tells["board"], w.tells["strong"] = bridge.DeliveryFront, bridge.DeliveryEnded
	b := inBothApps(t, w)
	w.nameAgain(b)
	b.submit("/signout").want(http.StatusOK, "Needs this browser")
	logout := between(b.url, "logout=", "&")
	var of []string
	ds, err := w.store.Deliveries(t.Context(), logout)
	for _, d := range ds {
		if d.Participant.Partner == "board" {
			of = append(of, d.ID)
		}
	}
	if err != nil || len(of) != 2 {
		t.Fatalf("%+v %v", ds, err)
	}
	if err := w.hub.Disowned(t.Context(), logout, of[1]); err != nil {
		t.Fatal(err)
	}
	b.get(ResultAgain(logout)).want(http.StatusOK, "Needs this browser", "End it now", "http-equiv").lacks("Close")
	b.get(ResultURL(logout)+"&n=10").want(http.StatusOK, "Close all browser windows")
	if err := w.hub.Answered(t.Context(), logout, of[0], true); err != nil {
		t.Fatal(err)
	}
	b.get(ResultAgain(logout)).want(http.StatusOK, "You are signed out everywhere").lacks("Could not")
}

func TestSignOutLooksAgain(t *testing.T) {
	w := newWorld(t)
	w.tells["board"], w.tells["strong"] = bridge.DeliveryFront, bridge.DeliveryNoReply
	b := inBothApps(t, w).submit("/signout").want(http.StatusOK)
	if policy := b.answer.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-src 'self' https://board.example") {
		t.Errorf("policy %s", policy)
	}
	logout := between(b.url, "logout=", "&")
	b.get(unescape(between(b.body, "url=", `"`))).want(http.StatusOK, "Needs this browser").lacks("<iframe")
	if err := w.hub.Answered(t.Context(), logout, logout+".1", true); err != nil {
		t.Fatal(err)
	}
	b.get(ResultURL(logout)+"&n=10").want(http.StatusOK, "Close all browser windows").lacks("http-equiv")
	w.tells["strong"] = bridge.DeliveryEnded
	w.wait(time.Minute)
	if err := w.hub.Retry(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.get(ResultURL(logout)).want(http.StatusOK, "You are signed out everywhere")
	w.browser().get(ResultURL(logout)).want(http.StatusBadRequest, "was not made in this browser")
	b.get("/signout/result?logout=nothing").want(http.StatusBadRequest)
}

// TestFramesStayFrames: what an app shows in its frame cannot take the window, open others or show dialogs; it keeps its cookies, scripts
// and forms, by which it signs out.
func TestFramesStayFrames(t *testing.T) {
	w := newWorld(t)
	w.tells["board"] = bridge.DeliveryFront
	page := inBothApps(t, w).submit("/signout").want(http.StatusOK, "<iframe").body
	for _, frame := range strings.Split(page, "<iframe")[1:] {
		if tag, _, _ := strings.Cut(frame, ">"); !strings.Contains(tag, ` sandbox="allow-forms allow-same-origin allow-scripts"`) {
			t.Errorf("<iframe%s>", tag)
		}
	}
}

// TestSignOutBothWays: an app that gave no usable answer, and that the browser can tell as well, has both: the frame and the link here, and
// the loop that tells it again.
func TestSignOutBothWays(t *testing.T) {
	w := newWorld(t)
	w.tells["board"], w.offers = bridge.DeliveryNoReply, map[string]bool{"board": true}
	b := inBothApps(t, w).submit("/signout").want(http.StatusOK, "Told, no answer yet", "End it now", "<iframe", "https://board.example/slo", `content="5; url=`)
	logout := between(b.url, "logout=", "&")
	b.get(ResultAgain(logout)).want(http.StatusOK, "End it now").lacks("<iframe", "everywhere")
	if err := w.hub.Answered(t.Context(), logout, logout+".1", true); err != nil {
		t.Fatal(err)
	}
	b.get(ResultAgain(logout)).want(http.StatusOK, "You are signed out everywhere").lacks("End it now")
}

func TestSignOutOfIdleSession(t *testing.T) {
	w := newWorld(t)
	b := inBothApps(t, w)
	w.wait(time.Hour)
	for _, page := range []string{"/", "/signout"} { // whoever comes back can still end what was opened
		b.get(page).want(http.StatusOK, "may still be open").form("/signout")
	}
	b.submit("/signout").want(http.StatusOK, "You are signed out everywhere", "Ward Whiteboard")
	b.get("/").want(http.StatusOK, "Nobody is signed in").lacks("may still be open")
}

// Signing out takes seconds when an app is slow, and people press again. The second press must not hide that an app
// could not be ended.
func TestSignOutPressedTwice(t *testing.T) {
	w := newWorld(t)
	w.tells["strong"] = bridge.DeliveryNone
	b := inBothApps(t, w)
	form, session := b.form("/signout"), b.cookie("__Host-lanyard-session")
	b.once("POST", "/signout", form).want(http.StatusSeeOther)
	first := b.answer.Get("Location")
	u, _ := url.Parse("https://sso.example/")
	b.jar.SetCookies(u, []*http.Cookie{{Name: "__Host-lanyard-session", Value: session, Path: "/", Secure: true}}) // the first answer never arrived
	b.once("POST", "/signout", form).want(http.StatusSeeOther)
	if got := b.answer.Get("Location"); got != first {
		t.Errorf("the second press leads to %s, the first to %s", got, first)
	}
	b.get(b.answer.Get("Location")).want(http.StatusOK, "Close all browser windows", "Could not be ended")
	if got := w.events(ledger.SessionEnded); len(got) != 1 {
		t.Errorf("ended %+v", got)
	}
}

func TestNextPersonIsWarned(t *testing.T) {
	w := newWorld(t)
	w.tells["strong"] = bridge.DeliveryNone
	b := inBothApps(t, w)
	w.wait(time.Hour) // Asha walked away; her session is idle, her apps are open
	b.insert(sam).get("/front/start?partner=board").submit("/signin/card").want(http.StatusOK, "Close all browser windows, then sign in again", "Dr Asha Patel", "Medicines Cabinet").lacks("You are signed out")
	b.click("Go on").want(http.StatusOK, "app told: uid="+sam)
	if got := w.events(ledger.UserSwitched); len(got) != 1 || got[0].Subject != asha || got[0].Detail["to"] != sam {
		t.Errorf("switches %+v", got)
	}
	// A front channel that answers lets the next person through without a press.
	w.tells["board"] = bridge.DeliveryFront
	b.insert(asha).get("/front/start?partner=strong&force=1").submit("/signin/card").want(http.StatusOK, "is being signed out of the apps below", "<iframe")
	logout := between(b.url, "logout=", "&")
	if err := w.hub.Answered(t.Context(), logout, logout+".1", true); err != nil {
		t.Fatal(err)
	}
	b.get(ResultURL(logout)).want(http.StatusOK, "app told: uid="+asha)
}

// TestOpenAfterAnEndElsewhere: an administrator ends a session whose app only the browser can tell. The first page offers to tell it,
// and so does the next sign-in, whoever's it is.
func TestOpenAfterAnEndElsewhere(t *testing.T) {
	left := func(t *testing.T, state bridge.DeliveryState) (*world, *browser) {
		t.Helper()
		w := newWorld(t)
		w.tells["board"] = state
		b := inBothApps(t, w)
		session, _, err := w.hub.Live(t.Context(), bridge.Browser{Session: b.cookie("__Host-lanyard-session")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.hub.Logout(t.Context(), session.ID, bridge.LogoutCause{Reason: bridge.EndedByAdmin}); err != nil {
			t.Fatal(err)
		}
		return w, b
	}
	t.Run("first page", func(t *testing.T) {
		_, b := left(t, bridge.DeliveryFront)
		b.get("/").want(http.StatusOK, "You were signed out at", "may still be open").submit("/signout").want(http.StatusOK, "Needs this browser", "<iframe")
		b.get("/").want(http.StatusOK, "Nobody is signed in").lacks("may still be open")
	})
	t.Run("nothing to do", func(t *testing.T) {
		_, b := left(t, bridge.DeliveryEnded)
		b.get("/").want(http.StatusOK, "You were signed out at").lacks("may still be open")
	})
	t.Run("the same person", func(t *testing.T) {
		w, b := left(t, bridge.DeliveryFront)
		b.get("/front/start?partner=strong").submit("/signin/card").want(http.StatusOK, "Dr Asha Patel is being signed out", "This page goes on by itself.", "<iframe")
		if err := w.hub.WasTold(t.Context(), between(b.url, "logout=", "&"), between(b.url, "logout=", "&")+".1"); err != nil {
			t.Fatal(err)
		}
		b.get(b.url).want(http.StatusOK, "app told") // that it was told is enough: the app is open in no other name
	})
	t.Run("another person", func(t *testing.T) {
		_, b := left(t, bridge.DeliveryNone)
		b.insert(sam).get("/front/start?partner=board").submit("/signin/card").want(http.StatusOK, "Close all browser windows, then sign in again", "Dr Asha Patel").lacks("<iframe")
	})
}

// afterLogout calls AfterLogout as a front end does.
func afterLogout(w *world, b *browser, report bridge.LogoutReport) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "https://sso.example/saml/slo", nil)
	for _, name := range []string{"__Host-lanyard-session", "__Host-lanyard-browser"} {
		r.AddCookie(&http.Cookie{Name: name, Value: b.cookie(name)})
	}
	rec := httptest.NewRecorder()
	w.pages.AfterLogout(rec, r, report, "https://board.example/after")
	return rec
}

func TestAfterLogout(t *testing.T) {
	w := newWorld(t)
	b := inBothApps(t, w)
	session, _, err := w.hub.Live(t.Context(), bridge.Browser{Session: b.cookie("__Host-lanyard-session")})
	if err != nil {
		t.Fatal(err)
	}
	w.tells["strong"] = bridge.DeliveryNoReply
	report, err := w.hub.Logout(t.Context(), session.ID, bridge.LogoutCause{Reason: "partner", Partner: "board", Protocol: w.board.Protocol})
	if err != nil {
		t.Fatal(err)
	}
	rec := afterLogout(w, b, report)
	if got := rec.Header().Get("Location"); got != ResultURL(report.ID) || rec.Code != http.StatusSeeOther {
		t.Fatalf("%d to %q", rec.Code, got)
	}
	if got := rec.Header().Get("Set-Cookie"); !strings.Contains(got, "__Host-lanyard-session=;") {
		t.Errorf("cookie %q", got)
	}
	b.get(ResultURL(report.ID)).want(http.StatusOK, "Continue", "https://board.example/after")
	report.Deliveries = report.Deliveries[:1] // all ended: nothing to show
	if got := afterLogout(w, b, report).Header().Get("Location"); got != "https://board.example/after" {
		t.Errorf("to %q", got)
	}
}

// TestSignOutIsShownToItsBrowser: an app that sends its sign-out request itself, in the place of the person's browser, does not learn from
// the page which other apps there are, nor gets what the browser is to take to them. The browser does, also when the request brought no cookie.
func TestSignOutIsShownToItsBrowser(t *testing.T) {
	for name, other := range map[string]func(*world) *browser{
		"without cookies": func(w *world) *browser { return w.browser() },
		"of another person": func(w *world) *browser {
			return w.browser().insert(sam).get("/front/start?partner=board").submit("/signin/card").get("/")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.tells["strong"] = bridge.DeliveryFront
			b := inBothApps(t, w)
			thief := other(w)
			session, _, err := w.hub.Live(t.Context(), bridge.Browser{Session: b.cookie("__Host-lanyard-session")})
			if err != nil {
				t.Fatal(err)
			}
			report, err := w.hub.Logout(t.Context(), session.ID, bridge.LogoutCause{Reason: bridge.EndedByPartner, Partner: "board", Protocol: w.board.Protocol})
			if err != nil {
				t.Fatal(err)
			}
			withheld := func() {
				t.Helper()
				address := afterLogout(w, thief, report).Header().Get("Location")
				if strings.Contains(address, report.ID) {
					t.Errorf("sent to %q: who sends requests for another app is sent to the same", address)
				}
				for range 2 {
					thief.get(address).want(http.StatusOK, "Close all browser windows", "https://board.example/after").lacks("Medicines Cabinet", "Ward Whiteboard", "<iframe", "board.example/slo", "http-equiv")
				}
				thief.get(ResultURL(report.ID)).want(http.StatusBadRequest)
				thief.get(ResultAgain(report.ID)).want(http.StatusBadRequest)
			}
			withheld()
			cookieless := func() string { return afterLogout(w, w.browser(), report).Header().Get("Location") }
			b.get(cookieless()).want(http.StatusOK, "Needs this browser", "Medicines Cabinet", "<iframe", "https://board.example/after")
			if b.cookie("__Host-lanyard-session") != "" {
				t.Error("the browser keeps its cookie")
			}
			withheld() // it asks again
			b.get(ResultAgain(report.ID)).want(http.StatusOK, "Medicines Cabinet")
			for _, address := range []string{afterLogout(w, b, report).Header().Get("Location"), cookieless()} { // the next app, or the same pressed twice
				b.get(address).want(http.StatusOK, "Medicines Cabinet", "<iframe", "https://board.example/after")
			}
		})
	}
}

// TestSignOutOfSeveralSessions: where an app ended sessions in several browsers at once, and the request brought no cookie, each browser is
// shown what became of its own, and no other.
func TestSignOutOfSeveralSessions(t *testing.T) {
	w := newWorld(t)
	w.tells["board"], w.tells["strong"] = bridge.DeliveryNone, bridge.DeliveryNone
	cause := bridge.LogoutCause{Reason: bridge.EndedByPartner}
	both := [2]*browser{inBothApps(t, w), w.browser().insert(asha).get("/front/start?partner=board").submit("/signin/card").submit("/role", "role", "555123456701").get("/")}
	var reports [2]bridge.LogoutReport
	for i, b := range both {
		session, _, err := w.hub.Live(t.Context(), bridge.Browser{Session: b.cookie("__Host-lanyard-session")})
		if err != nil {
			t.Fatal(err)
		}
		if reports[i], err = w.hub.Logout(t.Context(), session.ID, cause); err != nil {
			t.Fatal(err)
		}
	}
	both[1].get(afterLogout(w, w.browser(), reports[0]).Header().Get("Location")).want(http.StatusOK, "Ward Whiteboard").lacks("Medicines Cabinet")
	if both[1].cookie("__Host-lanyard-session") != "" {
		t.Error("the browser keeps its cookie")
	}
	both[0].get(afterLogout(w, w.browser(), reports[0]).Header().Get("Location")).want(http.StatusOK, "Ward Whiteboard", "Medicines Cabinet")
}

// TestSignOutWithoutBrowser: a session that no browser holds is shown to none, nor by an older program beside this one, which lets whoever comes
// first have a record without a browser.
func TestSignOutWithoutBrowser(t *testing.T) {
	w := newWorld(t)
	w.tells["strong"] = bridge.DeliveryFront
	session, _, err := w.hub.Live(t.Context(), bridge.Browser{Session: inBothApps(t, w).cookie("__Host-lanyard-session")})
	if err != nil {
		t.Fatal(err)
	}
	report, err := w.hub.Logout(t.Context(), session.ID, bridge.LogoutCause{Reason: bridge.EndedByPartner, Partner: "board", Protocol: w.board.Protocol})
	if err != nil {
		t.Fatal(err)
	}
	report.Session.Key = ""
	other := w.browser()
	address := afterLogout(w, other, report).Header().Get("Location")
	other.get(address).want(http.StatusOK, "Close all browser windows").lacks("Medicines Cabinet", "<iframe")
	_, key, _ := strings.Cut(address, "logout=")
	var kept farewell
	if _, err := w.pages.look(t.Context(), kindFarewell, bridge.Key(key), &kept); err != nil || kept.Browser == "" {
		t.Errorf("%+v %v", kept, err)
	}
}

// TestSignOutElsewhereEndsNothingHere: a browser whose own session lives is shown nothing of another's, and keeps its cookie.
func TestSignOutElsewhereEndsNothingHere(t *testing.T) {
	w := newWorld(t)
	w.tells["strong"] = bridge.DeliveryNone
	b, other := inBothApps(t, w), inBothApps(t, w)
	session, _, err := w.hub.Live(t.Context(), bridge.Browser{Session: b.cookie("__Host-lanyard-session")})
	if err != nil {
		t.Fatal(err)
	}
	report, err := w.hub.Logout(t.Context(), session.ID, bridge.LogoutCause{Reason: bridge.EndedByPartner})
	if err != nil {
		t.Fatal(err)
	}
	other.get(afterLogout(w, other, report).Header().Get("Location")).want(http.StatusOK, "Close all browser windows").lacks("Medicines Cabinet")
	if other.cookie("__Host-lanyard-session") == "" {
		t.Error("a session that lives lost its cookie")
	}
}

// TestAskerIsFramed: an app that asked for the sign-out, and wants to be told through a frame, has ended; the browser goes on to it once
// the frame was there, and does not wait for ever.
func TestAskerIsFramed(t *testing.T) {
	w := newWorld(t)
	w.tells["board"] = bridge.DeliveryFront
	b := inBothApps(t, w)
	session, _, err := w.hub.Live(t.Context(), bridge.Browser{Session: b.cookie("__Host-lanyard-session")})
	if err != nil {
		t.Fatal(err)
	}
	report, err := w.hub.Logout(t.Context(), session.ID, bridge.LogoutCause{Reason: bridge.EndedByPartner, Partner: "board", Protocol: w.board.Protocol, Tell: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := afterLogout(w, b, report).Header().Get("Location"); got != ResultURL(report.ID) {
		t.Fatalf("to %q", got)
	}
	b.get(ResultURL(report.ID)).want(http.StatusOK, "You are signed out everywhere", "<iframe", "Continue", "data-look").lacks("Needs this browser", "End it now")
	b.get(ResultURL(report.ID)+"&n=1").want(http.StatusOK, "Continue", "data-look").lacks("<iframe")
	goesOn := func(what, address string) {
		t.Helper()
		if b.once("GET", address, nil); b.answer.Get("Location") != "https://board.example/after" {
			t.Errorf("%s: to %q", what, b.answer.Get("Location"))
		}
	}
	goesOn("the frame never arrived", ResultURL(report.ID)+"&n=3")
	if err := w.hub.WasTold(t.Context(), report.ID, report.Deliveries[0].ID); err != nil {
		t.Fatal(err)
	}
	goesOn("the frame arrived", ResultURL(report.ID)+"&n=1")
}

// TestSignOutFramesMayLeadOn: a frame may show a page of ours that posts to the app, so the policy names the app's own address too.
func TestSignOutFramesMayLeadOn(t *testing.T) {
	w := newWorld(t)
	w.tells["board"] = bridge.DeliveryFront
	w.board.SAML = &trust.SAMLTerms{Entity: metadata.Entity{SP: &metadata.ServiceProvider{
		SLO: []metadata.Endpoint{{Binding: metadata.BindingPOST, Location: "https://slo.board.example/x"}},
	}}}
	b := inBothApps(t, w).submit("/signout").want(http.StatusOK)
	if policy := b.answer.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-src 'self' https://board.example https://slo.board.example") {
		t.Errorf("policy %s", policy)
	}
	w.board.SAML, w.board.OIDC = nil, &trust.OIDCTerms{FrontchannelLogoutURI: "https://app.board.example/out?a=1"}
	b.get(b.url).want(http.StatusOK, "<iframe")
	if policy := b.answer.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-src 'self' https://board.example https://app.board.example") {
		t.Errorf("policy %s", policy)
	}
}
