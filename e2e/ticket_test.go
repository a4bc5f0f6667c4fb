package e2e

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// legacy is an old system: a page that takes the ticket from the browser, and a server that reads the role
// assertion over plain HTTP calls, by literal prefixes, as the field's parsers do.
type legacy struct {
	hub    *hub
	tokens chan string
	url    string
}

func (h *hub) pathology() *legacy {
	h.t.Helper()
	l := &legacy{hub: h, tokens: make(chan string, 10)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.tokens <- r.PostFormValue("token")
		fmt.Fprintln(w, "Pathology: ticket received")
	}))
	h.t.Cleanup(server.Close)
	l.url = strings.Replace(server.URL, "127.0.0.1", "pathology.localhost", 1)
	h.apply("pathology", fmt.Sprintf(`partner: pathology
name: Pathology
protocol: ticket
stage: live
require: { role: true }
release: [{ set: ssb }]
ticket: { return_urls: [%q], networks: [127.0.0.0/8], rechecks: true }
`, l.url))
	return l
}

func (l *legacy) last(t *testing.T) string {
	t.Helper()
	select {
	case token := <-l.tokens:
		return token
	default:
		t.Fatal("the legacy system received no ticket")
		return ""
	}
}

// assertion is what the old parser understands.
type assertion struct {
	status   int
	cn, uid  string
	role     string
	jobRoles map[string]string // role profile id -> job role code
	body     string
}

var attributePattern = regexp.MustCompile(`(?s)<saml:Attribute AttributeName="(\w+)" AttributeNamespace="http://www.syntegra.com">\s*<saml:AttributeValue>(.*?)</saml:AttributeValue>`)

func (l *legacy) read(t *testing.T, token string) assertion {
	t.Helper()
	resp, body := components.Get(t, components.Client(t, l.hub.ca), l.hub.issuer+"/saml/RoleAssertion?token="+url.QueryEscape(token))
	a := assertion{status: resp.StatusCode, jobRoles: map[string]string{}, body: body}
	if !strings.Contains(body, `<samlp:StatusCode Value="samlp:Success"/>`) {
		return a
	}
	var block string
	for _, m := range attributePattern.FindAllStringSubmatch(body, -1) {
		value := html.UnescapeString(m[2])
		switch m[1] {
		case "cn":
			a.cn = value
		case "uid":
			a.uid = value
		case "ssbSessionRoleUid":
			a.role = value
		case "uniqueIdentifier":
			block = value
		case "nhsJobRoleCode":
			a.jobRoles[block] = value
		}
	}
	return a
}

func TestLegacyTicket(t *testing.T) {
	h := startHub(t, "")
	l := h.pathology()
	s := h.newSurfer(doctor)
	s.open(h.issuer + "/ticket/start?partner=pathology&state=from-1998")
	s.signInByCard(doctorRole2)
	s.autopost()
	s.see("ticket received")
	token := l.last(t)
	if len(token) >= 256 {
		t.Errorf("ticket of %d bytes", len(token))
	}
	a := l.read(t, token)
	if a.uid != doctor || a.cn != "Dr Asha Example" || a.role != doctorRole2 || len(a.jobRoles) != 1 || a.jobRoles[doctorRole2] != "S8000:G8000:R8001" {
		t.Errorf("assertion %+v", a)
	}
	if again := l.read(t, token); again.uid != doctor {
		t.Error("a second reading within its life failed")
	}
	if forged := l.read(t, token[:20]+"xx"+token[22:]); forged.status != http.StatusForbidden || forged.uid != "" {
		t.Errorf("forged ticket: %+v", forged)
	}
}

func TestCardPages(t *testing.T) {
	h := startHub(t, "")
	unknown := h.cardCA.Card(t, "555021935199")
	h.cards["555021935199"] = unknown
	stranger := components.NewCA(t, "Another CA").Card(t, doctor)
	h.cards["stranger"] = stranger
	for card, want := range map[string]struct{ text, reason string }{
		"":             {"card", "card_missing"},
		revoked:        {"revoked", "card_revoked"},
		"555021935199": {"not registered", "card_unknown"},
		"stranger":     {"card", "card_untrusted"},
	} {
		t.Run("card "+card, func(t *testing.T) {
			h.t = t
			s := h.newSurfer(card)
			s.open(h.issuer + "/signin")
			s.submit("smartcard")
			if s.status != http.StatusUnauthorized || !strings.Contains(s.url.Host, ".card.hub.localhost") {
				s.fail("want a page of the card host that says why")
			}
			if !strings.Contains(strings.ToLower(s.body), want.text) {
				s.fail("the page does not say %q", want.text)
			}
			if !strings.Contains(h.audit("--kind", "sign_in_refused"), `"reason":"`+want.reason+`"`) {
				t.Errorf("no audit event with reason %s:\n%s", want.reason, h.audit("--kind", "sign_in_refused"))
			}
			first := s.url.Host
			s.follow("Try again")
			s.submit("smartcard")
			if s.url.Host == first {
				t.Error("the second attempt used the same host name")
			}
		})
	}
}

