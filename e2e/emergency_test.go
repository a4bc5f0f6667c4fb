package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// alarmDesk takes alerts, after it was away for the first ones.
type alarmDesk struct {
	*httptest.Server
	mu   sync.Mutex
	away int
	got  []string
}

func startAlarmDesk(t *testing.T, away int) *alarmDesk {
	t.Helper()
	d := &alarmDesk{away: away}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.away--; d.away >= 0 || err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		d.got = append(d.got, string(body))
	}))
	t.Cleanup(d.Close)
	return d
}

// one waits for the first alert.
func (d *alarmDesk) one(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		d.mu.Lock()
		got := d.got
		d.mu.Unlock()
		if len(got) > 0 {
			return got[0]
		}
		if time.Now().After(deadline) {
			t.Fatal("no alert came")
		}
	}
}

type openingRow struct {
	ID, Person, Refused, Reason, Note, Alert string
	Review                                   *struct{ By, Outcome string }
}

func (h *hub) openings(args ...string) []openingRow {
	h.t.Helper()
	var rows []openingRow
	if err := json.Unmarshal([]byte(h.run(append([]string{"emergency", "list", "--json"}, args...)...)), &rows); err != nil {
		h.t.Fatal(err)
	}
	return rows
}

// fill gives a reason, says what happened and confirms.
func (h *hub) fill(b *components.Browser, note string) {
	h.t.Helper()
	b.Click(h.t, "label[for=reason-life_at_risk]")
	b.Type(h.t, "#note", note)
	b.Click(h.t, "label[for=confirm]")
	b.Click(h.t, `form[action="/emergency"] button[type=submit]`)
}

// TestChromiumEmergencyByTerms: a nurse whom an app refuses by her role opens emergency access, with a key, without scripts, by the
// keyboard; the alert comes though its desk was away; somebody else reviews it.
func TestChromiumEmergencyByTerms(t *testing.T) {
	desk := startAlarmDesk(t, 1)
	h := startHubWith(t, "", "emergency: { enabled: true, life: 4h, alert: { url: '"+desk.URL+"/alert' } }")
	doctors := h.oidcApp("doctors", "back", "require: { role: true, when: \"role.code == 'R8000'\" }\n", "emergency: { allow: true }\n")
	closed := h.oidcApp("closed", "back", "require: { role: true, when: \"role.code == 'R8000'\" }\n")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.InsertKey(t)
	b.Open(t, strings.TrimSpace(h.run("people", "enrol", nurse)))
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "set up")
	l := newLens(t, h, b.Tab)

	b.Open(t, doctors.request())
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "Emergency access")
	b.SeeText(t, "main", "does not accept this role")
	b.SeeText(t, "main", "4 hours")
	b.Screenshot(t, "emergency")
	l.look("emergency")
	b.Click(t, `form[action="/emergency/decline"] button`)
	b.SeeText(t, "body", "access_denied")

	b.Open(t, doctors.request())
	b.SeeText(t, "h1", "Emergency access")
	b.Script(t, `(() => { for (const e of document.querySelectorAll("[required]")) { e.required = false } return 1 })()`)
	b.Click(t, `form[action="/emergency"] button[type=submit]`)
	b.SeeText(t, "main", "There is a problem")
	b.Screenshot(t, "emergency-problem")
	l.look("emergency-problem")
	b.DisableScripts(t, true)
	h.fill(b, "Cardiac arrest, bay 4.")
	b.SeeText(t, "body", "welcome to doctors")
	b.DisableScripts(t, false)
	if claims := payload(doctors.id); claims["acr"] != "AAL2_EMERGENCY" {
		t.Errorf("acr %v", claims["acr"])
	}
	b.Open(t, h.issuer)
	b.SeeText(t, "header", "Emergency access until")
	b.Screenshot(t, "emergency-home")
	l.look("emergency-home")
	b.Open(t, closed.request())
	b.SeeText(t, "body", "access_denied")

	rows := h.openings()
	if len(rows) != 1 || rows[0].Person != nurse || rows[0].Refused != "role_not_allowed" || rows[0].Reason != "life_at_risk" || rows[0].Note != "Cardiac arrest, bay 4." {
		t.Fatalf("queue: %+v", rows)
	}
	alert := desk.one(t)
	if !strings.Contains(alert, rows[0].ID) || strings.Contains(alert, nurse) || strings.Contains(alert, "Ben") || strings.Contains(alert, "Cardiac") || strings.Contains(alert, "doctors") {
		t.Errorf("alert %s", alert)
	}
	h.noPersonalData(nurse, "Ben Example", "Cardiac")
	h.reviewed(t, rows[0].ID)
}

// reviewed has an opening reviewed, by somebody else only.
func (h *hub) reviewed(t *testing.T, id string) {
	t.Helper()
	h.write("note.txt", "Confirmed with the ward.")
	for deadline := time.Now().Add(10 * time.Second); h.openings()[0].Alert != "delivered"; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("alert: %+v", h.openings())
		}
	}
	review := []string{"emergency", "review", id, "--outcome", "justified", "--note-file", h.path("note.txt"), "--by"}
	if _, errs, code := h.try(append(review, nurse)...); code != 5 || !strings.Contains(errs, "ask somebody else") {
		t.Errorf("one's own review: exit %d, %s", code, errs)
	}
	h.run(append(review, doctor)...)
	if rows := h.openings(); len(rows) != 0 {
		t.Errorf("still waits: %+v", rows)
	}
	if rows := h.openings("--all"); len(rows) != 1 || rows[0].Review == nil || rows[0].Review.By != doctor {
		t.Errorf("reviewed: %+v", rows)
	}
}

