package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// windowsTests are tests of packages that have something of their own to do on Windows.
var windowsTests = map[string]string{
	"cmd/agent/access": "TestAccess", "cmd/agent/loopback": "TestSystem|TestSessionOf", "cmd/agent/pinentry": "TestWindow",
}

// TestWindowsAgent is the agent on Windows, which Wine stands for here: installed by its MSI, with middleware of its own kind, a person who
// types the PIN into its window, and pages. The hub is the program as it is served.
func TestWindowsAgent(t *testing.T) {
	components.Gate(t)
	wine := components.StartWine(t)
	t.Run("unit tests", func(t *testing.T) {
		for pkg, tests := range windowsTests {
			out, errs, code := wine.Run(wine.BuildTests("github.com/lanyard-hub/lanyard/"+pkg), "-test.v", "-test.run", tests)
			if code != 0 || strings.Count(out, "\n--- PASS: ") != strings.Count(tests, "|")+1 {
				t.Errorf("%s: exit %d\n%s%s", pkg, code, out, errs)
			}
		}
	})
	h := startHubWith(t, "", "workstation: { agent: true }\ntickets: { agent: { enabled: true, hosts: [gas.hub.localhost] } }")
	path := h.pathology()
	d := newDesk(t, wine, h, h.cards[nurse])
	d.install()
	d.configure()
	d.enrol("Bay 9", "--shared")
	d.insert()
	d.run()
	d.strangers()
	d.signsIn(path)
	d.mistakes()
	ticket := d.ticket()
	d.pulls()
	if _, _, code := h.try("ticket", "inspect", ticket); code != 4 {
		t.Errorf("the ticket outlives the card: exit %d", code)
	}
	d.leaves()
	d.atLogon()
	d.update()
	d.remove()
}

// desk is a workstation with Windows.
type desk struct {
	t      *testing.T
	wine   *components.Wine
	hub    *hub
	leaf   *components.Leaf
	card   string // folder of the card of files, see testdata/windows/card.c
	module string // its middleware
	helper string // testdata/windows/desk
	agent  string // the program as it is installed
	log    string // what the agent's window said
	ports  int    // of the port service
	msi    string // the installer

	proc *components.Process
	port int
}

const deskPIN = "246810"

func newDesk(t *testing.T, wine *components.Wine, h *hub, leaf *components.Leaf) *desk {
	t.Helper()
	dir := t.TempDir()
	d := &desk{
		t: t, wine: wine, hub: h, leaf: leaf, card: dir, module: filepath.Join(dir, "card.dll"), log: filepath.Join(dir, "asked"), ports: components.FreePort(t),
		agent: `C:\Program Files\Lanyard\lanyard-agent.exe`, helper: wine.Build("github.com/lanyard-hub/lanyard/e2e/testdata/windows/desk"),
	}
	d.write("cert.der", leaf.Certificate.Raw)
	d.write("key.blob", leaf.CNGBlob(t))
	d.write("pin", []byte(deskPIN))
	d.write("typed", []byte(deskPIN))
	wine.Compile(filepath.Join("testdata", "windows", "card.c"), d.module, "-lbcrypt", "-lws2_32")
	return d
}

func (d *desk) write(name string, data []byte) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.card, name), data, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// installer makes one as `make agent-msi` does, of the programs in a folder.
func (d *desk) installer(dir, version string) string {
	d.t.Helper()
	wxs, err := filepath.Abs(filepath.Join("..", "deploy", "lanyard-agent.wxs"))
	if err != nil {
		d.t.Fatal(err)
	}
	msi := filepath.Join(dir, "lanyard-agent-"+version+".msi")
	if out, errs, code := components.Run(d.t, components.Command{Path: "wixl", Args: []string{"-a", "x64", "-D", "Version=" + version, "-o", msi, wxs}, Dir: dir}); code != 0 {
		d.t.Fatalf("wixl: exit %d %s%s", code, out, errs)
	}
	return msi
}

