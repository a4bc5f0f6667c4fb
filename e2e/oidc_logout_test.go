package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// one is what somebody was told of who was told once.
func one(told []string) string {
	if len(told) != 1 {
		return strings.Join(told, " and ")
	}
	return told[0]
}

// noComplaint fails if the browser complained to its console, about a policy above all.
func noComplaint(t *testing.T, tab *components.Tab) {
	t.Helper()
	for _, line := range tab.Console() {
		if strings.Contains(line, "Content Security Policy") || strings.Contains(line, "Refused") || strings.Contains(line, "Framing") {
			t.Errorf("console: %s", line)
		}
	}
}

// TestChromiumOneSignOutFourApps: two apps by OpenID Connect, one of them by its front channel alone, one by SAML through the browser, and
// one with a ticket: one sign-out tells them all, and the page says of each what is so.
func TestChromiumOneSignOutFourApps(t *testing.T) {
	h := startHub(t, "")
	front, back, saml, path := h.oidcApp("front", "front"), h.oidcApp("back", "back"), h.soapApp("pas", ""), h.pathology()
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.InsertKey(t)
	b.Open(t, strings.TrimSpace(h.run("people", "enrol", nurse)))
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "set up")
	b.Open(t, front.request())
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "body", "welcome to front")
	for address, sees := range map[string]string{back.request(): "welcome to back", saml.request(t, h): "welcome to pas", h.issuer + "/ticket/start?partner=pathology": "ticket received"} {
		b.Open(t, address)
		b.SeeText(t, "body", sees)
	}
	token := path.last(t)

	b.Open(t, h.issuer)
	b.Click(t, `form[action="/signout"] button`)
	b.SeeText(t, "tbody", "It does not say whether it signed you out.")
	b.Screenshot(t, "signout-four-apps")
	page := b.Text(t, "main")
	for _, want := range []string{"App front", "App back", "App pas", "Pathology", "Close all browser windows before you leave.", "Its ticket was destroyed.", "The app confirmed it."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "signed out everywhere") {
		t.Errorf("the page claims too much:\n%s", page)
	}
	_, atFront := front.told()
	atBack, _ := back.told()
	told, _ := saml.counts()
	if one(atFront) != front.sid || one(atBack) != back.sid || told != 1 || path.read(t, token).status != 403 {
		t.Errorf("front %v of %s, back %v of %s, SAML %d, ticket %d", atFront, front.sid, atBack, back.sid, told, path.read(t, token).status)
	}
	if q := front.front[0]; q.Get("iss") != h.issuer || q.Get("ward") != "7" {
		t.Errorf("front channel %v", q)
	}
	noComplaint(t, b.Tab)
	record := h.audit("--kind", "partner_told")
	if strings.Count(record, `"reason":"ended"`) != 3 || strings.Count(record, `"reason":"told"`) != 1 {
		t.Errorf("record:\n%s", record)
	}
}

// TestChromiumAppAsksForSignOut: the app that asks is told through a frame, others by their own channels; then the browser comes back to the
// app by itself.
func TestChromiumAppAsksForSignOut(t *testing.T) {
	h := startHub(t, "")
	front, back := h.oidcApp("front", "front"), h.oidcApp("back", "back")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}})
	b.Open(t, back.request())
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "body", "welcome to back")
	b.Open(t, front.request())
	b.SeeText(t, "body", "welcome to front")
	b.Open(t, front.endSession())
	b.SeeText(t, "body", "goodbye from front")
	_, atFront := front.told()
	atBack, _ := back.told()
	if one(atFront) != front.sid || one(atBack) != back.sid || len(front.after) != 1 || front.after[0]["query"] != "state=over" {
		t.Errorf("front %v, back %v, after %v", atFront, atBack, front.after)
	}
	noComplaint(t, b.Tab)
	if record := h.audit("--kind", "session_ended"); !strings.Contains(record, `"reason":"partner"`) {
		t.Errorf("record:\n%s", record)
	}
}

