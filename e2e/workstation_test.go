package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/bridge/agent/softagent"
	"github.com/lanyard-hub/lanyard/e2e/components"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// softAgent is an agent as pages find it, with a card in software. It is on one of the ports that pages look at.
type softAgent struct {
	t      *testing.T
	hub    *hub
	agent  *softagent.Agent
	server *http.Server
	base   string
	late   time.Duration // after which its port service answers

	mu    sync.Mutex
	card  *components.Leaf // nil: the reader is empty
	fail  string           // code of the error that the card answers with; empty: it signs
	pages map[chan string]bool
	asked []string // paths, in order
}

// agentPorts are those that pages look at, in order.
var agentPorts = []int{43487, 44213, 45031, 46478, 48853}

// workstation registers a computer, enrols its agent, and serves it on this one.
func (h *hub) workstation(name string, flags ...string) *softAgent {
	h.t.Helper()
	var made struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(h.run(append([]string{"workstation", "add", "--name", name, "--json"}, flags...)...)), &made); err != nil {
		h.t.Fatal(err)
	}
	a := &softAgent{t: h.t, hub: h, agent: softagent.New(made.ID, h.issuer, nil), pages: map[chan string]bool{}}
	body, err := json.Marshal(map[string]any{"secret": made.Secret, "key": a.agent.JWK(), "proof": a.agent.Say("enrol", nil)})
	if err != nil {
		h.t.Fatal(err)
	}
	if status, text := a.post("/workstation/enrol", "application/json", string(body)); status != http.StatusOK || !strings.Contains(text, name) {
		h.t.Fatalf("enrol: %d %s", status, text)
	}
	a.serve()
	return a
}

func (a *softAgent) post(path, contentType, body string) (int, string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.hub.issuer+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	res, err := components.Client(a.t, a.hub.ca).Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// say sends a message to the hub.
func (a *softAgent) say(act string, more map[string]any) map[string]any {
	a.t.Helper()
	status, text := a.post("/workstation/"+act, "application/jwt", a.agent.Say(act, more))
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil || status != http.StatusOK {
		a.t.Fatalf("%s: %d %s", act, status, text)
	}
	return out
}

// serve takes the first port that is free.
func (a *softAgent) serve() {
	a.t.Helper()
	var l net.Listener
	for _, port := range agentPorts {
		var err error
		if l, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			a.base = fmt.Sprintf("http://127.0.0.1:%d", port)
			break
		}
	}
	if l == nil {
		a.t.Fatal("none of the agents' ports is free")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /PRS/ConnectPRService", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(a.late)
		fmt.Fprint(w, "ok")
	})
	mux.HandleFunc("GET /PRS/GetPortNumber", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, a.base[strings.LastIndex(a.base, ":")+1:]) })
	mux.HandleFunc("GET /v1/state", a.state)
	mux.HandleFunc("POST /v1/presence", a.presence)
	mux.HandleFunc("POST /v1/sign", a.sign)
	mux.HandleFunc("GET /v1/events", a.events)
	a.server = &http.Server{Handler: a.allowed(mux), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = a.server.Serve(l) }()
	a.t.Cleanup(func() { _ = a.server.Close() })
}

// allowed answers pages of the hub alone, as an agent does.
func (a *softAgent) allowed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != a.hub.issuer {
			http.Error(w, "", http.StatusForbidden)
			return
		}
		for name, value := range map[string]string{
			"Access-Control-Allow-Origin": a.hub.issuer, "Access-Control-Allow-Headers": "Content-Type, X-Lanyard-Agent", "Access-Control-Allow-Methods": "GET, POST",
			"Access-Control-Allow-Private-Network": "true", "Access-Control-Allow-Local-Network": "true", "Vary": "Origin",
		} {
			w.Header().Set(name, value)
		}
		if r.Method == http.MethodOptions {
			return
		}
		if r.Method == http.MethodPost && (r.Header.Get("X-Lanyard-Agent") != "1" || r.Header.Get("Content-Type") != "application/json") {
			http.Error(w, "", http.StatusForbidden)
			return
		}
		a.mu.Lock()
		a.asked = append(a.asked, r.URL.Path)
		a.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

func (a *softAgent) held() (softagent.Card, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.card == nil {
		return softagent.Card{}, false
	}
	return softagent.Card{Certificate: a.card.Certificate, Signer: a.card.Key}, true
}

func (a *softAgent) state(w http.ResponseWriter, _ *http.Request) {
	var card any
	if c, ok := a.held(); ok {
		card = map[string]string{"subject": c.Certificate.Subject.String()}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"version": "test", "workstation": a.agent.ID, "card": card})
}

func (a *softAgent) say1(nonce string) string {
	more := map[string]any{"nonce": nonce, "user": "seat0"}
	if c, ok := a.held(); ok {
		more["certificate"] = c.Text()
	}
	return a.agent.Say("presence", more)
}

