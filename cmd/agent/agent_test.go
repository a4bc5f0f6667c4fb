package agent

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
	"github.com/lanyard-hub/lanyard/cmd/agent/loopback"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

// fakeCard is middleware with one card.
type fakeCard struct {
	mu   sync.Mutex
	in   bool
	gone bool // the reader, too
	dead bool // nothing can be said
	leaf *components.Leaf
}

func (f *fakeCard) put(in bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.in = in
}

func (f *fakeCard) Slots() ([]card.Slot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.dead:
		return nil, card.ErrFailed
	case f.gone:
		return nil, nil
	}
	return []card.Slot{{Reader: "Reader A", Present: f.in}}, nil
}

func (f *fakeCard) Token(uint) (card.Token, error) { return card.Token{Known: true, Serial: "1"}, nil }

func (f *fakeCard) Certificates(uint) ([]card.Object, error) {
	return []card.Object{{ID: []byte{1}, DER: f.leaf.Certificate.Raw}}, nil
}

func (f *fakeCard) Sign(_ uint, pin []byte, _ []card.Key, message []byte) (int, []byte, error) {
	if string(pin) != "2468" {
		return 0, nil, card.ErrPIN
	}
	digest := sha256.Sum256(message)
	signature, err := f.leaf.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	return 0, signature, err
}

// fakeHub notes events. Signatures are looked at in cmd/agent/channel, and by the hub's own tests.
type fakeHub struct {
	*httptest.Server
	mu     sync.Mutex
	act    string
	down   bool
	status string
	events []map[string]any
	at     []time.Time
}

func newFakeHub(t *testing.T) *fakeHub {
	t.Helper()
	h := &fakeHub{act: "ignore", status: `{"sessions":[],"offline":0}`}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		switch {
		case h.down:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/workstation/enrol":
			_, _ = fmt.Fprintf(w, `{"workstation":"ws1","name":"Bay 4","issuer":%q,"shared":true,"removal":"lock"}`, h.URL)
		case r.URL.Path == "/workstation/status":
			_, _ = io.WriteString(w, h.status)
		default:
			part := strings.Split(string(body), ".")
			raw, _ := base64.RawURLEncoding.DecodeString(part[1])
			var claims map[string]any
			if err := json.Unmarshal(raw, &claims); err != nil {
				t.Error(err)
			}
			h.events, h.at = append(h.events, claims), append(h.at, time.Now())
			_, _ = fmt.Fprintf(w, `{"act":%q,"ended":1,"suspended":0,"left":0}`, h.act)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *fakeHub) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// heard returns the last event of a name, and when it came.
func (h *fakeHub) heard(name string) (map[string]any, time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.events) - 1; i >= 0; i-- {
		if h.events[i]["event"] == name {
			return h.events[i], h.at[i]
		}
	}
	return nil, time.Time{}
}

// bay is a workstation with an agent that runs.
type bay struct {
	hub    *fakeHub
	card   *fakeCard
	config Config
	port   int
	settle time.Duration
	locked string // file that lock.command makes
	log    *logBuffer
	stop   func()
}

// logBuffer is a log that tests read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func enrolledBay(t *testing.T) *bay {
	t.Helper()
	dir := t.TempDir()
	b := &bay{hub: newFakeHub(t), card: &fakeCard{leaf: components.NewCA(t, "Cards").Card(t, "999000000001")}, locked: filepath.Join(dir, "locked"), log: &logBuffer{}}
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.hub.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c := Defaults()
	c.Hub, c.StateDir, c.Modules, c.Ports = Hub{b.hub.URL, ca}, filepath.Join(dir, "state"), []string{"/fake.so"}, nil
	c.PIN.Command, c.Lock.Command = []string{"echo", "2468"}, []string{"touch", b.locked}
	c.Audiences = map[string][]string{b.hub.URL: {"pas"}}
	c.complete()
	if err := c.check(false); err != nil {
		t.Fatal(err)
	}
	b.config = c
	client, err := Client(c.Hub, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := channel.Enrol(t.Context(), client, c.Hub.Issuer, "ws1.secret", c.StateDir, time.Now()); err != nil {
		t.Fatal(err)
	}
	return b
}