// TestChromiumSessionState: a page of an app, on another site, sees at once that the person signed out, and that somebody else signed in.
func TestChromiumSessionState(t *testing.T) {
	h := startHub(t, "")
	app := h.oidcApp("spa", "none")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}, ThirdPartyCookies: true})
	signIn := func() {
		t.Helper()
		b.Open(t, app.request())
		b.Click(t, "#way-card button[type=submit]")
		b.SeeText(t, "body", "welcome to spa")
	}
	b.Open(t, app.base+"/watch")
	b.SeeText(t, "#said", "error") // it has no session_state yet: a message of another form
	signIn()
	b.Open(t, app.base+"/watch")
	b.SeeText(t, "#said", "unchanged")
	b.Script(t, `document.getElementById("rp").contentWindow.message = "spa nonsense", 1`)
	b.SeeText(t, "#said", "error")
	b.Script(t, `document.getElementById("rp").contentWindow.location.reload(), 1`)
	b.SeeText(t, "#said", "unchanged")

	other := b.NewTab(t)
	other.Open(t, h.issuer)
	other.Click(t, `form[action="/signout"] button`)
	other.SeeText(t, "main", "Close all browser windows")
	b.SeeText(t, "#said", "changed")
	signIn()
	b.Open(t, app.base+"/watch")
	b.SeeText(t, "#said", "unchanged")
	noComplaint(t, b.Tab)

	// A browser that keeps cookies from frames of other sites cannot tell, and says so.
	strict := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}})
	strict.Open(t, app.request())
	strict.Click(t, "#way-card button[type=submit]")
	strict.SeeText(t, "body", "welcome to spa")
	strict.Open(t, app.base+"/watch")
	strict.SeeText(t, "#said", "error")
}

// TestOIDCLogoutSurvivesAKill: the hub dies while one app is down and another waits for the browser. After its restart the first is told
// once, and the page still leads to the second.
func TestOIDCLogoutSurvivesAKill(t *testing.T) {
	h := startHub(t, "")
	front, back, refuses := h.oidcApp("front", "front"), h.oidcApp("back", "back"), h.oidcApp("refuses", "both")
	s := h.newSurfer(nurse)
	s.open(front.request())
	s.signInByCard("")
	s.see("welcome to front")
	for _, a := range []*oidcApp{back, refuses} {
		s.open(a.request())
		s.see("welcome to " + a.name)
	}
	id := h.onlySession(nurse)
	back.stop()
	refuses.answer(400, `{"error":"logout_failed"}`)
	s.open(h.issuer + "/")
	s.submit("Sign out")
	s.see("Told, no answer yet")
	s.see("Needs this browser")
	s.see("It answered that it could not.")
	s.see("Close all browser windows")
	result := s.url.String()
	h.proc.Kill()
	shown := h.run("session", "show", id)
	for _, state := range []string{"no_answer", "browser", "refused"} {
		if !strings.Contains(shown, state) {
			t.Errorf("shown while nothing runs:\n%s", shown)
		}
	}
	h.serve()
	s.open(result)
	s.follow("End it now")
	if _, told := front.told(); one(told) != front.sid || !strings.HasPrefix(s.url.String(), front.base+"/front?ward=7&") {
		t.Errorf("front channel %v, at %s", told, s.url)
	}
	back.start()
	refuses.answer(204, "")
	back.waitBack(1, 60*time.Second)
	refuses.waitBack(2, 60*time.Second)
	time.Sleep(7 * time.Second) // longer than the hub waits between two looks
	if told, _ := back.told(); one(told) != back.sid {
		t.Errorf("back channel %v", told)
	}
	if told, framed := refuses.told(); !slices.Equal(told, []string{refuses.sid, refuses.sid}) || len(framed) != 0 {
		t.Errorf("the app that refused first: %v, framed %v", told, framed)
	}
	s.open(result)
	s.see("It does not say whether it signed you out.")
	if strings.Contains(s.body, "no answer") || strings.Contains(s.body, "Not ended") || strings.Contains(s.body, "<iframe") {
		s.fail("the page is behind")
	}
	if shown := h.run("session", "show", id, "--json"); !strings.Contains(shown, `"told"`) || !strings.Contains(shown, `"everywhere":false`) || strings.Count(shown, `"state":"ended"`) != 2 {
		t.Errorf("afterwards:\n%s", shown)
	}
}