func (a *softAgent) presence(w http.ResponseWriter, r *http.Request) {
	var in struct{ Nonce string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	_ = json.NewEncoder(w).Encode(map[string]string{"presence": a.say1(in.Nonce)})
}

func (a *softAgent) sign(w http.ResponseWriter, r *http.Request) {
	var in struct{ Challenge string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	c, ok := a.held()
	a.mu.Lock()
	code := a.fail
	a.mu.Unlock()
	if !ok {
		code = "0x80200003"
	}
	if code != "" {
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "name": "X", "text": "<b>not shown</b>"}})
		return
	}
	signature, err := c.Sign(r.Header.Get("Origin"), in.Challenge)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"certificate": c.Text(), "signature": signature, "presence": a.say1(in.Challenge)})
}

func (a *softAgent) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush, _ := w.(http.Flusher)
	page := make(chan string, 8)
	a.mu.Lock()
	a.pages[page] = true
	a.mu.Unlock()
	fmt.Fprint(w, ": listening\n\n")
	flush.Flush()
	for {
		select {
		case <-r.Context().Done():
			a.mu.Lock()
			delete(a.pages, page)
			a.mu.Unlock()
			return
		case event := <-page:
			fmt.Fprintf(w, "event: %s\ndata: {\"reader\":\"Reader 1\"}\n\n", event)
			flush.Flush()
		}
	}
}

// insert puts a card into the reader, and tells the hub and the pages; nil takes it out.
func (a *softAgent) insert(card *components.Leaf) map[string]any {
	a.t.Helper()
	a.mu.Lock()
	before := a.card
	a.card = card
	a.mu.Unlock()
	event, certificate := "inserted", card
	if card == nil {
		event, certificate = "removed", before
	}
	out := a.say("event", map[string]any{"event": event, "reader": "Reader 1", "user": "seat0", "certificate": softagent.Card{Certificate: certificate.Certificate}.Text()})
	a.mu.Lock()
	defer a.mu.Unlock()
	for page := range a.pages {
		page <- event
	}
	return out
}

// refuseWith has the card answer with an error, or sign again.
func (a *softAgent) refuseWith(code string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail = code
}

// local lets pages of the hub reach this computer, as a policy of managed browsers does.
var local = []string{"--disable-features=Translate,LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"}

// TestChromiumAgent is a shift with a card at a shared workstation with an agent: put the card in, type the PIN, work, take it out.
func TestChromiumAgent(t *testing.T) {
	h := startHubWith(t, "", "workstation: { agent: true }")
	path := h.pathology()
	a := h.workstation("Bay 4", "--shared")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Flags: local})

	// The reader is empty: the person reads what to do, in the hub's own words.
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.See(t, "#way-agent:not([hidden])")
	b.See(t, "#way-agent form button:focus")
	b.Screenshot(t, "agent-signin")
	b.Click(t, "#way-agent form button")
	b.SeeText(t, "#way-agent", "There is no card in the reader")
	b.Screenshot(t, "agent-no-card")
	for _, c := range [][2]string{ // no words twice in a row: those of the try before stay until the next answer
		{"0xdeadbeef", "did not answer"}, {"0x80200004", "is locked"}, {"constructor", "did not answer"}, {"0x80400002", "The PIN was wrong"}, {"0x80400001", "You cancelled it"},
	} {
		a.refuseWith(c[0])
		a.mu.Lock()
		a.card = h.cards[nurse]
		a.mu.Unlock()
		b.Click(t, "#way-agent [data-part=again]")
		b.SeeText(t, "#way-agent", c[1])
		if strings.Contains(b.Text(t, "body"), "not shown") {
			t.Error("the agent's own words are on the page")
		}
	}
	a.refuseWith("")
	b.Click(t, "#way-agent [data-part=again]")
	b.SeeText(t, "body", "ticket received")
	if got := path.read(t, path.last(t)); got.uid != nurse {
		t.Errorf("assertion %+v", got)
	}

	// The session is at this workstation, and its apps can be told so offline.
	status := a.say("status", map[string]any{"user": "seat0"})
	sessions, _ := status["sessions"].([]any)
	if len(sessions) != 1 || status["offline"] != 1800.0 {
		t.Fatalf("status %v", status)
	}
	seat, _ := sessions[0].(map[string]any)
	if seat["card"] != agent.Fingerprint(h.cards[nurse].Certificate) || len(seat["participants"].([]any)) != 1 {
		t.Errorf("seat %v", seat)
	}

	// The same card again changes nothing; taken out it ends the session, and the page says so by itself.
	b.Open(t, h.issuer+"/")
	b.SeeText(t, "header", "Ben Example")
	a.waitForPage()
	a.insert(h.cards[nurse])
	time.Sleep(time.Second)
	b.SeeText(t, "header", "Ben Example")
	a.waitForPage()
	if out := a.insert(nil); out["ended"] != 1.0 || out["act"] != "logout" {
		t.Errorf("removal: %v", out)
	}
	b.SeeText(t, "main", "You were signed out")
	b.Screenshot(t, "agent-removed")
	if got := a.say("status", nil)["sessions"].([]any); len(got) != 0 {
		t.Errorf("left %v", got)
	}

	// The next person puts their card in, and is signed in by that alone.
	a.waitForPage()
	a.insert(h.cards[doctor])
	b.SeeText(t, "header", "Dr Asha Example")
	b.Screenshot(t, "agent-tapped")
	h.noPersonalData("Ben Example", "Asha", nurse, doctor)
}

