package ticket

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

// signer is a card in memory.
type signer struct {
	leaf *components.Leaf
	err  error
	hold chan struct{} // closed when it may sign; nil: at once
}

func (s *signer) Sign(_ context.Context, _ string, message []byte) (card.Certificate, []byte, error) {
	if s.hold != nil {
		<-s.hold
	}
	if s.err != nil {
		return card.Certificate{}, nil, s.err
	}
	digest := sha256.Sum256(message)
	signature, err := s.leaf.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	return card.Certificate{Certificate: s.leaf.Certificate}, signature, err
}

// gate is the other end, as the field's answers are.
type gate struct {
	*httptest.Server
	mu        sync.Mutex
	calls     []string
	roles     int
	challenge string
	answer    map[string]string // instead of its own, by path
	status    map[string]int
	tickets   int
	selected  string
	logout    object
	response  []byte // the CMS
}

const fieldTicket = "AQIC5wM2LY4Sfc+/=@AAJTSQACMDE=#"

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{challenge: base64.StdEncoding.EncodeToString([]byte("a challenge of some length")), answer: map[string]string{}, status: map[string]int{}}
	g.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		g.calls = append(g.calls, r.URL.Path)
		if r.Header.Get("User-Agent") != "Mozilla/4.0(compatible;IE;GACv10. 0. 0. 1)" {
			t.Errorf("User-Agent %q", r.Header.Get("User-Agent"))
		}
		if s := g.status[r.URL.Path]; s != 0 {
			w.WriteHeader(s)
			_, _ = io.WriteString(w, g.answer[r.URL.Path])
			return
		}
		if a, ok := g.answer[r.URL.Path]; ok {
			_, _ = io.WriteString(w, a)
			return
		}
		_, _ = io.WriteString(w, g.serve(t, r, body))
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) serve(t *testing.T, r *http.Request, body []byte) string {
	switch r.URL.Path {
	case pathActivate:
		o := g.read(t, body, "ACTIVATION")
		return fmt.Sprintf("<?xml version=\"1.0\"?>\n<!DOCTYPE USER SYSTEM \"https://x.example/gpOBJECT.DTD\">\n<gpOBJECT>\n<gpPARAM name=\"service\">%s</gpPARAM>\n<gpPARAM name=\"challenge\">%s</gpPARAM>\n<gpPARAM name=\"signature\">c2ln</gpPARAM>\n</gpOBJECT>", o.text("service"), g.challenge)
	case pathValidate:
		o := g.read(t, body, "AUTHENTICATION")
		if o.text("challenge") != g.challenge || o.text("signature") != "c2ln" || o.text("card_type") != "p11" || o.text("mobility") != "0" || o.text("uid") != "999000000001" {
			t.Errorf("validate: %v", o)
		}
		g.response = readResponse(t, o)
		g.tickets++
		return g.validated()
	case pathRole:
		g.selected = r.URL.Query().Get("selectedRoleUid")
		if q := r.URL.Query(); q.Get("token") != g.ticket() || q.Get("ssbMode") != "0" || q.Get("fallbackStatus") != "0" || q.Get("gacVersion") != "GACv10. 0. 0. 1" {
			t.Errorf("role: %v", q)
		}
	case pathUpdate:
		if r.URL.Query().Get("token") != g.ticket() {
			t.Errorf("update: %v", r.URL)
		}
	case pathLogout:
		g.logout = g.read(t, body, "LOGOUT")
	}
	return "\n" + okDocument + "\n"
}

func (g *gate) ticket() string { return fieldTicket + fmt.Sprint(g.tickets) }

func (g *gate) validated() string {
	var b strings.Builder
	b.WriteString("<gpOBJECT>")
	for i := range g.roles {
		fmt.Fprintf(&b, `<gpPARAM name="nhsjobrole%d" id="%d0000" orgcode="RX1">NORTH TRUST, "Clinical":"Nurse &amp; Midwife":"Nurse Access Role"</gpPARAM>`, i, i+1)
	}
	fmt.Fprintf(&b, `<gpPARAM name="sso_ticket">%s</gpPARAM><gpPARAM name="sso_session_url">%s%s</gpPARAM><gpPARAM name="sso_session_time">20</gpPARAM><gpPARAM name="sso_logout_url">https://evil.example/login/authlogout</gpPARAM></gpOBJECT>`,
		g.ticket(), g.URL, pathUpdate)
	return b.String()
}