// TestChromiumEmergencyKeyboardOnly opens emergency access without a mouse.
func TestChromiumEmergencyKeyboardOnly(t *testing.T) {
	h := startHubWith(t, "", "emergency: { enabled: true }")
	doctors := h.oidcApp("doctors", "back", "require: { role: true, when: \"role.code == 'R8000'\" }\n", "emergency: { allow: true }\n")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.InsertKey(t)
	b.Open(t, strings.TrimSpace(h.run("people", "enrol", nurse)))
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "set up")
	b.Open(t, doctors.request())
	b.Press(t, kb.Enter)
	b.SeeText(t, "h1", "Emergency access")
	for _, step := range []struct{ css, press string }{{"#reason-life_at_risk", " "}, {"#note", "Arrest"}, {"#confirm", " "}, {`form[action="/emergency"] button`, kb.Enter}} {
		for n := 0; b.Script(t, `document.activeElement.matches('`+step.css+`')`) != "true"; n++ {
			if n == 12 {
				t.Fatalf("%s is not reached by the Tab key", step.css)
			}
			b.Press(t, kb.Tab)
		}
		for _, key := range strings.Split(step.press, "") {
			b.Press(t, key)
		}
	}
	b.SeeText(t, "body", "welcome to doctors")
	if rows := h.openings(); len(rows) != 1 || rows[0].Note != "Arrest" {
		t.Errorf("%+v", rows)
	}
}

// TestChromiumStatus: staff read it, programs too, and nobody is signed in for it.
func TestChromiumStatus(t *testing.T) {
	h := startHub(t, "")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.Open(t, h.issuer+"/status")
	b.SeeText(t, "h1", "How the service is doing")
	b.SeeText(t, "tbody", "Signing in")
	b.Screenshot(t, "status")
	newLens(t, h, b.Tab).look("status")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.issuer+"/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := components.Client(t, h.ca).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct {
		Parts []struct{ Name, State string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil || len(said.Parts) == 0 || said.Parts[0].State != "working" {
		t.Errorf("%+v, %v", said, err)
	}
}

// withPolicy restarts the hub with a card policy: the list that it has, of so long ago, and what becomes of cards past it.
func (h *hub) withPolicy(t *testing.T, age time.Duration, policy string) {
	t.Helper()
	crl := h.cardCA.WriteCRL(t, components.CRL{Number: 2, ThisUpdate: time.Now().Add(-age), NextUpdate: time.Now().Add(-age + time.Hour), Revoked: []*components.Leaf{h.cards[revoked]}})
	config, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(config), "authenticators: [fido2, smartcard]", "authenticators: { fido2: {}, smartcard: { authorities: { ward: { certificate_file: "+h.cardCA.File+", revocation: { crl_files: ["+crl+"], "+policy+" } } } } }", 1)
	text = regexp.MustCompile(`  card: \{[^}]*\}\n`).ReplaceAllString(text, "")
	h.write("lanyard.yaml", text)
	h.proc.Close()
	h.serve()
}

// TestChromiumEmergencyByCard: a nurse whose card nobody can check any more opens emergency access to the app that allows it, and to no
// other; a card that is on the list, old as it is, opens nothing.
func TestChromiumEmergencyByCard(t *testing.T) {
	h := startHubWith(t, "", "emergency: { enabled: true }")
	ward := h.oidcApp("ward", "back", "require: { role: true }\n", "emergency: { allow: true }\n")
	stores := h.oidcApp("stores", "back", "require: { role: true }\n")
	h.withPolicy(t, 10*24*time.Hour, "fresh: 24h, stale: 72h, then: emergency")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}})
	b.Open(t, h.issuer+"/status")
	b.SeeText(t, "tbody", "Emergency access only")
	b.Screenshot(t, "status-emergency")
	b.Open(t, ward.request())
	b.SeeText(t, "main", "emergency access only")
	b.Screenshot(t, "signin-notice")
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "h1", "Emergency access")
	b.SeeText(t, "main", "Ben Example")
	b.Screenshot(t, "emergency-card")
	h.fill(b, "Arrest.")
	b.SeeText(t, "body", "welcome to ward")
	if claims := payload(ward.id); claims["acr"] != "AAL2_EMERGENCY" {
		t.Errorf("acr %v", claims["acr"])
	}
	b.Open(t, stores.request())
	b.SeeText(t, "h1", "Sign in")
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "main", "cannot be checked")
	if rows := h.openings(); len(rows) != 1 || rows[0].Person != nurse || rows[0].Refused != "card_emergency_only" {
		t.Errorf("queue: %+v", rows)
	}
	with := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[revoked]}})
	with.Open(t, ward.request())
	with.Click(t, "#way-card button[type=submit]")
	with.SeeText(t, "h1", "cancelled")
}