// run starts an agent; stop ends it and waits for that.
func (b *bay) run(t *testing.T) {
	t.Helper()
	a, err := New(Options{
		Config: b.config, Log: slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Version: "1",
		Load: func(string) (card.Module, error) { return b.card, nil }, Peers: loopback.System{}, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	a.settle = max(b.settle, 50*time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	port, done := make(chan int, 1), make(chan error, 1)
	go func() { done <- a.Run(ctx, func(p, _ int) { port <- p }) }()
	select {
	case b.port = <-port:
	case err := <-done:
		t.Fatal(err)
	}
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(b.stop)
}

func (b *bay) post(t *testing.T, path, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+net.JoinHostPort("127.0.0.1", fmt.Sprint(b.port))+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", b.hub.URL)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(loopback.Header, "1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, out
}

func within(t *testing.T, what string, d time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %s: %s", d, what)
}

// TestCardComesAndGoes: the hub hears both, a removal soon, and the screen is locked when it says so.
func TestCardComesAndGoes(t *testing.T) {
	b := enrolledBay(t)
	b.hub.set(func() { b.hub.act = "lock" })
	b.run(t)
	within(t, "started is told", 5*time.Second, func() bool { e, _ := b.hub.heard("started"); return e != nil })
	b.card.put(true)
	within(t, "inserted is told", 5*time.Second, func() bool { e, _ := b.hub.heard("inserted"); return e != nil })
	pulled := time.Now()
	b.card.put(false)
	within(t, "removed is told", 5*time.Second, func() bool { e, _ := b.hub.heard("removed"); return e != nil })
	e, at := b.hub.heard("removed")
	if took := at.Sub(pulled); took > 600*time.Millisecond {
		t.Errorf("told after %s", took) // 250 ms of polling, the file and the network, on a busy machine
	} else {
		t.Logf("told after %s", took)
	}
	if e["reader"] != "Reader A" || e["certificate"] != base64.StdEncoding.EncodeToString(b.card.leaf.Certificate.Raw) || e["at"] != nil || len(e["user"].(string)) != 32 {
		t.Errorf("%v", e)
	}
	within(t, "the screen is locked", 5*time.Second, func() bool { _, err := os.Stat(b.locked); return err == nil })
	b.stop()
	if e, _ := b.hub.heard("stopping"); e == nil {
		t.Error("no good-bye")
	}
	if text := b.log.String(); strings.Contains(text, "999000000001") || strings.Contains(text, "2468") {
		t.Errorf("the log has what it must not:\n%s", text)
	}
}

// TestHubIsSilent: the screen is locked without the hub, and the removal is told when it answers again, by another run if need be.
func TestHubIsSilent(t *testing.T) {
	b := enrolledBay(t)
	b.card.put(true)
	b.hub.set(func() { b.hub.down = true })
	b.run(t)
	within(t, "the card is seen", 5*time.Second, func() bool { return strings.Contains(b.log.String(), "inserted") })
	before := time.Now().Unix()
	b.card.put(false)
	within(t, "the screen is locked without the hub", 5*time.Second, func() bool { _, err := os.Stat(b.locked); return err == nil })
	b.stop()
	time.Sleep(promptly) // late enough to need its time
	b.hub.set(func() { b.hub.down = false })
	b.run(t)
	within(t, "the next run tells it", 5*time.Second, func() bool { e, _ := b.hub.heard("removed"); return e != nil })
	e, _ := b.hub.heard("removed")
	if at, ok := e["at"].(float64); !ok || int64(at) < before || int64(at) > before+5 {
		t.Errorf("at %v, want about %d", e["at"], before)
	}
}

// TestSignAndProve: a page has a signature of the card, a presence and, while the card is in, an offline proof.
func TestSignAndProve(t *testing.T) {
	b := enrolledBay(t)
	b.card.put(true)
	b.hub.set(func() {
		b.hub.status = fmt.Sprintf(`{"sessions":[{"tracking":"1","card":%q,"until":%d,"participants":[{"protocol":"oidc","partner":"pas","sid":"s1","sub":"u1"}]}],"offline":60}`,
			channel.Fingerprint(b.card.leaf.Certificate.Raw), time.Now().Add(time.Hour).Unix())
	})
	b.run(t)
	within(t, "the card is told", 5*time.Second, func() bool { e, _ := b.hub.heard("inserted"); return e != nil })
	status, out := b.post(t, "/v1/sign", `{"challenge":"0123456789abcdef"}`)
	if status != 200 {
		t.Fatalf("%d %v", status, out)
	}
	signature, err := base64.StdEncoding.DecodeString(out["signature"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.card.leaf.Certificate.CheckSignature(x509.SHA256WithRSA, []byte("lanyard card sign-in 1\n"+b.hub.URL+"\n0123456789abcdef"), signature); err != nil {
		t.Error(err)
	}
	if out["presence"] == "" {
		t.Error("no presence")
	}
	within(t, "a proof", 5*time.Second, func() bool { status, _ := b.post(t, "/v1/proof", `{"audience":"pas"}`); return status == 200 })
	b.card.put(false)
	within(t, "no proof without the card", time.Second, func() bool { status, _ := b.post(t, "/v1/proof", `{"audience":"pas"}`); return status == 409 })
}

// TestSecurityCardPutBack: a card that was out and is in again proves nothing by itself, while nobody can ask the hub whether its
// session still is; and what the hub says about sessions without a card is asked anew when it heard of a removal.
func TestSecurityCardPutBack(t *testing.T) {
	b := enrolledBay(t)
	b.card.put(true)
	row := func(id, card, partner string) string {
		return fmt.Sprintf(`{"tracking":%q,"card":%q,"until":%d,"participants":[{"protocol":"oidc","partner":%q,"sid":"s","sub":"u"}]}`, id, card, time.Now().Add(time.Hour).Unix(), partner)
	}
	say := func(rows ...string) {
		b.hub.set(func() { b.hub.status = `{"sessions":[` + strings.Join(rows, ",") + `],"offline":60}` })
	}
	prove := func(partner string) int {
		status, _ := b.post(t, "/v1/proof", `{"audience":"`+partner+`"}`)
		return status
	}
	b.config.Audiences = map[string][]string{b.hub.URL: {"pas", "epr"}}
	byCard, byKey := row("1", channel.Fingerprint(b.card.leaf.Certificate.Raw), "pas"), row("2", "", "epr")
	say(byCard, byKey)
	b.run(t)
	within(t, "proofs", 5*time.Second, func() bool { return prove("pas") == 200 && prove("epr") == 200 })
	say(byCard)
	b.card.put(false)
	within(t, "the hub is asked anew", 5*time.Second, func() bool { return prove("epr") == 401 })
	b.card.put(true)
	within(t, "a proof by the card, of which the hub knows", 5*time.Second, func() bool { return prove("pas") == 200 })
	b.hub.set(func() { b.hub.down = true })
	b.card.put(false)
	within(t, "no proof without the card", time.Second, func() bool { return prove("pas") == 401 })
	b.card.put(true)
	within(t, "the card is back", 5*time.Second, func() bool { return strings.Count(b.log.String(), "msg=inserted") == 3 })
	for range 20 {
		if status := prove("pas"); status != 401 {
			t.Fatalf("%d: the session was to end with the removal", status)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestNotEnrolled(t *testing.T) {
	b := enrolledBay(t)
	b.config.StateDir, b.config.Ticket.Origins = t.TempDir(), []string{b.hub.URL}
	b.card.put(true)
	b.run(t)
	within(t, "a signature, without a presence", 5*time.Second, func() bool {
		status, out := b.post(t, "/v1/sign", `{"challenge":"0123456789abcdef"}`)
		return status == 200 && out["presence"] == ""
	})
	if status, out := b.post(t, "/v1/presence", `{"nonce":"0123456789abcdef"}`); status != 409 {
		t.Errorf("%d %v", status, out)
	}
	if status, out := b.post(t, "/v1/ticket/get", `{}`); status != 503 {
		t.Errorf("%d %v: no broker is configured", status, out)
	}
}

func TestNewFails(t *testing.T) {
	b := enrolledBay(t)
	try := func(c Config, load error) error {
		_, err := New(Options{Config: c, Log: slog.New(slog.DiscardHandler), Now: time.Now, Load: func(string) (card.Module, error) { return b.card, load }})
		return err
	}
	c := b.config
	c.Hub.Issuer = "https://another.example"
	if err := try(c, nil); !errors.Is(err, ErrConfig) {
		t.Errorf("another hub: %v", err)
	}
	if err := try(b.config, card.ErrModule); !errors.Is(err, card.ErrModule) {
		t.Errorf("no middleware: %v", err)
	}
	c = b.config
	c.Hub.CAFile = b.locked
	if err := try(c, nil); !errors.Is(err, ErrConfig) {
		t.Errorf("no authorities: %v", err)
	}
}