// TestChromiumAgentKeyboardOnly: the keyboard alone is enough to sign in by card and agent, also after a failure, and axe finds nothing
// against the pages.
func TestChromiumAgentKeyboardOnly(t *testing.T) {
	h := startHubWith(t, "", "workstation: { agent: true }")
	h.pathology()
	a := h.workstation("Bay 4")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Flags: local})
	l := newLens(t, h, b.Tab)
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.See(t, "#way-agent form button:focus")
	l.look("agent-signin")
	b.Press(t, kb.Enter)
	b.SeeText(t, "#way-agent", "There is no card in the reader")
	b.See(t, "#way-agent [data-part=failed] h2:focus") // what is read out
	l.look("agent-no-card")
	a.mu.Lock()
	a.card = h.cards[nurse]
	a.mu.Unlock()
	b.Press(t, kb.Tab)
	b.See(t, "#way-agent [data-part=again]:focus")
	b.Press(t, kb.Enter)
	b.SeeText(t, "body", "ticket received")
}

// TestChromiumAgentLate: a program on another of the ports that answers after the agent does not take its place.
func TestChromiumAgentLate(t *testing.T) {
	h := startHubWith(t, "", "workstation: { agent: true }")
	h.pathology()
	a := h.workstation("Bay 4")
	a.card = h.cards[nurse]
	rogue := &softAgent{t: t, hub: h, agent: softagent.New("rogue", h.issuer, nil), pages: map[chan string]bool{}, late: time.Second}
	rogue.serve()
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Flags: local})
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.See(t, "#way-agent:not([hidden])")
	time.Sleep(2 * time.Second)
	b.Click(t, "#way-agent form button")
	b.SeeText(t, "body", "ticket received")
	rogue.mu.Lock()
	defer rogue.mu.Unlock()
	if len(rogue.asked) == 0 || slices.Contains(rogue.asked, "/v1/sign") || slices.Contains(rogue.asked, "/v1/presence") {
		t.Errorf("the other program was asked %v", rogue.asked)
	}
}

// waitForPage waits until a page listens.
func (a *softAgent) waitForPage() {
	a.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		a.mu.Lock()
		n := len(a.pages)
		a.mu.Unlock()
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("no page listens; asked %v", a.asked)
		}
	}
}

// TestChromiumAgentAbsent: without an agent the page is as it was, also without scripts.
func TestChromiumAgentAbsent(t *testing.T) {
	h := startHubWith(t, "", "workstation: { agent: true }")
	h.pathology()
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}, Flags: local})
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	time.Sleep(500 * time.Millisecond) // longer than a page looks for an agent
	if shown := b.Script(t, `String(!document.getElementById("way-agent").hidden)`); shown != "false" {
		t.Errorf("the way through the agent is shown: %s", shown)
	}
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "body", "ticket received")
}