// install builds programs and installer, looks into it, and runs it.
func (d *desk) install() {
	d.t.Helper()
	const pkg = "github.com/lanyard-hub/lanyard/cmd/lanyard-agent"
	dir := filepath.Dir(d.wine.Build(pkg))
	d.wine.BuildAs("lanyard-agentw.exe", pkg, "-s -H=windowsgui")
	msi := d.installer(dir, "1.2.3")
	for table, want := range map[string][]string{
		"Property": {"ProductVersion\t1.2.3", "UpgradeCode\t{5D0A3E6F-7B0B-4C0B-9D63-2F6B2C6F1A47}", "ALLUSERS\t1"},
		"Registry": {"\t2\tSoftware\\Microsoft\\Windows\\CurrentVersion\\Run\tLanyard Agent\t\"[INSTALLDIR]lanyard-agentw.exe\" run\t"},
		"Upgrade":  {"WIX_UPGRADE_DETECTED", "WIX_DOWNGRADE_DETECTED"},
	} {
		out, errs, _ := components.Run(d.t, components.Command{Path: "msiinfo", Args: []string{"export", msi, table}})
		for _, w := range want {
			if !strings.Contains(out, w) {
				d.t.Errorf("no %q in table %s:\n%s%s", w, table, out, errs)
			}
		}
	}
	if out, _, _ := components.Run(d.t, components.Command{Path: "msiinfo", Args: []string{"export", msi, "CustomAction"}}); strings.Count(strings.TrimSpace(out), "\n") > 2 {
		d.t.Errorf("the installer runs programs of its own:\n%s", out)
	}
	d.windows("msiexec", "/i", d.wine.Path(msi), "/qn")
	d.msi = msi
}

// windows runs a program there and wants it to end well.
func (d *desk) windows(name string, args ...string) string {
	d.t.Helper()
	out, errs, code := d.wine.Run(name, args...)
	if code != 0 {
		d.t.Fatalf("%s %q: exit %d %s%s", name, args, code, out, errs)
	}
	return out
}

// configure writes the file where the agent looks for it.
func (d *desk) configure() {
	d.t.Helper()
	file := d.wine.File(`C:\ProgramData\Lanyard\agent.yaml`)
	gas := strings.Replace(d.hub.issuer, "hub.localhost", "gas.hub.localhost", 1)
	text := fmt.Sprintf("hub: { issuer: %q, ca_file: '%s' }\nmodules: ['%s']\nports: [%d]\npin: { timeout: 20s }\nticket: { url: %q }\n",
		d.hub.issuer, d.wine.Path(d.hub.ca.File), d.wine.Path(d.module), d.ports, gas)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		d.t.Fatal(err)
	}
	if _, errs, code := d.command("status"); code != 3 || !strings.Contains(errs, "others can change it") {
		d.t.Errorf("a configuration that everybody may write: exit %d %s", code, errs)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		d.t.Fatal(err)
	}
	if _, errs, code := d.command("status"); code != 10 || !strings.Contains(errs, "0x80100007 SERVER_COMM_FAILED") {
		d.t.Errorf("without an agent: exit %d %s", code, errs)
	}
}

// find is command for what asks the running agent. Wine may take longer to say whose a socket is than a command waits.
func (d *desk) find(args ...string) (stdout, stderr string, code int) {
	d.t.Helper()
	for range 5 {
		stdout, stderr, code = d.command(args...)
		if !strings.Contains(stderr, "SERVER_COMM_FAILED") {
			break
		}
	}
	return stdout, stderr, code
}

// command runs a command of the agent.
func (d *desk) command(args ...string) (stdout, stderr string, code int) {
	d.t.Helper()
	return d.wine.Run(d.agent, append(args, "--lab")...)
}

func (d *desk) enrol(name string, flags ...string) {
	d.t.Helper()
	var made struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(d.hub.run(append([]string{"workstation", "add", "--name", name, "--json"}, flags...)...)), &made); err != nil {
		d.t.Fatal(err)
	}
	d.write("secret", []byte(made.Secret+"\r\n"))
	out, errs, code := d.command("enrol", "--hub", d.hub.issuer, "--secret-file", d.wine.Path(filepath.Join(d.card, "secret")))
	if code != 0 || !strings.Contains(out, `enrolled "`+name+`" as workstation `+made.ID) {
		d.t.Fatalf("exit %d %s%s", code, out, errs)
	}
}

func (d *desk) insert() { d.t.Helper(); d.write("in", nil) }

// run starts the agent, and somebody who types what is in the file "typed" when its window asks.
func (d *desk) run() {
	d.t.Helper()
	person := components.Start(d.t, d.wine.Command(d.helper, "person", d.wine.Path(filepath.Join(d.card, "typed")), d.wine.Path(d.log)))
	person.WaitOutput("ready", 20*time.Second)
	c := d.wine.Command(d.agent, "run", "--lab")
	c.Env["LANYARD_TEST_CARD"] = d.wine.Path(d.card)
	d.proc = components.Start(d.t, c)
	d.proc.WaitOutput("port ", 30*time.Second)
	m := regexp.MustCompile(`(?m)^port (\d+) service (\d+)\r?$`).FindStringSubmatch(d.proc.Output())
	if m == nil || m[2] != strconv.Itoa(d.ports) {
		d.t.Fatalf("%s", d.proc.Output())
	}
	d.port, _ = strconv.Atoi(m[1]) // digits, says the pattern
	d.proc.WaitOutput("certificate=true", 20*time.Second)
}

