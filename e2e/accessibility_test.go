package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// receptionist has seven roles.
const receptionist = "555021935105"

// lens looks at pages as people with impairments do, with axe-core and with checks of our own.
type lens struct {
	t   *testing.T
	tab *components.Tab
	axe string
}

// newLens installs axe-core as its lock file names it.
func newLens(t *testing.T, h *hub, tab *components.Tab) lens {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", "axe-core", name))
		if err != nil {
			t.Fatal(err)
		}
		h.put(dir, name, data)
	}
	npm := components.Command{Path: "npm", Args: []string{"ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}, Dir: dir}
	if out, errs, code := components.Run(t, npm); code != 0 {
		t.Fatalf("npm ci: exit %d\n%s%s", code, out, errs)
	}
	axe, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return lens{t, tab, string(axe)}
}

// runAxe lists the violations of WCAG 2.2 AA and of axe's own good practice, one a line.
const runAxe = `axe.run(document, { iframes: false, preload: false, resultTypes: ["violations"],
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then(r => r.violations.map(v =>
	"axe " + v.id + ": " + v.help + ": " + v.nodes.map(n => n.html + " " + n.any.map(a => a.message).join(" ")).join("; ")).join("\n"))`

// runOwn lists what axe does not look for: one h1, empty paragraphs, a page wider than the window, targets under 44 pixels.
// A link inside a sentence may be as high as its line.
const runOwn = `(() => {
	const out = [], seen = e => e.offsetParent !== null && !e.closest(".sr");
	const ones = [...document.querySelectorAll("h1")].length;
	if (ones !== 1) { out.push(ones + " h1"); }
	for (const p of document.querySelectorAll("p")) {
		if (!p.hasAttribute("data-key") && !p.textContent.trim() && !p.children.length) { out.push("empty paragraph in " + p.parentNode.outerHTML.slice(0, 90)); }
	}
	const page = document.documentElement;
	if (page.scrollWidth > page.clientWidth) { out.push("scrolls sideways: " + page.scrollWidth + " in " + page.clientWidth); }
	for (const e of document.querySelectorAll("a, button, input:not([type=hidden])")) {
		if (!seen(e) || e.closest("p, li") && getComputedStyle(e).display === "inline" || e.classList.contains("skip")) { continue; }
		const target = ["radio", "checkbox"].includes(e.type) ? e.parentNode : e, box = target.getBoundingClientRect();
		if (box.height < 44 || box.width < 44) { out.push("target of " + box.width + " by " + box.height + ": " + e.outerHTML.slice(0, 90)); }
	}
	return out.join("\n");
})()`

// look examines the page in the plain window, at a zoom of 400 %, and in forced colours.
func (l lens) look(name string) {
	l.t.Helper()
	l.tab.Script(l.t, "(() => {"+l.axe+"\nreturn 1})()")
	defer func() { l.tab.ForceColors(l.t, false); l.tab.Resize(l.t, 1280, 900) }()
	for _, view := range []string{"plain", "zoom", "forced"} {
		switch view {
		case "zoom":
			l.tab.Resize(l.t, 320, 256)
		case "forced":
			l.tab.Resize(l.t, 1280, 900)
			l.tab.ForceColors(l.t, true)
		}
		if os.Getenv("LANYARD_TEST_SCREENSHOTS") != "" {
			l.tab.Screenshot(l.t, "look-"+name+"-"+view)
		}
		found := strings.TrimSpace(l.tab.Script(l.t, runAxe) + "\n" + l.tab.Script(l.t, runOwn))
		if found != "" {
			l.t.Errorf("%s, %s:\n%s", name, view, found)
		}
	}
}

// TestChromiumAccessibility walks past every page that clinicians meet.
func TestChromiumAccessibility(t *testing.T) {
	h := startHub(t, "")
	h.pathology()
	h.write("many.yaml", manyRoles())
	h.run("people", "import", h.path("many.yaml"))
	mute, dead := h.oidcApp("mute", "none", "require: { role: true }\n"), h.oidcApp("dead", "back", "require: { role: true }\n")
	dead.answer(500, "")
	front, refuses := h.oidcApp("front", "front"), h.oidcApp("refuses", "back")
	refuses.answer(400, "")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	l := newLens(t, h, b.Tab)
	key := h.lookAtEnrolment(l, b)
	h.lookAtErrors(l, b)
	h.lookAtSigningIn(l, b, key, mute)
	h.lookAtApprovals(l, b)
	h.lookAtSigningOut(l, b, mute, dead)
	h.lookAtLocking(l, b, dead)
	h.lookAtFrontChannel(l, b, front, refuses)

	for who, heading := range map[string]string{revoked: "cancelled", "unknown": "not registered"} {
		card, ok := h.cards[who]
		if !ok {
			card = h.cardCA.Card(t, "555021935199")
		}
		with := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{card}})
		with.Open(t, h.issuer+"/ticket/start?partner=pathology")
		with.Click(t, "#way-card button[type=submit]")
		with.SeeText(t, "h1", heading)
		lens{t, with.Tab, l.axe}.look("card-" + who)
	}
}

