package ticket

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"

	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// fakeCards is a card reader of tests: a message is one byte of DER, then whose card, then the challenge that it signed.
type fakeCards struct{ bridge.Cards }

func (fakeCards) AcceptCMS(_ context.Context, signed, content []byte, now time.Time) (bridge.Proof, error) {
	uid, challenge, ok := bytes.Cut(signed[1:], []byte("|"))
	if !ok || !bytes.Equal(challenge, content) {
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialUntrusted, "The challenge was not signed by this card.").WithCode("card_signature")
	}
	if string(uid) == "revoked" {
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialRevoked, "This card was revoked.").WithCode("card_revoked")
	}
	return bridge.Proof{UID: string(uid), Method: bridge.MethodSmartcard, Assurance: 3, AuthenticatorID: "card", At: now, Evidence: map[string]string{"revocation": "good"}}, nil
}

var _ bridge.Cards = fakeCards{}

func (fakeCards) Accept(context.Context, []*x509.Certificate, time.Time) (bridge.Proof, error) {
	return bridge.Proof{}, bridge.ErrUnavailable
}

// steady is randomness that is the same in every run.
type steady struct{ n uint64 }

func (s *steady) Read(b []byte) (int, error) {
	for i := range b {
		s.n++
		b[i] = byte(s.n * 0x9E3779B97F4A7C15 >> 56)
	}
	return len(b), nil
}

// fieldAgent is an agent of the field: it writes the documents by hand and reads the answers by the expressions that agents are
// known to use, never by the code of this room.
type fieldAgent struct {
	w                  *world
	host, peer         string
	logSession, device string
	uid                string // of the card
	userAgent          string
	challenge          string
	signature          string
	ticket, logout     string
	roles              []fieldRole
	last               *httptest.ResponseRecorder
	transcript         bytes.Buffer
	header             http.Header
	wrap               func(card []byte) string
	more               string // parameters of the activation
}

type fieldRole struct{ id, org, text string }

func (w *world) agent() *fieldAgent {
	return &fieldAgent{
		w: w, host: "hub.example", peer: "10.0.8.17", logSession: "Zt+J9/7TQ", device: "b02edd24,ClientIP=10.0.8.17", uid: "555021935107",
		userAgent: "Mozilla/4.0(compatible;IE;GACv10. 0. 0. 1)", header: http.Header{}, wrap: smime,
	}
}

// smime is the wrapping of the field: header with indented lines, base64, all of it in base64 again.
func smime(card []byte) string {
	head := "MIME-Version: 1.0\n        Content-Disposition: attachment; filename=\"smime.p7m\"\n        Content-Type: application/x-pkcs7-mime; name=\"smime.p7m\"\n" +
		"        Content-Transfer-Encoding: base64\n        \n        "
	return base64.StdEncoding.EncodeToString([]byte(head + base64.StdEncoding.EncodeToString(card)))
}

