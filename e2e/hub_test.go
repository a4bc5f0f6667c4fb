package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// The persons of the tests.
const (
	doctor  = "555021935101" // three roles
	nurse   = "555021935102" // one role
	porter  = "555021935103" // none
	revoked = "555021935104" // card on the revocation list
)

const (
	doctorRole1 = "555000000111"
	doctorRole2 = "555000000112"
)

const staff = `
people:
  - uid: "555021935101"
    name: Dr Asha Example
    given_name: Asha
    family_name: Example
    title: Dr
    email: asha.example@rx1.example
    identity: 3
    professional: { gmc_id: C1234567 }
    orgs: [{ person_orgid: "555000000201", code: RX1, name: EXAMPLE HOSPITAL }]
    roles:
      - { id: "555000000111", person_orgid: "555000000201", org: RX1, org_name: EXAMPLE HOSPITAL, code: "S8000:G8000:R8000", name: '"Clinical":"Clinical Provision":"Clinical Practitioner Access Role"', activities: [{ code: B0360, name: View Detailed Health Records }] }
      - { id: "555000000112", person_orgid: "555000000201", org: RX1, org_name: EXAMPLE HOSPITAL, code: "S8000:G8000:R8001", name: '"Clinical":"Clinical Provision":"Nurse Access Role"' }
      - { id: "555000000113", person_orgid: "555000000201", org: RX1, org_name: EXAMPLE HOSPITAL, code: "S8000:G8000:R8003", name: '"Clinical":"Clinical Provision":"Health Professional Access Role"', closes: 2020-01-31 }
%s
  - uid: "555021935102"
    name: Ben Example
    identity: 3
    roles:
      - { id: "555000000121", person_orgid: "555000000202", org: RX1, org_name: EXAMPLE HOSPITAL, code: "S8000:G8000:R8001", name: '"Clinical":"Clinical Provision":"Nurse Access Role"' }
%s
  - uid: "555021935103"
    name: Cas Example
    identity: 2
%s
  - uid: "555021935104"
    name: Dee Example
    identity: 3
    roles:
      - { id: "555000000141", person_orgid: "555000000204", org: RX1, org_name: EXAMPLE HOSPITAL, code: "S8000:G8000:R8001", name: '"Clinical":"Clinical Provision":"Nurse Access Role"' }
%s
`

// program is built once for all tests.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lanyard-bin-")
	return filepath.Join(dir, "lanyard"), err
})

func binary(t *testing.T) string {
	t.Helper()
	components.Gate(t)
	if path := os.Getenv("LANYARD_TEST_BINARY"); path != "" {
		return path // built already, by the Makefile or by hand
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	built := components.Build(t, "github.com/lanyard-hub/lanyard/cmd/lanyard")
	data, err := os.ReadFile(built)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a temporary folder left behind harms nobody
	}
	os.Exit(code)
}

// hub is the program under test and everything it trusts.
type hub struct {
	t       *testing.T
	bin     string
	dir     string
	config  string
	issuer  string
	metrics string
	ca      *components.CA // of every server
	cardCA  *components.CA
	cards   map[string]*components.Leaf
	proc    *components.Process
	env     map[string]string
}

// startHub runs `serve` with persons imported, on SQLite or, given a DSN, on PostgreSQL.
func startHub(t *testing.T, dsn string) *hub {
	t.Helper()
	return startHubWith(t, dsn, "")
}

// startHubWith adds sections to the configuration.
func startHubWith(t *testing.T, dsn, sections string) *hub {
	t.Helper()
	return startHubListening(t, dsn, "", sections)
}

// startHubListening adds listeners too; PORT in them stands for that of the public one.
func startHubListening(t *testing.T, dsn, listeners, sections string) *hub {
	t.Helper()
	return startHubAs(t, setup{dsn: dsn, listeners: listeners, sections: sections})
}

// setup is what a hub is to be.
type setup struct {
	dsn, listeners, sections string
	public, card             string // more keys of these listeners, each with a comma behind it
	inner                    int    // port that the public listener has behind a proxy at the issuer's; 0: it stands there itself
}