func manyRoles() string {
	var b strings.Builder
	fmt.Fprintf(&b, "people:\n  - uid: %q\n    name: Fern Example\n    identity: 3\n    roles:\n", receptionist)
	for i := range 7 {
		fmt.Fprintf(&b, "      - { id: \"55500000015%d\", org: RX%d, org_name: EXAMPLE HOSPITAL %[1]d, code: \"S8000:G8003:R8006\", name: '\"Admin & Clerical\":\"Admin & Clerical\":\"Medical Secretary Access Role\"' }\n", i, i+1)
	}
	return b.String()
}

func (h *hub) lookAtEnrolment(l lens, b *components.Browser) *components.SecurityKey {
	key := b.InsertKey(h.t)
	link := strings.TrimSpace(h.run("people", "enrol", receptionist))
	b.Open(h.t, link)
	b.SeeText(h.t, "h1", "Set up how you sign in")
	l.look("enrol")
	b.Click(h.t, "#way-key button[type=submit]")
	b.SeeText(h.t, "h1", "You are set up")
	l.look("enrolled")
	b.Open(h.t, link)
	b.SeeText(h.t, "main", "once")
	l.look("enrol-spent")
	return key
}

func (h *hub) lookAtErrors(l lens, b *components.Browser) {
	for name, path := range map[string]string{
		"first-page": "/", "signout-nobody": "/signout", "not-found": "/nowhere", "gone": "/role?tx=x&v=y",
		"unknown-partner": "/ticket/start?partner=nobody",
		"app-error":       "/error?code=AUTHORIZATION_FAILURE&ctx=no+rights&tid=17&ts=1790000000&rp=pathology",
	} {
		b.Open(h.t, h.issuer+path)
		b.See(h.t, "h1")
		l.look(name)
	}
}

func (h *hub) lookAtSigningIn(l lens, b *components.Browser, key *components.SecurityKey, mute *oidcApp) {
	b.Open(h.t, h.issuer+"/ticket/start?partner=pathology")
	b.SeeText(h.t, "h1", "Sign in")
	l.look("signin")
	b.Click(h.t, "#way-card button[type=submit]")
	b.SeeText(h.t, "h1", "No smartcard was read")
	l.look("card-none")
	b.Open(h.t, h.issuer+"/ticket/start?partner=pathology")
	key.Verify(h.t, false)
	b.Click(h.t, "#way-key button[type=submit]")
	b.SeeText(h.t, "[data-key=failed]:not([hidden])", "Try again")
	l.look("key-failed")
	key.Verify(h.t, true)
	b.Click(h.t, "[data-key=again]")
	b.SeeText(h.t, "h1", "Choose your role")
	l.look("role-many")
	b.Click(h.t, `form[action="/role"][method="post"] button[type=submit]`)
	b.SeeText(h.t, "main", "There is a problem")
	l.look("role-problem")
	b.Click(h.t, "label[for=role-555000000152]")
	b.DisableScripts(h.t, true)
	b.Click(h.t, `form[action="/role"][method="post"] button[type=submit]`)
	b.SeeText(h.t, "h1", "Continue to Pathology")
	b.DisableScripts(h.t, false) // for those who look; the page's own have had their turn
	l.look("post")
	b.Click(h.t, "main button")
	b.SeeText(h.t, "body", "ticket received")
	for name, path := range map[string]string{
		"home": "/", "signout-ask": "/signout", "confirm": "/oidc/logout", "confirm-wrong": "/oidc/logout?client_id=mute&post_logout_redirect_uri=https://elsewhere.example/", "signin-again": strings.TrimPrefix(mute.request(), h.issuer) + "&prompt=login",
	} {
		b.Open(h.t, h.issuer+path)
		b.See(h.t, "h1")
		l.look(name)
	}
	b.Open(h.t, h.issuer)
	b.Click(h.t, `form[action="/role/change"] button`)
	b.SeeText(h.t, "h1", "Choose your role")
	l.look("role-change")
}