func (g *gate) read(t *testing.T, body []byte, service string) object {
	t.Helper()
	if !bytes.Contains(body, []byte("\n<!DOCTYPE USER SYSTEM \"gpOBJECT.DTD\">\n")) {
		t.Errorf("no DOCTYPE: %s", body)
	}
	o, err := readObject(body)
	if err != nil || o.text("service") != service || o.text("auth_method") != "3" || o.text("app_url") != "NHST" || len(o.text("log_session_id")) != 8 || o.text("device_id") != "0a1b2c3d,ClientIP=192.0.2.7" {
		t.Errorf("%v: %s", err, body)
	}
	return o
}

func readResponse(t *testing.T, o object) []byte {
	t.Helper()
	i := slices.IndexFunc(o, func(p param) bool { return p.name == "response" })
	if o[i].attributes["encoding"] != "base64" {
		t.Error("the response has no encoding")
	}
	mail, err := base64.StdEncoding.DecodeString(o[i].text)
	head, body, ok := strings.Cut(string(mail), "\n\n")
	cms, wrong := base64.StdEncoding.DecodeString(body)
	if err != nil || wrong != nil || !ok || !strings.HasPrefix(head, "MIME-Version: 1.0\n") {
		t.Errorf("response: %v, %v, %q", err, wrong, head)
	}
	return cms
}

func desk(t *testing.T) (*gate, *Tickets, *signer) {
	t.Helper()
	g := newGate(t)
	s := &signer{leaf: components.NewCA(t, "Cards").Card(t, "999000000001")}
	return g, &Tickets{Broker: &Broker{URL: g.URL, Client: g.Client(), Signer: s, Device: "0a1b2c3d,ClientIP=192.0.2.7", Now: time.Now}}, s
}