// call asks the agent as a page of an origin does, from Windows.
func (d *desk) call(origin, path, body string) (int, string) {
	d.t.Helper()
	out := d.windows(d.helper, "call", "POST", fmt.Sprintf("http://127.0.0.1:%d%s", d.port, path), origin, body)
	number, answer, _ := strings.Cut(strings.TrimSpace(out), " ")
	status, err := strconv.Atoi(number)
	if err != nil {
		d.t.Fatalf("%q", out)
	}
	return status, answer
}

// strangers: the page of another origin, and a program that is none of this user's, because it is none of Windows'.
func (d *desk) strangers() {
	d.t.Helper()
	if status, answer := d.call("https://evil.example", "/v1/sign", `{"challenge":"0123456789abcdef"}`); status != http.StatusForbidden {
		d.t.Errorf("another origin: %d %s", status, answer)
	}
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/v1/state", d.port), http.NoBody)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("X-Lanyard-Agent", "1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		d.t.Errorf("a program that Windows does not know: %d", resp.StatusCode)
	}
	if out, errs, code := d.find("status"); code != 0 || !strings.Contains(out, `"subject":"CN=`+nurse+`"`) || !strings.Contains(out, "Test Reader 0") {
		d.t.Errorf("status: exit %d %s%s", code, out, errs)
	}
}

// signsIn goes the way of the sign-in page: the hub's challenge, the card's signature, the hub's answer.
func (d *desk) signsIn(path *legacy) {
	d.t.Helper()
	s := d.hub.newSurfer("")
	s.open(d.hub.issuer + "/ticket/start?partner=pathology")
	var way form
	for _, f := range s.forms() {
		if f.action == "/signin/agent/finish" {
			way = f
		}
	}
	if way.action == "" {
		d.t.Fatalf("the page has no way through the agent:\n%s", s.body)
	}
	page := *s.url
	s.do(http.MethodPost, d.hub.issuer+"/signin/agent/begin", way.fields)
	var made struct{ Challenge string }
	if err := json.Unmarshal([]byte(s.body), &made); err != nil {
		d.t.Fatalf("%v: %d %s", err, s.status, s.body)
	}
	status, answer := d.call(d.hub.issuer, "/v1/sign", fmt.Sprintf(`{"challenge":%q}`, made.Challenge))
	var signed struct{ Certificate, Signature, Presence string }
	if err := json.Unmarshal([]byte(answer), &signed); err != nil || status != http.StatusOK || signed.Presence == "" {
		d.t.Fatalf("%v: %d %s\n%s", err, status, answer, d.proc.Output())
	}
	fields := url.Values{}
	for name, values := range way.fields {
		fields[name] = values
	}
	fields.Set("challenge", made.Challenge)
	fields.Set("certificate", signed.Certificate)
	fields.Set("signature", signed.Signature)
	fields.Set("presence", signed.Presence)
	s.url = &page
	s.do(http.MethodPost, d.hub.issuer+"/signin/agent/finish", fields)
	if got := d.read(d.log); !strings.Contains(got, "Sign in to hub.localhost:") || !strings.Contains(got, "Card of "+nurse+" in Test Reader 0.") {
		d.t.Errorf("the window said %q", got)
	}
	s.autopost()
	s.see("ticket received")
	if got := path.read(d.t, path.last(d.t)); got.uid != nurse {
		d.t.Errorf("assertion %+v", got)
	}
}

