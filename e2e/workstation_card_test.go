package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
	"github.com/lanyard-hub/lanyard/e2e/components/virtualcard"
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
	b := bayWith(t, h, pcsc.Module, "246810", map[string]string{"PCSCLITE_CSOCK_NAME": pcsc.Socket}, agentPorts, "")
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
	if sessions := h.run("session", "list"); strings.Contains(sessions, nurse) {
		t.Errorf("the session lives:\n%s", sessions)
	}
	b.noSecrets("246810", nurse, "Ben Example")
}
