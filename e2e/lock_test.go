package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// shared is a workstation that two people use in turn: the nurse by key, the doctor by card, with five apps of which one is dead.
type shared struct {
	*hub
	b    *components.Browser
	apps []*oidcApp
	dead *oidcApp
}

func startShared(t *testing.T, sections string) *shared {
	t.Helper()
	s := &shared{hub: startHubWith(t, "", sections)}
	for i := range 5 {
		s.apps = append(s.apps, s.oidcApp(fmt.Sprint("app", i), "back"))
	}
	s.dead = s.apps[4]
	s.b = components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{s.ca}, Cards: []*components.Leaf{s.cards[doctor]}})
	s.b.InsertKey(t)
	s.b.Open(t, strings.TrimSpace(s.run("people", "enrol", nurse)))
	s.b.Click(t, "#way-key button[type=submit]")
	s.b.SeeText(t, "h1", "set up")
	return s
}

// openAll signs the nurse in and opens all apps.
func (s *shared) openAll() {
	s.t.Helper()
	for i, app := range s.apps {
		s.b.Open(s.t, app.request())
		if i == 0 {
			s.b.Click(s.t, "#way-key button[type=submit]")
		}
		s.b.SeeText(s.t, "body", "welcome to "+app.name)
	}
}

// TestChromiumLock: a nurse locks, goes on where she was, locks again; a doctor takes over at the same screen, and what still holds the
// nurse is shown to him first. Later she goes on in her own session.
func TestChromiumLock(t *testing.T) {
	s := startShared(t, "session:\n  switch: suspend\n")
	s.openAll()
	s.b.Open(t, s.issuer+"/")
	s.b.SeeText(t, "header", "Ben Example")
	s.b.Screenshot(t, "home-with-lock")
	id := s.onlySession(nurse)
	s.b.Click(t, `form[action="/lock"] button`)
	s.b.SeeText(t, "h1", "Locked")
	s.b.SeeText(t, "main", "Continue as Ben Example")
	s.b.SeeText(t, "main", "It was locked at")
	s.b.Screenshot(t, "locked")
	s.b.Click(t, "main a.button")
	s.b.SeeText(t, "main", "locked a session on this computer")
	s.b.Screenshot(t, "signin-locked")
	s.b.Click(t, "#way-key button[type=submit]")
	s.b.SeeText(t, "header", "Ben Example")
	if again := s.onlySession(nurse); again != id {
		t.Errorf("went on in session %s, locked %s", again, id)
	}
	s.openAgain(0, 4)
	s.dead.stop()
	s.b.Open(t, s.issuer+"/")
	s.b.Click(t, `form[action="/lock"] button`)
	s.b.SeeText(t, "tbody", "Told, no answer yet")
	s.b.Screenshot(t, "locked-apps")
	s.b.Open(t, s.issuer+"/")
	s.b.SeeText(t, "main", "Someone else")
	s.b.Click(t, `form[action="/switch"] button`)
	s.b.SeeText(t, "main", "Sign in as someone else")
	s.b.Screenshot(t, "switched-from-lock")
	s.b.Open(t, s.apps[0].request())
	s.b.Click(t, "#way-card button[type=submit]")
	s.b.SeeText(t, "main", "Ben Example")
	s.b.SeeText(t, "tbody", "App app4")
	s.b.Screenshot(t, "left-open-to-the-next")
	s.b.Click(t, "#actions a.button")
	s.b.SeeText(t, "body", "welcome to app0")
	s.b.Open(t, s.issuer+"/")
	s.b.SeeText(t, "header", "Dr Asha Example")
	s.b.Click(t, `form[action="/lock"] button`)
	s.b.SeeText(t, "main", "Continue as Dr Asha Example")
	s.b.Click(t, "main a.button")
	s.b.Click(t, "#way-key button[type=submit]") // somebody else after all: the nurse
	s.b.SeeText(t, "header", "Ben Example")
	if again := s.onlySession(nurse); again != id {
		t.Errorf("came back to session %s, left %s", again, id)
	}
	record := s.audit("--kind", "session_resumed")
	if n := strings.Count(record, `"kind":"session_resumed"`); n != 2 || strings.Contains(record, doctor) {
		t.Errorf("record:\n%s", record)
	}
}

func (s *shared) openAgain(which ...int) {
	s.t.Helper()
	for _, i := range which {
		s.b.Open(s.t, s.apps[i].request())
		s.b.SeeText(s.t, "body", "welcome to "+s.apps[i].name)
	}
}

// switchBudget is what a change of person may take until the first app of the next one is open, people's own time aside.
const switchBudget = 5 * time.Second

