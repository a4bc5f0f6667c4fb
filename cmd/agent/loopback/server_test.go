//go:build linux

package loopback_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
	"github.com/lanyard-hub/lanyard/cmd/agent/loopback"
	"github.com/lanyard-hub/lanyard/cmd/agent/ticket"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

const hub = "https://sso.trust.example"

// cards, tickets and speaker are fakes that keep what they were asked.
type cards struct {
	cert card.Certificate
	err  error
	text atomic.Value
}

func (c *cards) List() []card.Reader                { return []card.Reader{{Name: "Reader A", Card: c.err == nil}} }
func (c *cards) Current() (card.Certificate, error) { return c.cert, c.err }
func (c *cards) Sign(_ context.Context, purpose string, message []byte) (card.Certificate, []byte, error) {
	c.text.Store(purpose + "|" + string(message))
	return c.cert, []byte("signature"), c.err
}

type speaker struct{ err error }

func (s *speaker) Workstation() (string, error) { return "ws1", s.err }
func (s *speaker) Presence(nonce, origin string, cert []byte) (string, error) {
	return "presence:" + nonce + ":" + origin + ":" + strconv.Itoa(len(cert)), s.err
}
func (s *speaker) Proof(audience, sid, nonce string) (string, error) {
	return "proof:" + audience + ":" + sid + ":" + nonce, s.err
}

type tickets struct{ err error }

func (t *tickets) Get(_ context.Context, role string) (string, error) { return "got:" + role, t.err }
func (t *tickets) GetNoAuth() (string, error)                         { return "had", t.err }
func (t *tickets) GetNew(_ context.Context, role string) (string, error) {
	return "new:" + role, t.err
}
func (t *tickets) Destroy(context.Context) error { return t.err }

// peers makes every connection one of this user.
type peers struct {
	uid, own atomic.Int64
	err      error
}

func (p *peers) Owner(_, _ *net.TCPAddr) (loopback.User, error) { return user(p.uid.Load()), p.err }
func (p *peers) Listener(int) (loopback.User, error)            { return user(p.uid.Load()), p.err }
func (p *peers) Own() loopback.User                             { return user(p.own.Load()) }

func user(uid int64) loopback.User { return loopback.User(strconv.FormatInt(uid, 10)) }

type desk struct {
	*loopback.Listening
	server  *loopback.Server
	cards   *cards
	speaker *speaker
	tickets *tickets
	peers   *peers
}

func start(t *testing.T, ports ...int) *desk {
	t.Helper()
	leaf := components.NewCA(t, "Cards").Card(t, "999000000001")
	d := &desk{cards: &cards{cert: card.Certificate{Certificate: leaf.Certificate}}, speaker: &speaker{}, tickets: &tickets{}, peers: &peers{}}
	d.server = &loopback.Server{
		Cards: d.cards, Hub: d.speaker, Tickets: d.tickets, Origins: []string{hub, "https://pas.trust.example"}, Version: "1",
		TicketOrigins: []string{hub}, Audiences: map[string][]string{"https://pas.trust.example": {"pas"}}, Log: slog.New(slog.DiscardHandler), Peers: d.peers, Events: &loopback.Events{},
	}
	d.Listening = listening(t, d.server, ports)
	return d
}

