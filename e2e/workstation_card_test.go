package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/lanyard-hub/lanyard/e2e/components"
	"github.com/lanyard-hub/lanyard/e2e/components/virtualcard"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// enrol registers a computer with the hub and has its agent enrol.
func (b *bay) enrol(name string, flags ...string) {
	b.t.Helper()
	var made struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(b.hub.run(append([]string{"workstation", "add", "--name", name, "--json"}, flags...)...)), &made); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.file("secret"), []byte(made.Secret+"\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	args := []string{"enrol", "--hub", b.hub.issuer, "--secret-file", b.file("secret")}
	if out, errs, code := b.command(args...); code != 0 || !strings.Contains(out, `enrolled "`+name+`" as workstation `+made.ID) {
		b.t.Fatalf("exit %d %s%s", code, out, errs)
	}
	if _, errs, code := b.command(args...); code != 1 || !strings.Contains(errs, "workstation_secret") {
		b.t.Errorf("the secret is good twice: exit %d %s", code, errs)
	}
}

// TestChromiumWorkstation is the whole way: a PIV card in a reader, pcscd, OpenSC, lanyard-agent, Chromium and the hub. The person
// signs in with card and PIN; pulling the card ends the session, and the page says so.
func TestChromiumWorkstation(t *testing.T) {
	h := startHubWith(t, "", "workstation: { agent: true }")
	path := h.pathology()
	pcsc := components.StartPCSC(t)
	card := h.cards[nurse]
	b := bayWith(t, h, pcsc.Module, "246810", map[string]string{"PCSCLITE_CSOCK_NAME": pcsc.Socket}, agentPorts, fmt.Sprintf("audiences: { %q: [pathology] }\n", h.issuer))
	b.enrol("Bay 4", "--shared")
	pcsc.Reader.Insert(virtualcard.NewCard(card.Certificate, card.Key, "246810"))
	b.run()
	c := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Flags: local})
	c.Open(t, h.issuer+"/ticket/start?partner=pathology")
	c.See(t, "#way-agent:not([hidden])")
	c.Click(t, "#way-agent form button")
	c.SeeText(t, "body", "ticket received")
	if got := path.read(t, path.last(t)); got.uid != nurse {
		t.Errorf("assertion %+v", got)
	}
	c.Open(t, h.issuer+"/")
	c.SeeText(t, "header", "Ben Example")

	app := h.offlineApp(b.workstation())
	app.proves(b, "pathology")

	time.Sleep(7 * time.Second)                        // the agent gives back what starting needed
	t.Logf("resident with OpenSC: %d KiB", b.memory()) // 10 to 15 MiB, by what the kernel maps at once; bounded with SoftHSM

	pulled := time.Now()
	pcsc.Reader.Remove()
	b.proc.WaitOutput("removal delivered", 10*time.Second)
	took := time.Since(pulled)
	t.Logf("the hub answered %s after the card was pulled", took)
	if took > 2*time.Second { // a quarter of a second on a quiet machine
		t.Error("that is too long")
	}
	if log := b.proc.Output(); !strings.Contains(log, "ended=1") {
		t.Errorf("the removal ended nothing:\n%s", log)
	}
	c.SeeText(t, "main", "You were signed out")
	if status, proof := b.prove("pathology", "nonce-of-the-app-2"); status == http.StatusOK {
		t.Errorf("a proof without the card: %s", proof)
	}
	if sessions := h.run("session", "list"); strings.Contains(sessions, nurse) {
		t.Errorf("the session lives:\n%s", sessions)
	}
	b.locks(c, path, pcsc, virtualcard.NewCard(card.Certificate, card.Key, "246810"))
	b.noSecrets("246810", nurse, "Ben Example")
}

// offlineApp is an app that keeps the key of a workstation's agent and checks proofs by the script of docs/how-to/check-an-offline-proof.md.
type offlineApp struct{ hub *hub }

func (h *hub) offlineApp(workstation string) offlineApp {
	h.t.Helper()
	page, err := os.ReadFile("../docs/how-to/check-an-offline-proof.md")
	if err != nil {
		h.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "Save as `check_proof.py`:\n\n```python\n")
	script, _, closed := strings.Cut(rest, "\n```\n")
	if !closed {
		h.t.Fatal("the page has no script")
	}
	h.write("check_proof.py", script)
	_, keys := components.Get(h.t, components.Client(h.t, h.ca), h.issuer+"/workstation/keys/"+workstation)
	set, err := jose.ReadKeySet([]byte(keys))
	if err != nil || len(set.Keys()) != 1 {
		h.t.Fatalf("%v: %s", err, keys)
	}
	h.write("keys.json", keys)
	h.write("workstation.json", fmt.Sprintf(`{"id":%q,"jkt":%q}`, workstation, jose.Thumbprint(set.Keys()[0].Public)))
	return offlineApp{h}
}