// lookAtSigningOut leaves the hub in every way that there is, signed in to one more app each time.
func (h *hub) lookAtSigningOut(l lens, b *components.Browser, mute, dead *oidcApp) {
	for _, leave := range []struct {
		app        *oidcApp
		name       string
		form, sees string
	}{
		{nil, "", "/signout", "You are signed out everywhere"},
		{dead, "dead", "/signout", "You are signed out here"},
		{mute, "mute", "/signout", "Close all browser windows"},
		{mute, "mute", "/switch", "Sign in as someone else"},
	} {
		if leave.app != nil {
			b.Open(h.t, leave.app.request())
			b.Click(h.t, "#way-key button[type=submit]")
			b.Click(h.t, "label[for=role-555000000153]")
			b.Click(h.t, `form[action="/role"][method="post"] button[type=submit]`)
			b.SeeText(h.t, "body", "welcome to "+leave.name)
		}
		b.Open(h.t, h.issuer)
		b.Click(h.t, fmt.Sprintf(`form[action=%q] button`, leave.form))
		b.SeeText(h.t, "main", leave.sees)
		l.look("left-" + leave.name + strings.ReplaceAll(leave.form, "/", "-"))
	}
}

// lookAtLocking locks with an app open that does not answer, and looks at what is shown to who comes back and to who comes next.
func (h *hub) lookAtLocking(l lens, b *components.Browser, dead *oidcApp) {
	b.Open(h.t, dead.request())
	b.Click(h.t, "#way-key button[type=submit]")
	b.Click(h.t, "label[for=role-555000000153]")
	b.Click(h.t, `form[action="/role"][method="post"] button[type=submit]`)
	b.SeeText(h.t, "body", "welcome to dead")
	b.Open(h.t, h.issuer)
	b.Click(h.t, `form[action="/lock"] button`)
	b.SeeText(h.t, "main", "Your session is locked")
	l.look("locked-apps")
	b.Open(h.t, h.issuer)
	b.SeeText(h.t, "h1", "Locked")
	l.look("locked")
	b.Click(h.t, "main a.button")
	b.SeeText(h.t, "main", "locked a session on this computer")
	l.look("signin-locked")
	b.Click(h.t, "#way-key button[type=submit]")
	b.SeeText(h.t, "h1", "Your apps")
	time.Sleep(61 * time.Second) // nobody touches anything
	b.SeeText(h.t, ".whose", "Fern Example")
	l.look("home-idle")
	b.Click(h.t, `form[action="/signout"] button`)
	b.SeeText(h.t, "tbody", "App dead")
}

