package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestKillLosesNothingAcknowledged kills the hub without warning: session, ticket and audit survive.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	h := startHub(t, "")
	path := h.pathology()
	s := h.newSurfer(doctor)
	s.open(h.issuer + "/ticket/start?partner=pathology")
	s.signInByCard(doctorRole2)
	s.autopost()
	token := path.last(t)
	h.proc.Kill()
	h.serve()
	if a := path.read(t, token); a.uid != doctor {
		t.Errorf("the ticket is gone: %+v", a)
	}
	s.open(h.issuer + "/")
	s.see("Dr Asha Example")
	s.submit("Sign out")
	h.proc.Kill()
	h.serve()
	if a := path.read(t, token); a.status != http.StatusForbidden {
		t.Errorf("the sign-out is gone: %+v", a)
	}
	record := h.audit()
	for _, kind := range []string{"signed_in", "role_chosen", "issued", "ticket_read", "session_ended"} {
		if !strings.Contains(record, `"kind":"`+kind+`"`) {
			t.Errorf("no event %s", kind)
		}
	}
	for i, line := range strings.Split(strings.TrimSpace(record), "\n") {
		if !strings.HasPrefix(line, fmt.Sprintf(`{"seq":%d,`, i+1)) {
			t.Fatalf("line %d of the record: %s", i+1, line)
		}
	}
}

// TestDrainFinishesRequests stops the hub while a request is half sent: it is answered all the same.
func TestDrainFinishesRequests(t *testing.T) {
	h := startHub(t, "")
	body, rest := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.issuer+"/oidc/token", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status := make(chan int, 1)
	go func() {
		resp, err := components.Client(t, h.ca).Do(req)
		if err != nil {
			status <- 0
			return
		}
		defer resp.Body.Close()
		status <- resp.StatusCode
	}()
	if _, err := rest.Write([]byte("grant_type=authorization_code")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // until the hub is reading
	h.proc.Signal(syscall.SIGTERM)
	time.Sleep(300 * time.Millisecond)
	if err := rest.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-status; got != http.StatusUnauthorized && got != http.StatusBadRequest {
		t.Errorf("the request in flight got %d", got)
	}
	if code := h.proc.Exit(15 * time.Second); code != 0 {
		t.Errorf("exit code %d\n%s", code, h.proc.Output())
	}
}

// TestPostgres runs the main job on PostgreSQL, with the store killed in between.
func TestPostgres(t *testing.T) {
	components.Gate(t)
	pg := components.StartPostgres(t)
	h := startHub(t, pg.DSN)
	path := h.pathology()
	s := h.newSurfer(doctor)
	s.open(h.issuer + "/ticket/start?partner=pathology")
	s.signInByCard(doctorRole2)
	s.autopost()
	token := path.last(t)
	pg.Kill()
	if a := path.read(t, token); a.status != http.StatusServiceUnavailable {
		t.Errorf("without its store the hub answers %d", a.status)
	}
	pg.Resume(t)
	var a assertion
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && a.uid == ""; time.Sleep(200 * time.Millisecond) {
		a = path.read(t, token)
	}
	if a.uid != doctor {
		t.Errorf("after the store came back: %+v", a)
	}
}

// TestConfigMistakes checks what an operator sees, and the exit code.
func TestConfigMistakes(t *testing.T) {
	h := startHub(t, "")
	h.config = h.path("bad.yaml")
	h.write("bad.yaml", "version: 1\nlisen: \":8443\"\nissuer: https://hub.localhost\n")
	out, errs, code := h.try("config", "validate")
	if code != 3 || !strings.Contains(errs, `bad.yaml:2:1: error: unknown key "lisen", did you mean "listen"?`) {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if _, _, code := h.try("serve"); code != 3 {
		t.Errorf("serve with a bad configuration: exit %d", code)
	}
}

// TestExplainSaysWhatIsIssued compares `policy explain` with what the partner really received.
func TestExplainSaysWhatIsIssued(t *testing.T) {
	h := startHub(t, "")
	path := h.pathology()
	s := h.newSurfer(doctor)
	s.open(h.issuer + "/ticket/start?partner=pathology")
	s.signInByCard(doctorRole2)
	s.autopost()
	a := path.read(t, path.last(t))
	story := h.run("policy", "explain", "--user", doctor, "--role", "R8001", "--partner", "Pathology", "--json")
	for _, want := range []string{a.cn, a.uid, a.role, "set ssb", "no value on record"} {
		if want == "" || !strings.Contains(story, want) {
			t.Errorf("explain does not say %q:\n%s", want, story)
		}
	}
	if _, errs, code := h.try("policy", "explain", "--user", porter, "--partner", "Pathology"); code != 5 || !strings.Contains(errs, "no_role") {
		t.Errorf("exit %d, %s", code, errs)
	}
}