// check is what the app's script says of a proof about this session.
func (a offlineApp) check(proof, audience, sub, sid, nonce string) string {
	cmd := exec.CommandContext(a.hub.t.Context(), "python3", "check_proof.py", audience, sub, sid, nonce)
	cmd.Dir, cmd.Stdin = a.hub.dir, strings.NewReader(proof)
	out, _ := cmd.CombinedOutput() // what it says is what counts
	return strings.TrimSpace(string(out))
}

// proves asks the agent for a proof, as soon as it has heard of the session, and has the app check it.
func (a offlineApp) proves(b *bay, audience string) {
	b.t.Helper()
	status, proof := 0, ""
	for limit := time.Now().Add(40 * time.Second); status != http.StatusOK && time.Now().Before(limit); time.Sleep(500 * time.Millisecond) {
		status, proof = b.prove(audience, "nonce-of-the-app-1")
	}
	var said struct{ Sub, Sid string }
	parts := strings.Split(proof, ".")
	if len(parts) != 3 {
		b.t.Fatalf("no proof: %d %q", status, proof)
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(claims, &said) != nil || said.Sub == "" || said.Sid == "" {
		b.t.Fatalf("%v: %s", err, claims)
	}
	if got := a.check(proof, audience, said.Sub, said.Sid, "nonce-of-the-app-1"); !strings.HasPrefix(got, "accepted") {
		b.t.Errorf("the app says %q of %s", got, claims)
	}
	if got := a.check(proof, audience, said.Sub, said.Sid, "nonce-of-another-1"); !strings.HasPrefix(got, "refused") {
		b.t.Errorf("the app says %q to another nonce", got)
	}
}

// prove asks the agent, as a program of this computer does, to prove the session of an app.
func (b *bay) prove(audience, nonce string) (int, string) {
	b.t.Helper()
	var got struct{ Proof string }
	status := b.page("/v1/proof", fmt.Sprintf(`{"audience":%q,"nonce":%q}`, audience, nonce), &got)
	return status, got.Proof
}

// workstation is the id that the hub gave the agent.
func (b *bay) workstation() string {
	b.t.Helper()
	var all []struct{ ID string }
	if err := json.Unmarshal([]byte(b.hub.run("workstation", "list", "--json")), &all); err != nil || len(all) != 1 {
		b.t.Fatalf("%v: %+v", err, all)
	}
	return all[0].ID
}

// locks pulls a card where the workstation wants its sessions locked: the session waits, nothing is told of it, the agent locks the
// screen, and the card brings it back.
func (b *bay) locks(c *components.Browser, path *legacy, pcsc *components.PCSC, card *virtualcard.Card) {
	b.t.Helper()
	b.hub.run("workstation", "set", "Bay 4", "--on-removal", "lock")
	pcsc.Reader.Insert(card)
	c.Open(b.t, b.hub.issuer+"/ticket/start?partner=pathology")
	c.See(b.t, "#way-agent form button:focus")
	c.Press(b.t, kb.Enter)
	c.SeeText(b.t, "body", "ticket received")
	ticket := path.last(b.t)
	if ticket == "" { // of the browser asking for an icon, at the visit before
		ticket = path.last(b.t)
	}
	if got := path.read(b.t, ticket); got.uid != nurse {
		b.t.Errorf("before: %+v", got)
	}
	c.Open(b.t, b.hub.issuer+"/")
	c.SeeText(b.t, "header", "Ben Example")

	pcsc.Reader.Remove()
	c.SeeText(b.t, "h1", "Locked")
	for limit := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(b.file("locked")); err == nil {
			break
		} else if time.Now().After(limit) {
			b.t.Fatalf("the screen was not locked: %v", err)
		}
	}
	if got := path.read(b.t, ticket); got.uid != "" {
		b.t.Errorf("while it is locked: %+v", got)
	}
	pcsc.Reader.Insert(card)
	c.SeeText(b.t, "header", "Ben Example")
	if resumed := b.hub.audit("--kind", "session_resumed"); !strings.Contains(resumed, nurse) {
		b.t.Errorf("nothing was resumed: %s", resumed)
	}
}