func listening(t *testing.T, s *loopback.Server, ports []int) *loopback.Listening {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l, err := s.Start(ctx, ports)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", base10(port)) }

func base10(n int) string { return strconv.Itoa(n) }

// call is one request; headers as "Name: value", of which a page's are the default.
func call(t *testing.T, port int, method, path, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+address(port)+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header[name] = append(req.Header[name], value) // as written, case and all
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

func page(origin string) []string {
	return []string{"Origin: " + origin, "Content-Type: application/json", "X-Lanyard-Agent: 1"}
}

func program() []string { return []string{"Content-Type: application/json", "X-Lanyard-Agent: 1"} }

func TestRoutes(t *testing.T) {
	d := start(t)
	const challenge = "challenge-0123456789"
	cases := []struct{ method, path, body, want string }{
		{"GET", "/v1/state", "", `{"card":{"subject":"CN=999000000001","notAfter":"` + d.cards.cert.NotAfter.UTC().Format(time.RFC3339) + `"},"readers":[{"name":"Reader A","card":true}],"version":"1","workstation":"ws1"}`},
		{"POST", "/v1/presence", `{"nonce":"` + challenge + `"}`, `{"presence":"presence:` + challenge + `:` + hub + `:` + strconv.Itoa(len(d.cards.cert.Raw)) + `"}`},
		{"POST", "/v1/ticket/get", `{"role":"1"}`, `{"ticket":"got:1"}`},
		{"POST", "/v1/ticket/get-no-auth", `{}`, `{"ticket":"had"}`},
		{"POST", "/v1/ticket/get-new", `{}`, `{"ticket":"new:"}`},
		{"POST", "/v1/ticket/destroy", `{}`, `{"ticket":""}`},
	}
	for _, c := range cases {
		status, head, text := call(t, d.Port, c.method, c.path, c.body, page(hub)...)
		if status != 200 || strings.TrimSpace(text) != c.want {
			t.Errorf("%s: %d %s, want %s", c.path, status, text, c.want)
		}
		if head.Get("Access-Control-Allow-Origin") != hub || head.Get("Vary") != "Origin" || head.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", c.path, head)
		}
	}
	status, _, text := call(t, d.Port, "POST", "/v1/sign", `{"challenge":"`+challenge+`"}`, page(hub)...)
	var signed map[string]string
	if err := json.Unmarshal([]byte(text), &signed); err != nil || status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if want := "Sign in to sso.trust.example.|lanyard card sign-in 1\n" + hub + "\n" + challenge; d.cards.text.Load() != want {
		t.Errorf("signed %q, want %q", d.cards.text.Load(), want)
	}
	der, err := base64.StdEncoding.DecodeString(signed["certificate"])
	if _, wrong := x509.ParseCertificate(der); err != nil || wrong != nil || signed["signature"] != base64.StdEncoding.EncodeToString([]byte("signature")) || !strings.HasPrefix(signed["presence"], "presence:"+challenge+":"+hub+":") {
		t.Errorf("%v", signed)
	}
}

func TestRefusals(t *testing.T) {
	d := start(t)
	d.tickets.err = ticket.Error{Code: ticket.PINBlocked, Err: errors.New("cause")}
	status, _, text := call(t, d.Port, "POST", "/v1/ticket/get", `{}`, page(hub)...)
	if status != 409 || strings.TrimSpace(text) != `{"error":{"code":"0x80200004","name":"PIN_BLOCKED","text":"`+ticket.PINBlocked.Text()+`"}}` {
		t.Errorf("%d %s", status, text)
	}
	d.cards.err, d.speaker.err = card.ErrNoCard, channel.ErrNotEnrolled
	if status, _, text := call(t, d.Port, "GET", "/v1/state", "", page(hub)...); status != 200 || !strings.Contains(text, `"card":null`) {
		t.Errorf("%d %s", status, text)
	}
	if status, _, text := call(t, d.Port, "POST", "/v1/presence", `{"nonce":"0123456789abc"}`, page(hub)...); status != 409 || !strings.Contains(text, "NOT_INITIALIZED") {
		t.Errorf("%d %s", status, text)
	}
	for _, body := range []string{
		``, `{`, `[]`, `{"challenge":1}`, `{"challenge":"short"}`, `{"challenge":"with space 0123456789"}`, `{"challenge":"line\nend 0123456789"}`,
		`{"challenge":"0123456789abcdef","more":1}`, `{"challenge":"0123456789abcdef"}{}`, `{"challenge":"` + strings.Repeat("x", 600) + `"}`,
		`{"challenge":"` + strings.Repeat("x", 99999) + `"}`,
	} {
		if status, _, text := call(t, d.Port, "POST", "/v1/sign", body, page(hub)...); status != 400 || !strings.Contains(text, "0x80100003") {
			t.Errorf("%.40s: %d %s", body, status, text)
		}
	}
	if status, _, _ := call(t, d.Port, "POST", "/v1/sign", `{"challenge":"0123456789abcdef"}`, program()...); status != 400 {
		t.Errorf("%d: a program has no origin to sign for", status)
	}
}

func TestProofByOrigin(t *testing.T) {
	d := start(t)
	ask := func(headers []string) int {
		status, _, _ := call(t, d.Port, "POST", "/v1/proof", `{"audience":"pas","sid":"s1"}`, headers...)
		return status
	}
	if got := ask(page("https://pas.trust.example")); got != 200 {
		t.Errorf("%d for the partner's own page", got)
	}
	if got := ask(page(hub)); got != 401 {
		t.Errorf("%d for a page that may have no proof for that partner", got)
	}
	if got := ask(program()); got != 200 {
		t.Errorf("%d for a program of the user", got)
	}
}

func TestEvents(t *testing.T) {
	d := start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address(d.Port)+"/v1/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", hub)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(resp.Header)
	}
	d.server.Events.Tell(card.Event{Happened: card.Removed, Reader: "Reader \"A\"\n"})
	var got []string
	for len(got) < 2 && lines.Scan() {
		if lines.Text() != "" {
			got = append(got, lines.Text())
		}
	}
	if strings.Join(got, "|") != `event: removed|data: {"reader":"Reader \"A\"\n"}` {
		t.Errorf("%q", got)
	}
}
