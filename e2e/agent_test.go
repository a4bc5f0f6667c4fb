package e2e

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestSpineApplication does what docs/how-to/bring-a-spine-application-over.md says: OpenSSL is the card's software, curl the agent and
// the application, and the hub the program as it is served, at a host of its own for agents.
func TestSpineApplication(t *testing.T) {
	h := startHubWith(t, "", "tickets: { agent: { enabled: true, hosts: [gas.hub.localhost] } }\n")
	h.apply("pathology", `partner: pathology
protocol: ticket
stage: live
require: { assurance: AAL3, role: true }
release: [{ set: ssb-all-roles }]
ticket: { networks: [127.0.0.0/8, "::1/128"], rechecks: true }
`)
	page, err := os.ReadFile(filepath.Join("..", "docs", "how-to", "bring-a-spine-application-over.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, m := range shellBlock.FindAllStringSubmatch(string(page), -1) {
		script.WriteString(m[1])
	}
	dir := t.TempDir()
	work := func(uid string) (string, int) {
		t.Helper()
		card := h.cards[uid]
		at := strings.Replace(h.issuer, "hub.localhost", "gas.hub.localhost", 1)
		text := strings.Replace(script.String(), "HUB=https://gas.trust.example CARD=card.pem KEY=card.key", "HUB="+at+" CARD="+card.CertFile+" KEY="+card.KeyFile, 1)
		text = "curl() { command curl --cacert " + h.ca.File + " \"$@\"; }\nset -e\n" + text
		if !strings.Contains(text, at) {
			t.Fatal("the how-to names its addresses otherwise")
		}
		out, errs, code := components.Run(t, components.Command{Path: "/bin/sh", Args: []string{"-c", text}, Dir: dir})
		if errs != "" {
			t.Logf("%s", errs)
		}
		return out, code
	}
	read := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	out, code := work(doctor)
	if code != 0 || strings.Count(out, "<HTML><STATUS>OK</STATUS></HTML>") != 2 || !strings.Contains(out, "boolean=true") {
		t.Fatalf("exit %d: %s\n%s", code, out, read("session.xml"))
	}
	doc := read("assertion.xml")
	for _, part := range []string{`Value="samlp:Success"`, "uid=" + doctor + ",ou=People,o=nhs", ">" + doctorRole1 + "<", ">" + doctorRole2 + "<"} {
		if !strings.Contains(doc, part) {
			t.Errorf("no %s in\n%s", part, doc)
		}
	}
	ticket := regexp.MustCompile(`"sso_ticket">([^<]+)<`).FindStringSubmatch(read("session.xml"))[1]
	if out, _, code := h.try("ticket", "inspect", ticket); code != 4 {
		t.Errorf("the ticket outlives the sign-out: exit %d %s", code, out)
	}
	for _, kind := range []string{"signed_in", "role_chosen", "ticket_read", "session_ended", "partner_told"} {
		if !strings.Contains(h.audit("--kind", kind), kind) {
			t.Errorf("no %s on record", kind)
		}
	}
	if out, _ := work(revoked); !strings.Contains(read("session.xml"), "0x80200003") || strings.Contains(out, "boolean=true") {
		t.Errorf("a revoked card: %s\n%s", out, read("session.xml"))
	}
	if refused := h.audit("--kind", "sign_in_refused"); !strings.Contains(refused, "card_revoked") {
		t.Errorf("on record: %s", refused)
	}
	h.noPersonalData(doctor, "Asha Example", ticket)
}

// TestAgentsAreElsewhere: with a host of their own, agents are not answered at the issuer's, and pages are not shown at theirs.
func TestAgentsAreElsewhere(t *testing.T) {
	h := startHubWith(t, "", "tickets: { agent: { enabled: true, hosts: [gas.hub.localhost] } }\n")
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: h.ca.Pool()},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}}
	gas := strings.Replace(h.issuer, "hub.localhost", "gas.hub.localhost", 1)
	for target, want := range map[string]int{h.issuer + "/login/dtd": 404, gas + "/login/dtd": 200, gas + "/signin": 404, gas + "/": 404} {
		if resp, body := components.Get(t, client, target); resp.StatusCode != want {
			t.Errorf("%s: %d %.200s", target, resp.StatusCode, body)
		}
	}
}
