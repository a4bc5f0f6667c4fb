package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestDeadPartnerIsToldAfterKill: a partner is down when its session ends, the hub is killed, both come back: it is told once.
func TestDeadPartnerIsToldAfterKill(t *testing.T) {
	h := startHub(t, "")
	dead, well := h.soapApp("dead", ""), h.soapApp("well", "")
	s := h.newSurfer(nurse)
	dead.visit(s, h, true)
	well.visit(s, h, false)
	id := h.onlySession(nurse)
	dead.stop()
	s.open(h.issuer + "/")
	s.submit("Sign out")
	s.see("Told, no answer yet")
	if told, _ := well.counts(); told != 1 {
		t.Errorf("the other app was told %d times", told)
	}
	h.proc.Kill()
	shown := h.run("session", "show", id)
	if !strings.Contains(shown, "no_answer") || !strings.Contains(shown, "ended ") || !strings.Contains(shown, ": user") {
		t.Errorf("shown while nothing runs:\n%s", shown)
	}
	h.serve()
	s.open(h.issuer + "/")
	s.see("Nobody is signed in")
	dead.start()
	dead.waitTold(1, 30*time.Second)
	if shown = h.run("session", "show", id, "--json"); !strings.Contains(shown, `"everywhere":true`) {
		t.Errorf("afterwards:\n%s", shown)
	}
	if told, _ := well.counts(); told != 1 {
		t.Errorf("the other app was told %d times", told)
	}
	if record := h.audit("--kind", "partner_told"); strings.Count(record, `"reason":"no_answer"`) != 1 || strings.Count(record, `"reason":"ended"`) != 2 {
		t.Errorf("record:\n%s", record)
	}
}

// TestKillWhileTelling: the hub dies while a partner hangs. What it had not stored is done by the next one.
func TestKillWhileTelling(t *testing.T) {
	h := startHub(t, "")
	app := h.soapApp("slow", "")
	s := h.newSurfer(nurse)
	app.visit(s, h, true)
	id := h.onlySession(nurse)
	app.mu.Lock()
	app.hangs = true
	app.mu.Unlock()
	s.open(h.issuer + "/")
	gone := make(chan struct{})
	go func() { // the press that never gets an answer
		defer close(gone)
		for _, tried := app.counts(); tried == 0; _, tried = app.counts() {
			time.Sleep(10 * time.Millisecond)
		}
		h.proc.Kill()
	}()
	s.pressAndForget("Sign out")
	<-gone
	if shown := h.run("session", "show", id); !strings.Contains(shown, "pending") {
		t.Errorf("shown:\n%s", shown)
	}
	app.mu.Lock()
	app.hangs = false
	app.mu.Unlock()
	h.serve()
	app.waitTold(1, 60*time.Second)
	if shown := h.run("session", "show", id, "--json"); !strings.Contains(shown, `"everywhere":true`) {
		t.Errorf("afterwards:\n%s", shown)
	}
}

// TestSessionsFromTheCommandLine: an administrator ends sessions in every way there is, and the running hub tells the partners.
func TestSessionsFromTheCommandLine(t *testing.T) {
	h := startHub(t, "")
	app, mild := h.soapApp("app", ""), h.soapApp("mild", "session: { on_card_removal: ignore }\n")
	signIn := func(a *soapApp, uid string) (*surfer, string) {
		t.Helper()
		s := h.newSurfer(uid)
		a.visit(s, h, true)
		return s, h.onlySession(uid)
	}
	handle := func(uid string) string {
		t.Helper()
		_, rest, _ := strings.Cut(h.run("people", "show", uid, "--json"), `"Handle":"`)
		out, _, _ := strings.Cut(rest, `"`)
		return out
	}
	ended := func(s *surfer, id, reason string) {
		t.Helper()
		s.open(h.issuer + "/")
		s.see("Nobody is signed in")
		if shown := h.run("session", "show", id); !strings.Contains(shown, ": "+reason) {
			t.Errorf("shown:\n%s", shown)
		}
		if record := h.audit("--kind", "session_ended", "--subject", nurse); !strings.Contains(record, `"reason":"`+reason+`"`) {
			t.Errorf("no end by %s:\n%s", reason, record)
		}
	}
	s, id := signIn(app, nurse)
	if out := h.run("session", "end", "--person", nurse, "--dry-run"); !strings.Contains(out, "1 session would end") {
		t.Error(out)
	}
	if out := h.run("session", "end", "--person", nurse); !strings.Contains(out, "1 session ended, 1 partner to tell") {
		t.Error(out)
	}
	ended(s, id, "admin")
	app.waitTold(1, 10*time.Second)

	s, id = signIn(mild, nurse)
	if _, errs, code := h.try("session", "end", "--card", handle(nurse)); code != 0 || !strings.Contains(errs, "1 session left") {
		t.Errorf("exit %d, %s", code, errs)
	}
	app.visit(s, h, false)
	h.run("session", "end", "--card", handle(nurse))
	ended(s, id, "card_removed")

	s, id = signIn(app, nurse)
	h.run("people", "suspend", nurse)
	ended(s, id, "suspended")
	h.run("people", "reinstate", nurse)

	s, id = signIn(app, nurse)
	h.run("session", "end", "--partner", "App app")
	ended(s, id, "admin")

	s, id = signIn(app, nurse)
	h.write("staff2.yaml", "people:\n  - { uid: \""+nurse+"\", name: Ben Example, status: suspended }\n")
	h.run("people", "import", h.path("staff2.yaml"))
	ended(s, id, "suspended")
	h.run("people", "reinstate", nurse)

	s, id = signIn(app, nurse)
	h.run("people", "revoke", nurse, handle(nurse))
	ended(s, id, "revoked")
	app.ask(s, h)
	s.submit("smartcard")
	if s.status != 401 {
		s.fail("a revoked card is still good")
	}
	app.waitTold(6, 15*time.Second)
	for _, args := range [][]string{{"session", "show", "nobody"}, {"session", "end", "--id", "nobody"}, {"session", "end", "--card", "00:1"}, {"people", "revoke", nurse, "x"}} {
		if _, _, code := h.try(args...); code != 4 {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}