func TestDialogue(t *testing.T) {
	g, tickets, s := desk(t)
	g.roles = 1
	if _, err := tickets.GetNoAuth(); CodeOf(err) != NotAvailable {
		t.Errorf("%v before anybody signed in", err)
	}
	first, err := tickets.Get(t.Context(), "")
	if err != nil || first != fieldTicket+"1" || g.selected != "10000" {
		t.Fatalf("%q, %v, role %q", first, err, g.selected)
	}
	var cms contentInfo
	if rest, err := asn1.Unmarshal(g.response, &cms); err != nil || len(rest) != 0 || string(cms.Content.Content.Content) != "a challenge of some length" {
		t.Errorf("CMS: %v, %+v", err, cms)
	}
	again, err := tickets.Get(t.Context(), "")
	had, wrong := tickets.GetNoAuth()
	if again != first || had != first || err != nil || wrong != nil || g.tickets != 1 {
		t.Errorf("%q, %q, %v, %v", again, had, err, wrong)
	}
	fresh, err := tickets.GetNew(t.Context(), "")
	if err != nil || fresh == first || g.logout.text("sso_ticket") != first {
		t.Errorf("%q, %v, logged out %q", fresh, err, g.logout.text("sso_ticket"))
	}
	tickets.Forget([]byte("another card"))
	if err := tickets.Leave(t.Context()); err != nil {
		t.Error(err)
	}
	if had, err := tickets.GetNoAuth(); had != fresh || err != nil {
		t.Errorf("%q, %v after another card was pulled", had, err)
	}
	tickets.Forget(s.leaf.Certificate.Raw)
	if _, err := tickets.GetNoAuth(); CodeOf(err) != NotAvailable {
		t.Errorf("%v before the broker heard that the card was pulled", err)
	}
	if err := tickets.Leave(t.Context()); err != nil || g.logout.text("sso_ticket") != fresh {
		t.Errorf("%v, logged out %q", err, g.logout.text("sso_ticket"))
	}
	if _, err := tickets.GetNoAuth(); CodeOf(err) != NotAvailable {
		t.Errorf("%v after the card was pulled", err)
	}
	if err := tickets.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRoleChoice(t *testing.T) {
	cases := []struct {
		name    string
		roles   int
		wanted  string
		chooser Chooser
		want    string
		err     error
	}{
		{"none", 0, "", Chooser{}, "", nil},
		{"one, silently", 1, "", Chooser{}, "10000", nil},
		{"two, nobody chose", 2, "", Chooser{}, "", errRole},
		{"two, named", 2, "20000", Chooser{Prefer: []string{"10000"}}, "20000", nil},
		{"two, preferred", 2, "", Chooser{Prefer: []string{"90000", "20000"}}, "20000", nil},
		{"two, asked", 2, "", Chooser{Command: []string{"sh", "-c", `tail -n 1 | cut -f 1`}}, "20000", nil},
		{"two, the list was closed", 2, "", Chooser{Command: []string{"false"}}, "", errRole},
		{"two, a role that is not offered", 2, "", Chooser{Command: []string{"echo", "90000"}}, "", errRole},
		{"named, not offered", 1, "90000", Chooser{}, "", errRole},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, tickets, _ := desk(t)
			g.roles, tickets.Broker.Chooser = c.roles, c.chooser
			_, err := tickets.Get(t.Context(), c.wanted)
			if !errors.Is(err, c.err) || g.selected != c.want {
				t.Errorf("%v, role %q", err, g.selected)
			}
			if c.err != nil && (CodeOf(err) != NotPossible || g.logout.text("sso_ticket") == "") {
				t.Errorf("%v; a session that nobody gets has to be ended", err)
			}
		})
	}
	roles := (object{{name: "nhsjobrole0", text: "\nNORTH\t", attributes: map[string]string{"id": "1", "orgcode": "RX1"}}, {name: "nhsjobrole2"}}).roles()
	if len(roles) != 1 || roles[0] != (Role{"1", "RX1", "NORTH"}) {
		t.Errorf("%+v", roles)
	}
}

func TestDialogueFails(t *testing.T) {
	const empty = "<gpOBJECT></gpOBJECT>"
	cases := []struct {
		name string
		with func(*gate, *Tickets, *signer)
		want Code
	}{
		{"no server configured", func(_ *gate, k *Tickets, _ *signer) { k.Broker.URL = "" }, NoServerFound},
		{"no server", func(g *gate, _ *Tickets, _ *signer) { g.Close() }, ServerUnavailable},
		{"server down", func(g *gate, _ *Tickets, _ *signer) { g.status[pathActivate] = 503 }, ServerUnavailable},
		{"no challenge", func(g *gate, _ *Tickets, _ *signer) { g.answer[pathActivate] = empty }, DataSyntax},
		{"a short challenge", func(g *gate, _ *Tickets, _ *signer) { g.challenge = "QUJD" }, DataSyntax},
		{"a challenge that is not base64", func(g *gate, _ *Tickets, _ *signer) { g.challenge = "%%%%%%%%%%%%" }, DataSyntax},
		{"HTML", func(g *gate, _ *Tickets, _ *signer) { g.answer[pathActivate] = "<HTML><BODY>proxy</BODY></HTML>" }, DataSyntax},
		{"no PIN", func(_ *gate, _ *Tickets, s *signer) { s.err = card.ErrCancelled }, UserAbort},
		{"PIN locked", func(_ *gate, _ *Tickets, s *signer) { s.err = card.ErrPINLocked }, PINBlocked},
		{"card refused", func(g *gate, _ *Tickets, _ *signer) { g.status[pathValidate] = 403 }, UserNotValid},
		{"card refused, and why", func(g *gate, _ *Tickets, _ *signer) {
			g.status[pathValidate], g.answer[pathValidate] = 403, `<gpOBJECT><gpPARAM name="error_code">0x80200003</gpPARAM></gpOBJECT>`
		}, CardNotValid},
		{"refused with a code that is none", func(g *gate, _ *Tickets, _ *signer) {
			g.status[pathValidate], g.answer[pathValidate] = 403, `<gpOBJECT><gpPARAM name="error_code">0x1</gpPARAM></gpOBJECT>`
		}, UserNotValid},
		{"no ticket", func(g *gate, _ *Tickets, _ *signer) { g.answer[pathValidate] = empty }, UserNotValid},
		{"a ticket too long", func(g *gate, _ *Tickets, _ *signer) {
			g.answer[pathValidate] = `<gpOBJECT><gpPARAM name="sso_ticket">` + strings.Repeat("x", 256) + `</gpPARAM></gpOBJECT>`
		}, UserNotValid},
		{"a ticket with a line end", func(g *gate, _ *Tickets, _ *signer) {
			g.answer[pathValidate] = `<gpOBJECT><gpPARAM name="sso_ticket">a&#10;b</gpPARAM></gpOBJECT>`
		}, UserNotValid},
		{"role refused", func(g *gate, _ *Tickets, _ *signer) { g.roles, g.answer[pathRole] = 1, "<HTML>no</HTML>" }, DataSyntax},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, tickets, s := desk(t)
			c.with(g, tickets, s)
			text, err := tickets.Get(t.Context(), "")
			if CodeOf(err) != c.want || text != "" {
				t.Errorf("%q, %v, want %s", text, err, c.want.Name())
			}
			if err != nil && strings.Contains(err.Error(), fieldTicket) {
				t.Error("the ticket is in the error")
			}
			if _, err := tickets.GetNoAuth(); CodeOf(err) != NotAvailable {
				t.Errorf("%v: a ticket of a failed sign-in", err)
			}
		})
	}
}

