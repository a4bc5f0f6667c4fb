package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// spineAgent is an Identity Agent written from what is public of the field's wire, apart from the server and from our own agent. Its
// card is a key in a file and its signatures are those of the openssl command.
type spineAgent struct {
	t       *testing.T
	client  *http.Client
	base    string
	card    *components.Leaf
	log     string // log_session_id
	device  string
	wrapped bool // the answer is an S/MIME message, and not bare DER
	ticket  string
	uid     string
	roles   []spineRole
	params  map[string]string
	logout  string
	update  string
}

// spineSection has the hub answer agents.
const spineSection = "tickets: { agent: { enabled: true } }"

type spineRole struct{ id, org, text string }

// gpObject is read as the field's clients read it: by names, in any order.
type gpObject struct {
	XMLName xml.Name `xml:"gpOBJECT"`
	Params  []struct {
		Name    string `xml:"name,attr"`
		ID      string `xml:"id,attr"`
		OrgCode string `xml:"orgcode,attr"`
		Text    string `xml:",chardata"`
	} `xml:"gpPARAM"`
}

func (h *hub) spineAgent(uid string) *spineAgent {
	return &spineAgent{t: h.t, client: components.Client(h.t, h.ca), base: h.issuer, card: h.cards[uid], log: "1A2B3C4D5E", device: "WARD-PC-4,ClientIP=10.4.5.6", uid: uid, wrapped: true}
}