func (a *fieldAgent) document(service, more string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE USER SYSTEM "gpOBJECT.DTD">
        <gpOBJECT>
        <gpPARAM name="auth_method">3</gpPARAM>
        <gpPARAM name="app_url">NHST</gpPARAM>
        <gpPARAM name="log_session_id">` + a.logSession + `</gpPARAM>
        <gpPARAM name="device_id">` + a.device + `</gpPARAM>
        <gpPARAM name="service">` + service + `</gpPARAM>
` + more + `        </gpOBJECT>`
}

func param(name, value string) string {
	return `        <gpPARAM name="` + name + `">` + value + "</gpPARAM>\n"
}

// send posts a document, or gets where there is none, as an agent does: with whatever content type its library sets.
func (a *fieldAgent) send(method, target, body string) *httptest.ResponseRecorder {
	a.w.t.Helper()
	r := httptest.NewRequestWithContext(a.w.t.Context(), method, target, strings.NewReader(body))
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 5), Port: 443}))
	r.Host, r.RemoteAddr = a.host, a.peer+":4000"
	r.Header.Set("User-Agent", a.userAgent)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, values := range a.header {
		r.Header[name] = values
	}
	rec := httptest.NewRecorder()
	a.w.handler.ServeHTTP(rec, r)
	a.last = rec
	fmt.Fprintf(&a.transcript, ">>> %s %s\n%s\n<<< %d %s\n%s\n\n", method, target, body, rec.Code, rec.Header().Get("Content-Type"), rec.Body)
	return rec
}

// found reads a parameter of the last answer; empty if it is not there.
func (a *fieldAgent) found(name string) string {
	m := regexp.MustCompile(`<gpPARAM name="` + name + `">([^<]+)</gpPARAM>`).FindStringSubmatch(a.last.Body.String())
	if m == nil {
		return ""
	}
	return m[1]
}

func (a *fieldAgent) activate() int {
	a.w.t.Helper()
	code := a.send(http.MethodPost, "/login/authactivate", a.document("ACTIVATION", a.more)).Code
	a.challenge, a.signature = a.found("challenge"), a.found("signature")
	return code
}

// answer is what the card makes of the challenge.
func (a *fieldAgent) answer() string {
	text, err := base64.StdEncoding.DecodeString(a.challenge)
	a.w.must(err)
	return a.wrap(append([]byte("0"+a.uid+"|"), text...))
}

// validation is the document of the second call.
func (a *fieldAgent) validation() string {
	return a.document("AUTHENTICATION", param("challenge", a.challenge)+param("signature", a.signature)+param("uid", a.uid)+param("card_type", "p11")+
		`        <gpPARAM name="response" encoding="base64">`+a.answer()+"</gpPARAM>\n"+param("mobility", "0"))
}

var roleParam = regexp.MustCompile(`<gpPARAM name="nhsjobrole\d+" id="([^"]+)" orgcode="([^"]+)">([^<]+)</gpPARAM>`)

func (a *fieldAgent) validate(document string) int {
	a.w.t.Helper()
	code := a.send(http.MethodPost, "/login/authvalidate", document).Code
	a.ticket, a.logout = a.found("sso_ticket"), a.found("sso_logout_url")
	a.roles = nil
	for line := range strings.Lines(a.last.Body.String()) {
		if m := roleParam.FindStringSubmatch(line); m != nil {
			a.roles = append(a.roles, fieldRole{m[1], m[2], m[3]})
		}
	}
	return code
}

// signIn goes all the way to a ticket and, if role is not empty, to a role.
func (a *fieldAgent) signIn(role string) {
	a.w.t.Helper()
	if code := a.activate(); code != http.StatusOK {
		a.w.t.Fatalf("activate: %d %s", code, a.last.Body)
	}
	if code := a.validate(a.validation()); code != http.StatusOK || a.ticket == "" {
		a.w.t.Fatalf("validate: %d %s", code, a.last.Body)
	}
	if role != "" {
		if rec := a.selectRole(role); !strings.Contains(rec.Body.String(), "OK") {
			a.w.t.Fatalf("role: %d %s", rec.Code, rec.Body)
		}
	}
}

func (a *fieldAgent) selectRole(role string) *httptest.ResponseRecorder {
	a.w.t.Helper()
	return a.send(http.MethodGet, "/saml/RoleSelectionGP.jsp?token="+url.QueryEscape(a.ticket)+"&selectedRoleUid="+role+"&ssbMode=0&fallbackStatus=0&gacVersion="+url.QueryEscape("GACv10. 0. 0. 1"), "")
}

func (a *fieldAgent) signOut(more string) *httptest.ResponseRecorder {
	a.w.t.Helper()
	u, err := url.Parse(a.logout)
	a.w.must(err)
	return a.send(http.MethodPost, u.Path, a.document("LOGOUT", param("sso_ticket", a.ticket)+more))
}

// golden compares with a file of testdata/golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/golden/" + name
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("differs from %s (-update rewrites it), %v:\n%s", file, err, got)
	}
}

// oneRole leaves the person one role.
func (w *world) oneRole() {
	w.t.Helper()
	w.must(w.store.SavePersons(w.t.Context(), people.Person{UID: "555021935107", Status: people.Active, Name: "Test Doctor", Identity: 3, Roles: []people.RoleProfile{profile("555000000101", "R8000", "RX1")}}))
}