// lookAtFrontChannel looks at what is shown of apps that only this browser can tell, and of one that refuses: after a sign-out, and to
// whoever comes back to a browser whose session ended elsewhere.
func (h *hub) lookAtFrontChannel(l lens, b *components.Browser, front, refuses *oidcApp) {
	signIn := func() {
		h.t.Helper()
		b.Open(h.t, front.request())
		b.Click(h.t, "#way-key button[type=submit]")
	}
	signIn()
	b.SeeText(h.t, "body", "welcome to front")
	b.Open(h.t, refuses.request())
	b.SeeText(h.t, "body", "welcome to refuses")
	b.Open(h.t, h.issuer)
	b.Click(h.t, `form[action="/signout"] button`)
	b.SeeText(h.t, "tbody", "It answered that it could not.")
	b.SeeText(h.t, "tbody", "It does not say whether it signed you out.")
	l.look("left-front-refused")
	signIn()
	b.SeeText(h.t, "body", "welcome to front")
	id := h.onlySession(receptionist)
	h.run("session", "end", "--id", id)
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(h.run("session", "show", id), "browser") && time.Now().Before(deadline); {
		time.Sleep(200 * time.Millisecond)
	}
	b.Open(h.t, h.issuer)
	b.SeeText(h.t, "main", "may still be open")
	l.look("first-page-left-open")
	signIn() // the same person: the page goes on when the app was told
	b.SeeText(h.t, "body", "welcome to front")
}

// TestChromiumKeyboardOnly sets up a key, signs in, chooses a role, answers an app that waits, locks, goes on and signs out without a
// mouse.
func TestChromiumKeyboardOnly(t *testing.T) {
	h := startHub(t, "")
	h.pathology()
	h.write("many.yaml", manyRoles())
	h.run("people", "import", h.path("many.yaml"))
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.InsertKey(t)
	// tab goes on to what css selects, and fails if the way is long or the focus cannot be seen there
	tab := func(css string) {
		t.Helper()
		for range 12 {
			if b.Script(t, fmt.Sprintf("document.activeElement.matches(%q)", css)) == "true" {
				if b.Script(t, `["none", "0px"].some(v => [getComputedStyle(document.activeElement).outlineStyle, getComputedStyle(document.activeElement).outlineWidth].includes(v)) && !document.activeElement.matches(".choice input")`) == "true" {
					t.Errorf("the focus on %s cannot be seen", css)
				}
				return
			}
			b.Press(t, kb.Tab)
		}
		t.Fatalf("%s is not reached by the Tab key", css)
	}
	b.Open(t, strings.TrimSpace(h.run("people", "enrol", receptionist)))
	tab("#way-key button[type=submit]")
	b.Press(t, kb.Enter)
	b.SeeText(t, "h1", "You are set up")

	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.SeeText(t, "h1", "Sign in")
	b.See(t, "#way-key button:focus") // the first way to sign in
	b.Press(t, kb.Enter)
	b.SeeText(t, "h1", "Choose your role")
	tab("#filter")
	b.Press(t, "4")
	tab("input[type=radio]")
	b.Press(t, " ")
	tab(`form[action="/role"][method="post"] button`)
	b.Press(t, kb.Enter)
	b.SeeText(t, "body", "ticket received")

	h.asksApproval(receptionist)
	b.Open(t, h.issuer)
	tab(`main a[href="/approvals"]`)
	b.Press(t, kb.Enter)
	b.SeeText(t, "main", "WARD-7 BED-3")
	tab(".way button[value=approve]")
	tab(".way button[value=refuse]")
	b.Press(t, kb.Enter)
	b.SeeText(t, "h1", "You refused")

	b.Open(t, h.issuer)
	tab(`form[action="/lock"] button`)
	b.Press(t, kb.Enter)
	b.SeeText(t, "h1", "Locked")
	b.Open(t, h.issuer)
	tab(`form[action="/switch"] button`)
	b.Open(t, h.issuer)
	tab("main a.button")
	b.Press(t, kb.Enter)
	b.See(t, "#way-key form button:focus") // when its script is ready
	b.Press(t, kb.Enter)
	b.SeeText(t, "h1", "Your apps")
	b.Open(t, h.issuer+"/ticket/start?partner=pathology") // the lock closed it
	b.SeeText(t, "body", "ticket received")

	b.Open(t, h.issuer)
	b.SeeText(t, "header", "EXAMPLE HOSPITAL 3 (RX4)")
	tab(`form[action="/signout"] button`)
	b.Press(t, kb.Enter)
	b.SeeText(t, "main", "You are signed out everywhere")
	b.SeeText(t, "tbody", "Its ticket was destroyed.")
}