func (d *desk) read(file string) string {
	d.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

// mistakes: a wrong PIN is asked for again, as wrong, and in the end refused.
func (d *desk) mistakes() {
	d.t.Helper()
	d.write("typed", []byte("000000"))
	if status, answer := d.call(d.hub.issuer, "/v1/sign", `{"challenge":"0123456789abcdef"}`); status != http.StatusUnauthorized || !strings.Contains(answer, "AUTHENTICATION_FAILED") {
		d.t.Errorf("a wrong PIN: %d %s", status, answer)
	}
	if got := d.read(d.log); !strings.Contains(got, "A wrong PIN was entered before.") || strings.Count(got, "| That PIN was wrong.") != 2 {
		d.t.Errorf("the window said %q", got)
	}
	d.write("typed", []byte(deskPIN))
}

// ticket is one of the Ticket API, by the command.
func (d *desk) ticket() string {
	d.t.Helper()
	out, errs, code := d.find("ticket", "get")
	ticket := strings.TrimSpace(out)
	if code != 0 || ticket == "" || !strings.Contains(d.hub.run("ticket", "inspect", ticket), "555000000121") {
		d.t.Fatalf("exit %d %s%s\n%s", code, out, errs, d.proc.Output())
	}
	return ticket
}

// pulls takes the card out: the session ends, and nothing is signed any more.
func (d *desk) pulls() {
	d.t.Helper()
	if sessions := d.hub.run("session", "list"); !strings.Contains(sessions, nurse) {
		d.t.Fatalf("there is no session:\n%s", sessions)
	}
	pulled := time.Now()
	if err := os.Remove(filepath.Join(d.card, "in")); err != nil {
		d.t.Fatal(err)
	}
	d.proc.WaitOutput("removal delivered", 15*time.Second)
	d.t.Logf("the hub answered %s after the card was pulled", time.Since(pulled))
	if sessions := d.hub.run("session", "list"); strings.Contains(sessions, nurse) {
		d.t.Errorf("the session lives:\n%s", sessions)
	}
	if status, answer := d.call(d.hub.issuer, "/v1/sign", `{"challenge":"0123456789abcdef"}`); status != http.StatusConflict || !strings.Contains(answer, "SMARTCARD_NOT_VALID") {
		d.t.Errorf("without a card: %d %s", status, answer)
	}
	log := d.proc.Output()
	for _, secret := range []string{deskPIN, "000000", nurse, "Ben Example", base64.StdEncoding.EncodeToString(d.leaf.Certificate.Raw[:30])} {
		if strings.Contains(log, secret) {
			d.t.Errorf("the agent's log contains %q:\n%s", secret, log)
		}
	}
}

// leaves ends the session of Windows; the agent ends by itself.
func (d *desk) leaves() {
	d.t.Helper()
	d.wine.EndSession()
	if code := d.proc.Exit(10 * time.Second); code != 0 {
		d.t.Errorf("exit %d\n%s", code, d.proc.Output())
	}
	if !strings.Contains(d.proc.Output(), "msg=ended") { // else Windows ended it
		d.t.Errorf("it did not end by itself:\n%s", d.proc.Output())
	}
}

// atLogon: what the installer wrote starts the agent without a window when the person logs in.
func (d *desk) atLogon() {
	d.t.Helper()
	d.wine.Restart()
	service := fmt.Sprintf("http://127.0.0.1:%d/PRS/ConnectPRService", d.ports)
	answers := func() bool {
		resp, err := http.Get(service) //nolint:noctx // it is answered at once or never
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	}
	d.until("the agent is started at logon", answers)
	d.windows("taskkill", "/IM", "lanyard-agentw.exe")
	d.until("the agent is told to end, and ends", func() bool { return !answers() })
}

func (d *desk) until(what string, ok func() bool) {
	d.t.Helper()
	for limit := time.Now().Add(20 * time.Second); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			d.t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// update: a newer installer takes the place of what is installed, and an older one does not.
func (d *desk) update() {
	d.t.Helper()
	old := d.msi
	d.msi = d.installer(filepath.Dir(old), "1.2.4")
	d.windows("msiexec", "/i", d.wine.Path(d.msi), "/qn")
	for _, step := range []string{"/i", "/x"} {
		if _, _, code := d.wine.Run("msiexec", step, d.wine.Path(old), "/qn"); code == 0 {
			d.t.Errorf("msiexec %s of the old one", step)
		}
	}
	if _, errs, code := d.wine.Run(d.agent, "version"); code != 0 {
		d.t.Errorf("after the update: exit %d %s", code, errs)
	}
}

// remove takes the program off again.
func (d *desk) remove() {
	d.t.Helper()
	d.windows("msiexec", "/x", d.wine.Path(d.msi), "/qn")
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(d.wine.File(d.agent)), "*")); len(left) > 0 {
		d.t.Errorf("left behind: %q", left)
	}
	if out, _, code := d.wine.Run("reg", "query", `HKLM\Software\Microsoft\Windows\CurrentVersion\Run`, "/v", "Lanyard Agent"); code == 0 {
		d.t.Errorf("left behind: %s", out)
	}
}