func TestOneSignInAtATime(t *testing.T) {
	_, tickets, s := desk(t)
	s.hold = make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := tickets.Get(context.Background(), "")
		done <- err
	}()
	for tickets.opening.TryLock() {
		tickets.opening.Unlock()
		time.Sleep(time.Millisecond)
	}
	if _, err := tickets.GetNew(t.Context(), ""); CodeOf(err) != ServerBusy {
		t.Errorf("%v", err)
	}
	close(s.hold)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestKeepAlive(t *testing.T) {
	g, tickets, _ := desk(t)
	now := time.Now()
	tickets.Broker.Now = func() time.Time { return now }
	if _, err := tickets.Get(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	count := func() int {
		n := 0
		for _, c := range g.calls {
			if c == pathUpdate {
				n++
			}
		}
		return n
	}
	tickets.beatOnce(t.Context())
	if count() != 0 {
		t.Error("a sign of life too early")
	}
	now = now.Add(often)
	tickets.beatOnce(t.Context())
	tickets.beatOnce(t.Context())
	if count() != 1 {
		t.Errorf("%d signs of life", count())
	}
	now = now.Add(6 * time.Minute)
	g.status[pathUpdate] = 503
	tickets.beatOnce(t.Context())
	if _, err := tickets.GetNoAuth(); err != nil {
		t.Errorf("%v: a broker that is down for a moment ends nothing", err)
	}
	g.status[pathUpdate] = 403
	tickets.beatOnce(t.Context())
	if _, err := tickets.GetNoAuth(); CodeOf(err) != NotAvailable {
		t.Errorf("%v: the broker does not know the ticket", err)
	}
}

// TestSecurityCardLeavesDuringSignIn: a card that is gone when its ticket comes leaves none behind.
func TestSecurityCardLeavesDuringSignIn(t *testing.T) {
	g, tickets, s := desk(t)
	in := false
	tickets.Inserted = func(certificate []byte) bool { return in && bytes.Equal(certificate, s.leaf.Certificate.Raw) }
	if ticket, err := tickets.Get(t.Context(), ""); ticket != "" || CodeOf(err) != CardTransaction || g.logout == nil {
		t.Errorf("%q, %v, logout %v", ticket, err, g.logout)
	}
	if _, err := tickets.GetNoAuth(); CodeOf(err) != NotAvailable {
		t.Errorf("%v: the card is gone", err)
	}
	in = true
	if _, err := tickets.Get(t.Context(), ""); err != nil {
		t.Error(err)
	}
}