// object writes pairs of name and value as agents do: a literal DOCTYPE, and no declaration.
func object(pairs ...string) string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE USER SYSTEM "gpOBJECT.DTD"><gpOBJECT>`)
	for i := 0; i < len(pairs); i += 2 {
		attr := ""
		if pairs[i] == "response" {
			attr = ` encoding="base64"`
		}
		b.WriteString(`<gpPARAM name="` + pairs[i] + `"` + attr + `>`)
		_ = xml.EscapeText(&b, []byte(pairs[i+1])) // a strings.Builder takes everything
		b.WriteString(`</gpPARAM>`)
	}
	b.WriteString(`</gpOBJECT>`)
	return b.String()
}

func (a *spineAgent) post(to, body string) (int, string) {
	a.t.Helper()
	req, err := http.NewRequest(http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Mozilla/4.0(compatible;IE;GACv10. 0. 0. 1)")
	req.Header.Set("Content-Type", "text/xml")
	req.Header.Set("Analytics", `{"OSVersion":"10.0","Mode":"Normal","TrainingMode":"false","RemoteSession":"false","CardReaders":"1"}`)
	resp, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}

	return resp.StatusCode, string(answer)
}

// read takes an answer in. ok says that it is a gpOBJECT.
func (a *spineAgent) read(body string) bool {
	var o gpObject
	d := xml.NewDecoder(strings.NewReader(body))
	d.Strict = true
	if err := d.Decode(&o); err != nil {
		return false
	}
	a.params, a.roles = map[string]string{}, nil
	for _, p := range o.Params {
		if strings.HasPrefix(p.Name, "nhsjobrole") {
			if p.Name != fmt.Sprint("nhsjobrole", len(a.roles)) {
				a.t.Errorf("job role %q is the %dth", p.Name, len(a.roles))
			}
			a.roles = append(a.roles, spineRole{p.ID, p.OrgCode, strings.TrimSpace(p.Text)})
			continue
		}
		if _, twice := a.params[p.Name]; twice {
			a.t.Errorf("%s is there twice", p.Name)
		}
		a.params[p.Name] = strings.TrimSpace(p.Text)
	}
	return true
}

// activate asks for a challenge.
func (a *spineAgent) activate() {
	a.t.Helper()
	status, body := a.post(a.base+"/login/authactivate", object("auth_method", "3", "app_url", "NHST", "log_session_id", a.log, "device_id", a.device, "service", "ACTIVATION"))
	if status != http.StatusOK || !a.read(body) || a.params["challenge"] == "" || a.params["signature"] == "" || a.params["reply_url"] == "" {
		a.t.Fatalf("activation: %d %s", status, body)
	}
}

// sign has the card sign what was asked for.
func (a *spineAgent) sign(challenge string) string {
	a.t.Helper()
	content, err := base64.StdEncoding.DecodeString(challenge)
	if err != nil {
		a.t.Fatalf("challenge %q: %v", challenge, err)
	}
	dir := a.t.TempDir()
	in, out := filepath.Join(dir, "challenge"), filepath.Join(dir, "signed")
	if err := os.WriteFile(in, content, 0o600); err != nil {
		a.t.Fatal(err)
	}
	form := "DER"
	if a.wrapped {
		form = "SMIME"
	}
	if _, errs, code := components.Run(a.t, components.Command{Path: "/usr/bin/openssl", Args: []string{
		"cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-in", in, "-signer", a.card.CertFile, "-inkey", a.card.KeyFile, "-outform", form, "-out", out,
	}}); code != 0 {
		a.t.Fatalf("openssl: %d %s", code, errs)
	}
	signed, err := os.ReadFile(out)
	if err != nil {
		a.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(bytes.TrimSpace(signed))
}

// validate shows the card.
func (a *spineAgent) validate(challenge, signature, response string) (int, string) {
	a.t.Helper()
	return a.post(a.base+"/login/authvalidate", object("auth_method", "3", "app_url", "NHST", "log_session_id", a.log, "device_id", a.device, "challenge", challenge,
		"signature", signature, "uid", a.uid, "card_type", "p11", "response", response, "mobility", "0", "service", "AUTHENTICATION"))
}

// signIn is steps 1 to 3.
func (a *spineAgent) signIn() {
	a.t.Helper()
	a.activate()
	challenge, signature := a.params["challenge"], a.params["signature"]
	status, body := a.validate(challenge, signature, a.sign(challenge))
	if status != http.StatusOK || !a.read(body) || a.params["sso_ticket"] == "" {
		a.t.Fatalf("validation: %d %s", status, body)
	}
	a.ticket, a.logout, a.update = a.params["sso_ticket"], a.params["sso_logout_url"], a.params["sso_session_url"]
	for _, name := range []string{"log_session_id", "error_url", "server_ip", "cn", "gas_version", "sso_domain", "sso_session_url", "sso_logout_url"} {
		if a.params[name] == "" {
			a.t.Errorf("no %s in %s", name, body)
		}
	}
	for name, want := range map[string]string{"sso_max_session_time": "600", "sso_session_time": "600", "sso_keep_alive": "false", "auth_method": "3", "app_url": "NHST", "log_session_id": a.log} {
		if a.params[name] != want {
			a.t.Errorf("%s is %q, want %q", name, a.params[name], want)
		}
	}
	if len(a.ticket) >= 256 {
		a.t.Errorf("a ticket of %d bytes", len(a.ticket))
	}
}

func (a *spineAgent) get(address string) (int, string) {
	a.t.Helper()
	resp, body := components.Get(a.t, a.client, address)
	return resp.StatusCode, body
}

// choose is step 4.
func (a *spineAgent) choose(role string) (int, string) {
	a.t.Helper()
	return a.get(a.base + "/saml/RoleSelectionGP.jsp?token=" + url.QueryEscape(a.ticket) + "&selectedRoleUid=" + role + "&ssbMode=0&fallbackStatus=0&gacVersion=v10.0.0.1")
}

// leave is step 5.
func (a *spineAgent) leave() (int, string) {
	a.t.Helper()
	return a.post(a.logout, object("service", "LOGOUT", "sso_ticket", a.ticket, "log_session_id", a.log, "device_id", a.device, "uid", a.uid))
}

func isOK(body string) bool {
	return strings.Join(strings.Fields(body), "") == "<HTML><STATUS>OK</STATUS></HTML>"
}

// TestSpineAgent is the field's sign-on from card to role assertion and out again, by an agent and an application that know the public
// wire alone.
func TestSpineAgent(t *testing.T) {
	h := startHubWith(t, "", spineSection)
	l := h.pathology()
	for _, wrapped := range []bool{true, false} {
		t.Run(fmt.Sprintf("S/MIME %t", wrapped), func(t *testing.T) {
			h.t = t
			a := h.spineAgent(doctor)
			a.wrapped = wrapped
			a.signIn()
			if len(a.roles) != 2 || a.roles[0].org != "RX1" || !strings.HasPrefix(a.roles[0].text, `EXAMPLE HOSPITAL, "Clinical":"Clinical Provision":"`) {
				t.Errorf("roles %+v", a.roles)
			}
			if got := l.read(t, a.ticket); got.uid != "" {
				t.Errorf("a role assertion before there is a role: %s", got.body)
			}
			if status, body := a.choose(doctorRole2); status != http.StatusOK || !isOK(body) {
				t.Fatalf("role selection: %d %s", status, body)
			}
			if got := l.read(t, a.ticket); got.uid != doctor || got.role != doctorRole2 || got.cn != "Dr Asha Example" {
				t.Errorf("assertion %+v", got)
			}
			if status, body := a.get(a.update + "?token=" + url.QueryEscape(a.ticket)); status != http.StatusOK || !isOK(body) {
				t.Errorf("session update: %d %s", status, body)
			}
			if status, body := a.leave(); status != http.StatusOK || !isOK(body) {
				t.Fatalf("logout: %d %s", status, body)
			}
			if got := l.read(t, a.ticket); got.uid != "" {
				t.Errorf("the ticket outlived its session: %s", got.body)
			}
		})
	}
}