// TestSwitchBudget measures a change of person with five apps open, one of them dead: over a session that lives, and by the button.
func TestSwitchBudget(t *testing.T) {
	for _, way := range []string{"over a living session", "by the button"} {
		t.Run(way, func(t *testing.T) {
			s := startShared(t, "")
			s.openAll()
			s.dead.hang()
			began := time.Now()
			if way == "by the button" {
				s.b.Open(t, s.issuer+"/")
				s.b.Click(t, `form[action="/switch"] button`)
				s.b.SeeText(t, "main", "Sign in as someone else")
				t.Logf("the next person's button is there after %v", time.Since(began).Round(time.Millisecond))
				s.b.Open(t, s.apps[0].request())
			} else {
				s.b.Open(t, strings.Replace(s.apps[0].request(), "?", "?prompt=login&", 1))
			}
			s.b.Click(t, "#way-card button[type=submit]")
			s.b.SeeText(t, "tbody", "App app4")
			t.Logf("what is left open is on the screen after %v", time.Since(began).Round(time.Millisecond))
			s.b.Click(t, "#actions a.button")
			s.b.SeeText(t, "body", "welcome to app0")
			took := time.Since(began)
			t.Logf("the next person's first app is open after %v", took.Round(time.Millisecond))
			if took > switchBudget {
				t.Errorf("a change of person took %v, more than %v", took, switchBudget)
			}
		})
	}
}

// TestSwitchServerTime measures what the hub itself takes when somebody hands over, five apps open and one of them dead: nobody is
// waited for. The budget is 100 ms for 19 of 20.
func TestSwitchServerTime(t *testing.T) {
	h := startHub(t, "")
	var apps []*oidcApp
	for i := range 5 {
		apps = append(apps, h.oidcApp(fmt.Sprint("app", i), "back"))
	}
	apps[4].hang()
	const rounds = 20
	var took []time.Duration
	for range rounds {
		s := h.newSurfer(nurse)
		for i, app := range apps {
			s.open(app.request())
			if i == 0 {
				s.signInByCard("")
			}
			s.see("welcome to " + app.name)
		}
		s.open(h.issuer + "/")
		began := time.Now()
		s.pressAndForget("Switch user")
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("handing over took the hub: median %v, 19 of 20 within %v, all within %v", took[rounds/2], took[rounds*19/20-1], took[rounds-1])
	if p95 := took[rounds*19/20-1]; p95 > 100*time.Millisecond {
		t.Errorf("19 of 20 took up to %v", p95)
	}
	if n := strings.Count(h.audit("--kind", "session_ended"), `"reason":"user_switch"`); n != rounds {
		t.Errorf("%d sessions gave way, want %d", n, rounds)
	}
}

// TestHowToSharedWorkstations does what docs/how-to/set-up-shared-workstations.md says, with the configuration that it prints.
func TestHowToSharedWorkstations(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "how-to", "set-up-shared-workstations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	section, _, found := strings.Cut(rest, "```")
	if !found || !strings.HasPrefix(section, "session:") {
		t.Fatalf("the page prints no configuration: %q", section)
	}
	h := startHubWith(t, "", section)
	first, second := h.oidcApp("first", "back"), h.oidcApp("second", "back")
	s := h.newSurfer(nurse)
	s.open(first.request())
	s.signInByCard("")
	s.see("welcome to first")
	s.open(second.request())
	s.see("welcome to second")
	id := h.onlySession(nurse)
	s.open(h.issuer + "/")
	s.submit("Lock")
	s.open(h.issuer + "/")
	s.see("Continue as Ben Example")
	s.follow("Continue as")
	s.submit("Use your smartcard")
	s.see("Your apps")
	for _, app := range []*oidcApp{first, second} {
		app.waitBack(1, 5*time.Second)
		s.open(app.request())
		s.see("welcome to " + app.name) // without a prompt
	}
	card := h.handleOf(nurse)
	if out := h.run("session", "end", "--card", card); out != "1 session suspended, 2 partners to tell\n0 sessions ended, 0 partners to tell\n" {
		t.Errorf("said:\n%s", out)
	}
	s.open(h.issuer + "/")
	s.see("The card was taken out of its reader")
	s.see("Someone else")
	first.waitBack(2, 20*time.Second)
	s.follow("Continue as")
	s.submit("Use your smartcard")
	s.see("Your apps")
	if again := h.onlySession(nurse); again != id {
		t.Errorf("went on in session %s, began in %s", again, id)
	}
	if record := h.audit("--kind", "session_suspended"); strings.Count(record, `"kind":"session_suspended"`) != 2 || !strings.Contains(record, `"reason":"card_removed"`) {
		t.Errorf("record:\n%s", record)
	}
}

// handleOf is the handle of somebody's card, as the command prints it.
func (h *hub) handleOf(uid string) string {
	h.t.Helper()
	found := regexp.MustCompile(`[0-9a-f]{16,}:[0-9a-f]+`).FindString(h.run("people", "show", uid))
	if found == "" {
		h.t.Fatalf("%s has no card", uid)
	}
	return found
}
