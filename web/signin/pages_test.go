package signin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

// hostile is a name as an attacker would write it into metadata or a directory.
const hostile = "Ward\u202e\u2066\x00\x07 <script>alert(1)</script> \"'&"

// confirmSample is what the front ends show before a sign-out that an app asked for.
type confirmSample struct {
	Detail, Action, Button string
	Fields                 []web.Field
	Wrong                  string
}

// What the front end of OpenID Connect shows around authorizations that are granted later.
type (
	codeSample struct {
		Action, Code string
		Sent         bool
		Error        string
	}
	sureSample struct {
		Action, Tx, V, App, Code, Asked, From string
		Told                                  []string
	}
	waitingRow struct {
		ID, App, Message, Asked, Until string
		Told                           []string
	}
	waitingSample struct {
		Action string
		Rows   []waitingRow
	}
	decidedSample struct {
		App                         string
		Approved, Cancelled, Device bool
		Back                        string
	}
)

func samples() map[string][2]any {
	f := flow{"tx", "mac"}
	row := roleRow{ID: "1", Name: hostile, Org: hostile, ODS: "RX1", Areas: hostile, Refused: hostile, Current: true, Last: true, Checked: true}
	return map[string][2]any{
		"signin": {choosePage{}, choosePage{flow: f, App: hostile, About: about{Logo: "/signin/logo?client=x&v=1", Width: 48, Height: 48, Links: []aboutLink{{"Privacy policy", hostile, "javascript:alert(1)"}, {"Terms of use", "epr.example", "https://epr.example/terms"}}}, Ended: "Ended.", Other: hostile, Waits: hostile, Keeps: true, Reach: keyReach{Phone: true}, Number: true, Methods: []way{{Kind: "key"}, {Kind: "card"}, {Kind: "key", Why: hostile}, {Kind: "card", Why: hostile}}, Extras: []extraLink{{hostile, "javascript:alert(1)"}}}},
		"role":   {rolePage{}, rolePage{flow: f, App: hostile, Change: true, Error: "Choose.", Filter: web.Plain(hostile), ShowFilter: true, Clear: "/role", Total: 7, Roles: []roleRow{row, {ID: "2"}}}},
		"refused": {refusedPage{}, refusedPage{Lead: hostile, Steps: []string{hostile}, Reason: "no_role", RA: true, App: hostile, Return: "/r", Again: "/a", AgainText: "Try again", Other: "/o", Home: "/",
			Roles: []roleRow{row}}},
		"emergency":  {emergencyPage{}, emergencyPage{f, "offer", hostile, hostile, hostile, "30 minutes", []reasonRow{{"life", hostile, true}, {"care", "Care", false}}, bridge.Opening{Note: hostile}.Words(), 500, "Choose a reason.", "reasons", "/o", true}},
		"status":     {statusPage{}, statusPage{[]statusRow{{hostile, "Working", hostile, "now", "good"}, {"B", "Not working", "", "", "bad"}}, "now"}},
		"home":       {homePage{Open: true}, homePage{Role: true, NoRoles: true, CanChange: true, Waiting: "/approvals", Count: 2, News: []news{{"security key", hostile, "2 January"}}, Apps: []App{{hostile, "javascript:alert(1)"}}, Ended: "Ended."}},
		"locked":     {lockedPage{}, lockedPage{hostile, hostile, hostile, "08:42", &beside{Tap: true}}},
		"signout":    {struct{ Open bool }{}, struct{ Open bool }{true}},
		"signedout":  {resultPage{}, resultPage{Rows: []resultRow{{hostile, "Ended", "How", "When", "good", "https://x.example/"}}, Final: "waiting", Frames: []string{"https://x.example/"}, Continue: "https://y.example/", Switch: true, Before: hostile, Reload: "/again"}},
		"enrol":      {enrolPage{}, enrolPage{"/enrol/x", hostile, hostile, true, true, keyReach{true, true}}},
		"enrolled":   {enrolledPage{}, enrolledPage{Device: "Your smartcard", Name: hostile, Model: hostile, Level: levelOf(2), Number: true}},
		"apperror":   {appErrorPage{}, appErrorPage{"Lead", "Advice", web.Plain(hostile), web.Plain(hostile), "T", "When", "CODE", true}},
		"confirm":    {confirmSample{}, confirmSample{"Detail", "/logout", "Sign out", []web.Field{{Name: "state", Value: hostile}}, hostile}},
		"device":     {codeSample{}, codeSample{"/device", "BCDF-GHJK", true, "No device waits with this code."}},
		"devicesure": {sureSample{}, sureSample{"/oidc/approve", "tx", "mac", hostile, "BCDF-GHJK", "now", hostile, []string{hostile}}},
		"approvals":  {waitingSample{}, waitingSample{"/approvals", []waitingRow{{"id", hostile, hostile, "now", "then", []string{hostile, "your name"}}}}},
		"decided":    {decidedSample{}, decidedSample{hostile, true, false, true, "/device"}},
		"error":      {web.Problem{}, web.Problem{Detail: web.Plain(hostile), Advice: "Do.", Reason: "internal"}},
		"post": {struct {
			Action, Partner string
			Fields          []web.Field
		}{}, struct {
			Action, Partner string
			Fields          []web.Field
		}{"https://x.example/acs", web.Plain(hostile), []web.Field{{Name: hostile, Value: hostile}}}},
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	for name, data := range samples() {
		for i, kind := range []string{"zero", "full"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				who := ""
				if i == 1 {
					w.kit.Banner, who = "DEMONSTRATION", web.Plain(hostile)+"\nNurse\nQueen Square (RX1)"
				}
				rec := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodGet, "https://sso.example/", nil)
				w.kit.PageWho(rec, r, w.kit.Browser(r), who, name, "A title", data[i], web.PageOptions{Refresh: "2; url=/again", FrameSrc: []string{"https://x.example"}})
				checkPage(t, name, rec)
			})
		}
	}
}