// TestOfflineProofIsChecked does what docs/how-to/check-an-offline-proof.md says: an app learns at which workstation a session is, keeps
// the key of its agent, and checks a proof by itself.
func TestOfflineProofIsChecked(t *testing.T) {
	h := startHubWith(t, "", "workstation: { agent: true }")
	a := h.workstation("Bay 4")
	page, err := os.ReadFile("../docs/how-to/check-an-offline-proof.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "Save as `check_proof.py`:\n\n```python\n")
	script, _, closed := strings.Cut(rest, "\n```\n")
	if !ok || !closed {
		t.Fatal("the page has no script")
	}
	h.write("check_proof.py", script)
	res, keys := components.Get(t, components.Client(t, h.ca), h.issuer+"/workstation/keys/"+a.agent.ID)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("keys: %d %s", res.StatusCode, keys)
	}
	h.write("keys.json", keys)
	h.write("workstation.json", fmt.Sprintf(`{"id":%q,"jkt":%q}`, a.agent.ID, jose.Thumbprint(a.agent.Key.Public())))
	proof := func(more map[string]any) string {
		now := time.Now().Unix()
		claims := map[string]any{"iss": a.agent.ID, "aud": "epr", "sub": "9c1", "sid": "Vd2c", "nonce": "n-0S6_WzA2Mj", "iat": now, "exp": now + 30, "seen": now - 90}
		maps.Copy(claims, more)
		return a.agent.Sign("lanyard-proof+jwt", claims)
	}
	check := func(proof string) string {
		cmd := exec.CommandContext(t.Context(), "python3", "check_proof.py", "epr", "9c1", "Vd2c", "n-0S6_WzA2Mj")
		cmd.Dir, cmd.Stdin = h.dir, strings.NewReader(proof)
		out, _ := cmd.CombinedOutput()
		return strings.TrimSpace(string(out))
	}
	if got := check(proof(nil)); got != "accepted; the hub was heard 90 seconds before" {
		t.Error(got)
	}
	other := softagent.New(a.agent.ID, h.issuer, nil)
	now := time.Now().Unix()
	for want, bad := range map[string]string{
		"refused: for another app":                 proof(map[string]any{"aud": "pas"}),
		"refused: about another session":           proof(map[string]any{"sid": "Xx"}),
		"refused: asked for by somebody else":      proof(map[string]any{"nonce": "another nonce"}),
		"refused: not of now":                      proof(map[string]any{"iat": now - 300, "exp": now - 270}),
		"refused: not signed by the agent":         other.Sign("lanyard-proof+jwt", map[string]any{"iss": a.agent.ID}),
		"refused: not a proof of this workstation": a.agent.Sign("lanyard-agent+jwt", map[string]any{"iss": a.agent.ID}),
	} {
		if got := check(bad); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if out := h.run("decode", proof(nil)); !strings.Contains(out, "signature valid, with the enrolled key of workstation Bay 4") {
		t.Errorf("decode: %s", out)
	}
	h.run("workstation", "revoke", "Bay 4")
	if res, _ := components.Get(t, components.Client(t, h.ca), h.issuer+"/workstation/keys/"+a.agent.ID); res.StatusCode != http.StatusNotFound {
		t.Errorf("keys of a revoked workstation: %d", res.StatusCode)
	}
}

// TestRemovalIsQuick: from the moment that an agent tells of a card to the moment that the last of 20 apps is told is less than a second.
func TestRemovalIsQuick(t *testing.T) {
	h := startHubWith(t, "", "workstation: { agent: true }")
	a := h.workstation("Bay 4")
	s := h.newSurfer(nurse)
	apps := make([]*oidcApp, 20)
	for i := range apps {
		apps[i] = h.oidcApp(fmt.Sprintf("app%02d", i), "back")
		s.open(apps[i].request())
		if i == 0 {
			s.signInByCard("")
		}
		s.see("welcome to " + apps[i].name)
	}
	a.card = h.cards[nurse]
	start := time.Now()
	if out := a.insert(nil); out["ended"] != 1.0 {
		t.Fatalf("removal: %v", out)
	}
	answered := time.Since(start)
	var last time.Duration
	for _, app := range apps {
		app.mu.Lock()
		if len(app.back) != 1 {
			t.Errorf("%s was told %d times", app.name, len(app.back))
		}
		last = max(last, app.toldAt.Sub(start))
		app.mu.Unlock()
	}
	t.Logf("the last of %d apps was told after %s, the agent was answered after %s", len(apps), last.Round(time.Millisecond), answered.Round(time.Millisecond))
	if last <= 0 || last > time.Second {
		t.Errorf("the last app was told after %s", last)
	}
}

// TestAgentEnrols: the agent itself enrols at the hub with the secret of its workstation, and the secret is spent by that.
func TestAgentEnrols(t *testing.T) {
	h := startHubWith(t, "", "workstation: { agent: true }")
	bin := components.Build(t, "github.com/lanyard-hub/lanyard/cmd/lanyard-agent")
	secret := h.run("workstation", "add", "--name", "Bay 7")
	h.write("secret", secret)
	h.write("agent.yaml", fmt.Sprintf("hub: { issuer: %q, ca_file: %q }\nstate_dir: %q\nports: []\n", h.issuer, h.ca.File, h.path("agent")))
	enrol := func() (string, int) {
		out, errs, code := components.Run(t, components.Command{Path: bin, Args: []string{"enrol", "--lab", "--config", h.path("agent.yaml"), "--hub", h.issuer, "--secret-file", h.path("secret")}, Env: h.env})
		return out + errs, code
	}
	if text, code := enrol(); code != 0 {
		t.Fatalf("enrol: exit %d\n%s", code, text)
	}
	if out := h.run("workstation", "list"); !strings.Contains(out, "Bay 7") || !strings.Contains(out, "enrolled") {
		t.Errorf("%s", out)
	}
	if text, code := enrol(); code == 0 {
		t.Errorf("enrolled twice: %s", text)
	}
}