// startHubAs runs `serve` with persons imported.
func startHubAs(t *testing.T, with setup) *hub {
	t.Helper()
	h := &hub{t: t, bin: binary(t), dir: t.TempDir(), ca: components.NewCA(t, "Server CA"), cardCA: components.NewCA(t, "Card CA"), cards: map[string]*components.Leaf{}}
	port := components.FreePort(t)
	h.issuer, h.metrics = fmt.Sprintf("https://hub.localhost:%d", port), fmt.Sprintf("127.0.0.1:%d", components.FreePort(t))
	h.config = filepath.Join(h.dir, "lanyard.yaml")
	h.env = map[string]string{"SSL_CERT_FILE": h.ca.File}
	h.run("init", "--dir", h.dir, "--issuer", h.issuer)
	var certs []any
	for _, uid := range []string{doctor, nurse, porter, revoked} {
		card := h.cardCA.Card(t, uid)
		h.cards[uid] = card
		certs = append(certs, "    cards: [{ certificate_file: "+uid+".pem, label: Smartcard }]")
		h.copy(card.CertFile, uid+".pem")
	}
	h.write("staff.yaml", fmt.Sprintf(staff, certs...))
	server := h.ca.Server(t, "hub.localhost", "mtls.hub.localhost", "gas.hub.localhost", "*.card.hub.localhost")
	crl := h.cardCA.WriteCRL(t, components.CRL{Number: 1, ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour), Revoked: []*components.Leaf{h.cards[revoked]}})
	store := "store: { driver: sqlite }"
	if with.dsn != "" {
		h.write("dsn", with.dsn)
		store = "store: { driver: postgres, dsn_file: dsn }"
	}
	listening := port
	if with.inner != 0 {
		listening = with.inner
	}
	h.write("lanyard.yaml", fmt.Sprintf(`version: 1
issuer: %s
organisation: { name: Example Hospital NHS Trust, ods: RX1, scope: rx1.example, help: "ext 4444", ra_contact: "RA team, ext 4455" }
listeners:
  public: { %s address: "127.0.0.1:%d", tls: { cert: %s, key_file: %s } }
  card: { %s client_ca: %s, crl: [%s] }
  metrics: { address: %q }
  %s
data: data
%s
keys: { signing_file: signing.pem, encryption_file: encryption.pem }
authenticators: [fido2, smartcard]
log: { format: text, level: debug }
%s
`, h.issuer, with.public, listening, server.CertFile, server.KeyFile, with.card, h.cardCA.File, crl, h.metrics, strings.ReplaceAll(with.listeners, "PORT", fmt.Sprint(port)), store, with.sections))
	if err := os.Chmod(h.path("lanyard.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(server.KeyFile, 0o600); err != nil {
		t.Fatal(err)
	}
	h.run("people", "import", h.path("staff.yaml"))
	h.serve()
	return h
}

func (h *hub) path(name string) string { return filepath.Join(h.dir, name) }

func (h *hub) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(h.path(name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hub) copy(from, name string) {
	h.t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		h.t.Fatal(err)
	}
	h.write(name, string(data))
}

// serve starts the program, again after a crash, and waits until it is ready.
func (h *hub) serve() {
	h.t.Helper()
	h.proc = components.Start(h.t, components.Command{Path: h.bin, Args: []string{"serve", "--lab", "--config", h.config}, Env: h.env})
	h.proc.WaitURL(http.DefaultClient, "http://"+h.metrics+"/readyz", 20*time.Second)
}

// run runs a command of the program and returns its standard output; it must succeed.
func (h *hub) run(args ...string) string {
	h.t.Helper()
	out, errs, code := h.try(args...)
	if code != 0 {
		h.t.Fatalf("lanyard %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

func (h *hub) try(args ...string) (string, string, int) {
	h.t.Helper()
	if args[0] != "init" {
		args = append(args, "--lab", "--config", h.config)
	}
	return components.Run(h.t, components.Command{Path: h.bin, Args: args, Env: h.env})
}

// apply approves a partner and waits until the running hub knows it.
func (h *hub) apply(name, document string) {
	h.t.Helper()
	h.write(name+".yaml", document)
	before := h.metric("lanyard_registry_revision")
	h.run("partner", "apply", "-f", h.path(name+".yaml"))
	for deadline := time.Now().Add(10 * time.Second); h.metric("lanyard_registry_revision") == before; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatal("the running hub did not notice the partner")
		}
	}
}

func (h *hub) metric(name string) string {
	h.t.Helper()
	_, body := components.Get(h.t, http.DefaultClient, "http://"+h.metrics+"/metrics")
	for line := range strings.SplitSeq(body, "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	return ""
}

// audit lists the kinds and reasons of recent events, as "kind reason".
func (h *hub) audit(args ...string) string {
	h.t.Helper()
	return h.run(append([]string{"audit", "query", "--limit", "1000"}, args...)...)
}

// noPersonalData fails if the hub's own log, at its most talkative, holds any of the texts. The organisation's
// name is cut out first.
func (h *hub) noPersonalData(texts ...string) {
	h.t.Helper()
	log := strings.ReplaceAll(h.proc.Output(), "Example Hospital NHS Trust", "")
	if !strings.Contains(log, "listening") {
		h.t.Fatal("there is no log to look at")
	}
	for _, text := range texts {
		if strings.Contains(log, text) {
			h.t.Errorf("the log contains %q", text)
		}
	}
}