func checkPage(t *testing.T, name string, rec *httptest.ResponseRecorder) {
	t.Helper()
	body := rec.Body.String()
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, body)
	}
	shown := regexp.MustCompile(`<input type="hidden"[^>]*>`).ReplaceAllString(body, "") // a posted field is passed on as it is
	for _, bad := range []string{"<no value>", "<script>alert", "javascript:alert(1)", "\u202e", "\u2066", "\x07", "%!"} {
		if strings.Contains(shown, bad) {
			t.Errorf("the page has %q:\n%s", bad, body)
		}
	}
	for what, want := range map[string]int{"<h1": 1, "<main ": 1, "<header>": 1, "<footer": 1, `lang="en"`: 1, `class="skip"`: 1, "<title>": 1, `<meta name="reference"`: 1, " style=": 0, "<style": 0, " onclick": 0} {
		if got := strings.Count(body, what); got != want {
			t.Errorf("%d times %s, want %d", got, what, want)
		}
	}
	if err := balanced(body); err != nil {
		t.Errorf("%s is not well formed: %v", name, err)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if ids[m[1]] && name != "signin" { // the sample offers each way twice
			t.Errorf("id %s twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`aria-describedby="([^"]*)"|<label for="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if id := m[1] + m[2]; !ids[id] {
			t.Errorf("nothing has the id %q", id)
		}
	}
}

var tagPattern = regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>`)

// balanced reports the first element that is not closed, or closed by another.
func balanced(page string) error {
	void := []string{"meta", "link", "input", "br", "img"}
	var open []string
	for _, m := range tagPattern.FindAllStringSubmatch(page, -1) {
		switch name := m[2]; {
		case slices.Contains(void, name):
		case m[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return fmt.Errorf("</%s> closes %v", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) != 0 {
		return fmt.Errorf("not closed: %v", open)
	}
	return nil
}

func TestEveryTemplateHasASample(t *testing.T) {
	w := newWorld(t)
	for _, name := range w.kit.Pages() {
		if _, ok := samples()[name]; !ok {
			t.Errorf("template %s is not tested", name)
		}
	}
}

// TestKeyButtonWaits: the button of the key is dead until its script has come, which alone can make it work. The page says so, and what to do
// without scripts.
func TestKeyButtonWaits(t *testing.T) {
	w := newWorld(t)
	const dead = `<button type="submit" disabled autocomplete="off" aria-describedby="hint-key"`
	w.browser().get("/front/start?partner=board").want(http.StatusOK, dead, "works as soon as the page is loaded", "Security keys need JavaScript")
	token, err := NewEnrolment(t.Context(), w.hub, asha, "cli", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	w.browser().get("/enrol/"+token).want(http.StatusOK, dead, "works as soon as the page is loaded", "Security keys need JavaScript")
}