// TestLogoutOfNobody: what `partner test-logout` says of an app that works, one that does not, and one that only a browser can tell.
func TestLogoutOfNobody(t *testing.T) {
	h := startHub(t, "")
	back, front := h.oidcApp("back", "back"), h.oidcApp("front", "front")
	back.answer(204, "")
	if out := h.run("partner", "test-logout", "back"); !strings.Contains(out, "answer    204 in ") || !strings.Contains(out, "There was nothing to end.") || !strings.Contains(out, "token     ey") {
		t.Error(out)
	}
	if claims := back.back[0]; claims["iss"] != h.issuer || claims["aud"] != "back" || !strings.HasPrefix(claims["sub"].(string), "nobody-") {
		t.Errorf("claims %v", claims)
	}
	back.answer(400, `{"error":"unknown_session"}`)
	if out := h.run("partner", "test-logout", "App back", "--json"); !strings.Contains(out, `"ok":true,"status":400,"error":"unknown_session"`) {
		t.Error(out)
	}
	back.answer(403, "")
	if out, errs, code := h.try("partner", "test-logout", "back"); code != 6 || !strings.Contains(out, "exempt this address") || !strings.Contains(errs, "as it should") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	back.stop()
	if out, _, code := h.try("partner", "test-logout", "back"); code != 6 || !strings.Contains(out, "answer    none: ") || !strings.Contains(out, "connection refused") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out := h.run("partner", "test-logout", "front"); !strings.Contains(out, front.base+"/front?ward=7&iss=") || len(front.front) != 0 {
		t.Error(out)
	}
	h.pathology()
	for name, want := range map[string]int{"pathology": 5, "nobody": 4} {
		if _, errs, code := h.try("partner", "test-logout", name); code != want {
			t.Errorf("%s: exit %d, %s", name, code, errs)
		}
	}
	if record := h.audit("--kind", "partner_told"); strings.TrimSpace(record) != "" {
		t.Errorf("recorded:\n%s", record)
	}
}

// TestFrontChannelWaitsForItsBrowser: an administrator ends a session; the app that only its browser can tell is told when somebody
// comes back to it: from the first page, or when the next one signs in.
func TestFrontChannelWaitsForItsBrowser(t *testing.T) {
	h := startHub(t, "")
	front := h.oidcApp("front", "front")
	waits := func() *surfer {
		t.Helper()
		s := h.newSurfer(nurse)
		s.open(front.request())
		s.signInByCard("")
		s.see("welcome to front")
		id := h.onlySession(nurse)
		h.run("session", "end", "--id", id)
		for deadline := time.Now().Add(20 * time.Second); !strings.Contains(h.run("session", "show", id), "browser"); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the delivery is\n%s", h.run("session", "show", id))
			}
		}
		return s
	}
	s := waits()
	s.open(h.issuer + "/")
	s.see("may still be open")
	s.submit("Sign out of all apps")
	s.see("Needs this browser")
	s.follow("End it now")
	if _, told := front.told(); one(told) != front.sid {
		t.Errorf("told %v", told)
	}
	first := front.sid
	s = waits()
	s.open(front.request())
	s.signInByCard("")
	s.see("Ben Example is being signed out of the apps below")
	if m := regexp.MustCompile(`<iframe[^>]* src="([^"]+)"`).FindStringSubmatch(s.body); m == nil || !strings.HasPrefix(m[1], h.issuer+"/oidc/front?") {
		s.fail("no frame")
	}
	result := s.url.String()
	s.follow("End it now")
	if _, told := front.told(); len(told) != 2 || told[1] != front.sid || told[1] == first {
		t.Errorf("told %v", told)
	}
	s.open(result)
	s.see("welcome to front")
}