func TestNoRole(t *testing.T) {
	h := startHub(t, "")
	h.pathology()
	s := h.newSurfer(porter)
	s.open(h.issuer + "/ticket/start?partner=pathology")
	s.signInByCard("")
	s.see("RA team, ext 4455")
	if strings.Contains(s.body, `name="token"`) {
		s.fail("a ticket was issued without a role")
	}
}

func TestTraceTellsTheStory(t *testing.T) {
	h := startHub(t, "")
	h.pathology()
	s := h.newSurfer(porter)
	s.open(h.issuer + "/ticket/start?partner=pathology")
	s.signInByCard("")
	m := regexp.MustCompile(`class="ref">([0-9A-Z]{4}-[0-9A-Z]{4})<`).FindStringSubmatch(s.body)
	if m == nil {
		s.fail("no reference on the page")
	}
	h.proc.Signal(15) // the recorder saves on the way out
	h.proc.Exit(10e9)
	story := h.run("trace", "show", strings.ToLower(strings.ReplaceAll(m[1], "-", "")))
	for _, want := range []string{m[1], "request", "authenticated", "no_role", "pathology"} {
		if !strings.Contains(story, want) {
			t.Errorf("the story does not mention %q:\n%s", want, story)
		}
	}
	for _, secret := range []string{"Cas Example", "lanyard-session"} {
		if strings.Contains(story, secret) {
			t.Errorf("the story contains %q", secret)
		}
	}
}

// TestTicketByCertificate binds a legacy system to its client certificate on the mutual-TLS listener.
func TestTicketByCertificate(t *testing.T) {
	h := startHub(t, "")
	systems := components.NewCA(t, "Systems CA")
	address := fmt.Sprintf("127.0.0.1:%d", components.FreePort(t))
	h.proc.Close()
	data, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	h.write("lanyard.yaml", strings.Replace(string(data), "listeners:\n", fmt.Sprintf("listeners:\n  ticket: { address: %q, client_ca: %s }\n", address, systems.File), 1))
	h.serve()
	l := h.pathology()
	mine, other := systems.Card(t, "pathology"), systems.Card(t, "stores")
	h.copy(mine.CertFile, "system.pem")
	h.apply("pathology", fmt.Sprintf(`partner: pathology
name: Pathology
protocol: ticket
stage: live
require: { role: true }
release: [{ set: ssb }]
ticket: { return_urls: [%q], certificate_file: system.pem }
`, l.url))
	s := h.newSurfer(nurse)
	s.open(h.issuer + "/ticket/start?partner=pathology")
	s.signInByCard("")
	s.autopost()
	token := l.last(t)
	if a := l.read(t, token); a.status != http.StatusForbidden {
		t.Errorf("read without a certificate: %+v", a)
	}
	_, port, _ := strings.Cut(address, ":")
	at := "https://hub.localhost:" + port + "/saml/RoleAssertion?token=" + url.QueryEscape(token)
	if resp, body := components.Get(t, components.Client(t, h.ca, mine.TLS()), at); resp.StatusCode != http.StatusOK || !strings.Contains(body, nurse) {
		t.Errorf("with its certificate: %d %s", resp.StatusCode, body)
	}
	if resp, body := components.Get(t, components.Client(t, h.ca, other.TLS()), at); resp.StatusCode != http.StatusForbidden || strings.Contains(body, nurse) {
		t.Errorf("with another system's certificate: %d %s", resp.StatusCode, body)
	}
	if resp, err := components.Client(t, h.ca).Get(at); err == nil {
		t.Errorf("without a certificate the handshake succeeded: %d", resp.StatusCode)
	}
}