// TestSpineAgentRefused: what an agent may not do.
func TestSpineAgentRefused(t *testing.T) {
	h := startHubWith(t, "", spineSection)
	h.pathology()
	refused := func(name string, a *spineAgent, status int, body string) {
		t.Helper()
		if status < 400 && a.read(body) && a.params["sso_ticket"] != "" {
			t.Errorf("%s: signed in: %d %s", name, status, body)
		}
	}
	a := h.spineAgent(nurse)
	a.activate()
	challenge, signature := a.params["challenge"], a.params["signature"]
	response := a.sign(challenge)
	b := h.spineAgent(nurse)
	b.log = "FFFFFFFFFF"
	status, body := b.validate(challenge, signature, response)
	refused("another agent session's challenge", b, status, body)
	other := h.spineAgent(nurse)
	other.activate()
	status, body = other.validate(other.params["challenge"], other.params["signature"], response)
	refused("an answer to another challenge", other, status, body)
	status, body = a.validate(challenge, "AAAA"+signature[4:], response)
	refused("a forged server signature", a, status, body)
	for uid, why := range map[string]string{revoked: "a revoked card", doctor: "somebody else's uid"} {
		x := h.spineAgent(uid)
		if uid == doctor {
			x.card = h.cards[nurse]
		}
		x.activate()
		status, body := x.validate(x.params["challenge"], x.params["signature"], x.sign(x.params["challenge"]))
		refused(why, x, status, body)
	}
	once := h.spineAgent(nurse)
	once.activate()
	challenge, signature = once.params["challenge"], once.params["signature"]
	response = once.sign(challenge)
	if status, body := once.validate(challenge, signature, response); status != http.StatusOK || !once.read(body) || once.params["sso_ticket"] == "" {
		t.Fatalf("%d %s", status, body)
	}
	status, body = once.validate(challenge, signature, response)
	refused("an answer given twice", once, status, body)
	for name, entity := range map[string]string{
		"an internal entity": `<!DOCTYPE USER SYSTEM "gpOBJECT.DTD" [<!ENTITY x "y">]><gpOBJECT><gpPARAM name="auth_method">&x;</gpPARAM></gpOBJECT>`,
		"another DTD":        `<!DOCTYPE USER SYSTEM "file:///etc/passwd"><gpOBJECT><gpPARAM name="auth_method">3</gpPARAM></gpOBJECT>`,
	} {
		if status, body := a.post(a.base+"/login/authactivate", entity); status < 400 || strings.Contains(body, "challenge") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}
