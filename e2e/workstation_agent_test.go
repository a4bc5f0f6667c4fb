package e2e

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// bay is a workstation: lanyard-agent as it is built, a card in software, and somebody who knows its PIN.
type bay struct {
	t      *testing.T
	hub    *hub
	bin    string
	config string
	env    map[string]string
	proc   *components.Process
	port   int
	pins   string // file with the PIN that is typed next
}

// newBay makes the workstation of whose card this is. Further keys of its configuration come as lines.
func newBay(t *testing.T, h *hub, leaf *components.Leaf, lines string) *bay {
	t.Helper()
	soft := components.NewSoftHSM(t)
	soft.Put(t, leaf, 1, "auth")
	return bayWith(t, h, soft.Module, soft.PIN, map[string]string{"SOFTHSM2_CONF": soft.Conf}, []int{components.FreePort(t)}, lines)
}

// bayWith makes one with any middleware; ports are those of the port service.
func bayWith(t *testing.T, h *hub, module, pin string, env map[string]string, ports []int, lines string) *bay {
	t.Helper()
	dir := t.TempDir()
	b := &bay{t: t, hub: h, bin: components.Build(t, "github.com/lanyard-hub/lanyard/cmd/lanyard-agent"), config: filepath.Join(dir, "agent.yaml"), env: env, pins: filepath.Join(dir, "pin")}
	b.types(pin)
	// A pinentry that writes down what it is told, but for the PIN.
	entry := filepath.Join(dir, "pinentry")
	script := "#!/bin/sh\necho OK\nwhile read -r line; do\n\techo \"$line\" >>" + filepath.Join(dir, "asked") + "\n\tcase $line in\n" +
		"\tGETPIN) echo \"D $(cat " + b.pins + ")\"; echo OK ;;\n\tBYE) exit 0 ;;\n\t*) echo OK ;;\n\tesac\ndone\n"
	for name, text := range map[string]string{entry: script, b.config: fmt.Sprintf(`hub: { issuer: %q, ca_file: %q }
state_dir: %q
modules: [%q]
ports: %s
pin: { program: %q }
lock: { command: [touch, %q] }
%s
`, h.issuer, h.ca.File, filepath.Join(dir, "state"), module, strings.ReplaceAll(fmt.Sprint(ports), " ", ","), entry, filepath.Join(dir, "locked"), lines)} {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// types says which PIN is typed next.
func (b *bay) types(pin string) {
	b.t.Helper()
	if err := os.WriteFile(b.pins, []byte(pin), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bay) file(name string) string { return filepath.Join(filepath.Dir(b.config), name) }

// run starts the agent.
func (b *bay) run() {
	b.t.Helper()
	b.proc = components.Start(b.t, components.Command{Path: b.bin, Args: []string{"run", "--lab", "--config", b.config}, Env: b.env})
	b.proc.WaitOutput("port ", 20*time.Second)
	m := regexp.MustCompile(`(?m)^port (\d+) service (\d+)$`).FindStringSubmatch(b.proc.Output())
	port, err := strconv.Atoi(m[1])
	if err != nil || m[2] == "0" {
		b.t.Fatalf("%v: %s", err, m)
	}
	b.port = port
	b.proc.WaitOutput("certificate=true", 20*time.Second)
}

// command runs a command of the agent.
func (b *bay) command(args ...string) (stdout, stderr string, code int) {
	b.t.Helper()
	return components.Run(b.t, components.Command{Path: b.bin, Args: append(args, "--lab", "--config", b.config), Env: b.env})
}

// page calls the agent as a page of the hub does.
func (b *bay) page(path, body string, into any) int {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d%s", b.port, path), bytes.NewReader([]byte(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Origin", b.hub.issuer)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Lanyard-Agent", "1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		b.t.Fatalf("%s: %d %q: %v", path, resp.StatusCode, text, err)
	}
	return resp.StatusCode
}

// memory is the resident memory of the agent, in KiB.
func (b *bay) memory() int {
	b.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.proc.PID()))
	if err != nil {
		b.t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`).FindSubmatch(text)
	if m == nil {
		b.t.Fatal("no VmRSS")
	}
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	return kib
}

// TestWorkstationTickets: the agent signs in at the hub's broker with a card behind PKCS#11, programs of the workstation have the
// ticket, and a server of old reads who it stands for.
func TestWorkstationTickets(t *testing.T) {
	h := startHubWith(t, "", "tickets: { agent: { enabled: true, hosts: [gas.hub.localhost] } }\n")
	h.apply("pathology", `partner: pathology
protocol: ticket
stage: live
require: { assurance: AAL3, role: true }
release: [{ set: ssb }]
ticket: { networks: [127.0.0.0/8, "::1/128"], rechecks: true }
`)
	gas := strings.Replace(h.issuer, "hub.localhost", "gas.hub.localhost", 1)
	b := newBay(t, h, h.cards[doctor], fmt.Sprintf("ticket: { url: %q, origins: [%q] }\nrole: { prefer: [%q] }", gas, h.issuer, doctorRole2))
	if _, errs, code := b.command("ticket", "get"); code != 10 || !strings.Contains(errs, "0x80100007 SERVER_COMM_FAILED") {
		t.Errorf("without an agent: exit %d %s", code, errs)
	}
	b.run()
	if _, errs, code := b.command("ticket", "get-no-auth"); code != 10 || !strings.Contains(errs, "0x80100009 TICKET_NOT_AVAILABLE") {
		t.Errorf("before anybody signed in: exit %d %s", code, errs)
	}
	out, errs, code := b.command("ticket", "get")
	ticket := strings.TrimSpace(out)
	if code != 0 || ticket == "" || len(ticket) > 255 {
		t.Fatalf("exit %d %s%s\n%s", code, out, errs, b.proc.Output())
	}
	var page struct{ Ticket string }
	if status := b.page("/v1/ticket/get-no-auth", "{}", &page); status != 200 || page.Ticket != ticket {
		t.Errorf("a page has %d %q, the command %q", status, page.Ticket, ticket)
	}
	inspected := h.run("ticket", "inspect", ticket)
	if !strings.Contains(inspected, doctorRole2) {
		t.Errorf("the ticket stands for\n%s\nwant role %s", inspected, doctorRole2)
	}
	fresh, errs, code := b.command("ticket", "get-new", "--role", doctorRole1)
	if fresh = strings.TrimSpace(fresh); code != 0 || fresh == ticket || !strings.Contains(h.run("ticket", "inspect", fresh), doctorRole1) {
		t.Errorf("exit %d %q: %s", code, fresh, errs)
	}
	if _, _, code := h.try("ticket", "inspect", ticket); code != 4 {
		t.Errorf("the old ticket outlives the new one: exit %d", code)
	}
	if _, errs, code := b.command("ticket", "destroy"); code != 0 {
		t.Errorf("exit %d %s", code, errs)
	}
	if _, _, code := h.try("ticket", "inspect", fresh); code != 4 {
		t.Errorf("the ticket outlives its end: exit %d", code)
	}
	b.types("000000")
	if _, errs, code := b.command("ticket", "get"); code != 30 || !strings.Contains(errs, "0x80400002 AUTHENTICATION_FAILED") {
		t.Errorf("a wrong PIN: exit %d %s", code, errs)
	}
	b.noSecrets(ticket, fresh, "246810", doctor)
}

// noSecrets fails if the agent's log holds any of the texts.
func (b *bay) noSecrets(texts ...string) {
	b.t.Helper()
	log := b.proc.Output()
	if !strings.Contains(log, "msg=started") {
		b.t.Fatal("there is no log to look at")
	}
	for _, text := range texts {
		if strings.Contains(log, text) {
			b.t.Errorf("the agent's log contains %q:\n%s", text, log)
		}
	}
}

// strangers are programs of another user of the same machine: the kernel says so, and they get nothing.
func (b *bay) strangers() {
	b.t.Helper()
	for address, want := range map[string]string{
		fmt.Sprintf("http://127.0.0.1:%d/v1/state", b.port): "403", fmt.Sprintf("http://[::1]:%d/v1/state", b.port): "403",
		fmt.Sprintf("http://localhost:%d/v1/state", b.port):                   "403",
		fmt.Sprintf("http://127.0.0.1:%d/PRS/GetPortNumber", b.servicePort()): "404",
	} {
		ask := components.Command{Path: "curl", Args: []string{"--silent", "--globoff", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", "X-Lanyard-Agent: 1", address}}
		if own, _, _ := components.Run(b.t, ask); own != "200" {
			b.t.Errorf("%s: %s for the agent's own user", address, own)
		}
		ask.User = "nobody"
		if got, errs, _ := components.Run(b.t, ask); got != want {
			b.t.Errorf("%s: %s for another user, want %s %s", address, got, want, errs)
		}
	}
}

// servicePort is where this agent offers the port service.
func (b *bay) servicePort() int {
	b.t.Helper()
	port, err := strconv.Atoi(regexp.MustCompile(`(?m)^port \d+ service (\d+)$`).FindStringSubmatch(b.proc.Output())[1])
	if err != nil {
		b.t.Fatal(err)
	}
	return port
}

// TestWorkstationSigns: a page of the hub has a signature of the card, another has not; the agent is small, and ends when told.
func TestWorkstationSigns(t *testing.T) {
	h := startHub(t, "")
	b := newBay(t, h, h.cards[doctor], "")
	b.run()
	var signed struct{ Certificate, Signature []byte }
	if status := b.page("/v1/sign", `{"challenge":"0123456789abcdef"}`, &signed); status != 200 {
		t.Fatalf("status %d\n%s", status, b.proc.Output())
	}
	cert, err := x509.ParseCertificate(signed.Certificate)
	if err != nil || !cert.Equal(h.cards[doctor].Certificate) {
		t.Fatalf("%v: another certificate, %s", err, base64.StdEncoding.EncodeToString(signed.Certificate))
	}
	if err := cert.CheckSignature(x509.SHA256WithRSA, []byte("lanyard card sign-in 1\n"+h.issuer+"\n0123456789abcdef"), signed.Signature); err != nil {
		t.Error(err)
	}
	asked, err := os.ReadFile(b.file("asked"))
	if err != nil || !strings.Contains(string(asked), "SETDESC Sign in to hub.localhost:") || !strings.Contains(string(asked), "Card of "+doctor) {
		t.Errorf("%v: the person was told\n%s", err, asked)
	}
	out, errs, code := b.command("status")
	if code != 0 || !strings.Contains(out, `"subject":"CN=`+doctor+`"`) {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	b.strangers()
	b.noSecrets("246810", doctor)
	time.Sleep(7 * time.Second) // the agent gives back what starting needed
	kib := b.memory()
	t.Logf("resident: %d KiB", kib)
	if kib > 15<<10 {
		t.Errorf("%d KiB resident, more than 15 MiB", kib)
	}
	b.proc.Signal(syscall.SIGTERM)
	if code := b.proc.Exit(5 * time.Second); code != 0 {
		t.Errorf("exit %d", code)
	}
}
