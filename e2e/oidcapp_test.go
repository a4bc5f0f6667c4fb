package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// oidcApp is an OpenID Connect app that is told of a sign-out by its back channel, its front channel, or neither, and that can be down.
type oidcApp struct {
	*app
	hub     *hub
	hangs   bool // the back channel never answers
	answers int  // status that the back channel answers
	says    string
	id      string              // the last ID token
	state   string              // the last session_state
	sid     string              // of that token
	back    []map[string]any    // claims of the logout tokens
	toldAt  time.Time           // when the last of them came
	front   []url.Values        // query of each visit to the front channel
	after   []map[string]string // query of each landing after a sign-out
}

// oidcApp registers an app and starts it. channel is back, front, both or none; lines are more of its document.
func (h *hub) oidcApp(name, channel string, lines ...string) *oidcApp {
	h.t.Helper()
	a := &oidcApp{app: h.app(name), hub: h, answers: http.StatusOK}
	terms := ""
	if channel == "back" || channel == "both" {
		terms += ", backchannel_logout_uri: '" + a.base + "/back'"
	}
	if channel == "front" || channel == "both" {
		terms += ", frontchannel_logout_uri: '" + a.base + "/front?ward=7', frontchannel_session: true"
	}
	h.apply(name, fmt.Sprintf("partner: %[1]s\nname: App %[1]s\nprotocol: oidc\nstage: live\nurl: %[2]s\n%[4]soidc: { auth: none, redirect_uris: ['%[2]s/cb'], post_logout_redirect_uris: ['%[2]s/bye']%[3]s }\n", name, a.base, terms, strings.Join(lines, "")))
	a.start()
	h.t.Cleanup(a.stop)
	return a
}

func (a *oidcApp) start() {
	a.t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cb", a.callback)
	mux.HandleFunc("POST /back", a.backChannel)
	mux.HandleFunc("GET /front", a.frontChannel)
	mux.HandleFunc("GET /bye", a.landing)
	mux.HandleFunc("GET /watch", a.watch)
	mux.HandleFunc("GET /watcher", a.watcher)
	a.serve(mux)
}

const appVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B

// request is the address at which the app asks the hub who is there.
func (a *oidcApp) request() string {
	return a.hub.issuer + "/oidc/authorize?" + url.Values{
		"client_id": {a.name}, "redirect_uri": {a.base + "/cb"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"state-of-" + a.name}, "nonce": {"nonce-of-" + a.name},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}.Encode()
}

func (a *oidcApp) callback(w http.ResponseWriter, r *http.Request) {
	resp, err := components.Client(a.t, a.hub.ca).PostForm(a.hub.issuer+"/oidc/token", url.Values{ //nolint:noctx // the test ends it
		"grant_type": {"authorization_code"}, "client_id": {a.name}, "code": {r.FormValue("code")}, "redirect_uri": {a.base + "/cb"}, "code_verifier": {appVerifier},
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	var got struct {
		ID string `json:"id_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.ID == "" {
		http.Error(w, fmt.Sprintf("no ID token: %d, %v; the hub said %s", resp.StatusCode, err, r.URL.Query()), http.StatusBadGateway)
		return
	}
	sid, _ := payload(got.ID)["sid"].(string)
	a.mu.Lock()
	a.id, a.state, a.sid = got.ID, r.FormValue("session_state"), sid
	a.mu.Unlock()
	fmt.Fprintln(w, "welcome to "+a.name)
}

func payload(token string) map[string]any {
	claims := map[string]any{}
	if parts := strings.Split(token, "."); len(parts) == 3 {
		if raw, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(raw, &claims) // no claims: the test sees it
		}
	}
	return claims
}

func (a *oidcApp) backChannel(w http.ResponseWriter, r *http.Request) {
	claims := payload(r.PostFormValue("logout_token"))
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.hangs {
		a.mu.Unlock()
		<-r.Context().Done()
		a.mu.Lock()
		return
	}
	a.back, a.toldAt = append(a.back, claims), time.Now()
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(a.answers)
	fmt.Fprint(w, a.says)
}

func (a *oidcApp) hang() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hangs = true
}

func (a *oidcApp) frontChannel(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.front = append(a.front, r.URL.Query())
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, "<!doctype html><title>out</title><p>Signed out of "+a.name)
}

func (a *oidcApp) landing(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.after = append(a.after, map[string]string{"state": r.FormValue("state"), "query": r.URL.RawQuery})
	fmt.Fprintln(w, "goodbye from "+a.name)
}

// watch is a page that polls the hub's check_session_iframe as OpenID Connect Session Management 1.0, section 3, has it.
func (a *oidcApp) watch(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<!doctype html><title>watch</title><p id="said">nothing</p><iframe id="op" src="%s/oidc/session"></iframe><iframe id="rp" src="/watcher"></iframe>`, a.hub.issuer)
}

func (a *oidcApp) watcher(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	message, err := json.Marshal(a.name + " " + a.state)
	a.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<!doctype html><title>watcher</title><script>
addEventListener("message", e => { if (e.origin === %q) { parent.document.getElementById("said").textContent = e.data; } });
window.message = %s;
setInterval(() => parent.document.getElementById("op").contentWindow.postMessage(message, %[1]q), 200);
</script>`, a.hub.issuer, message)
}

// endSession is the address at which the app asks for a sign-out.
func (a *oidcApp) endSession() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hub.issuer + "/oidc/logout?" + url.Values{"id_token_hint": {a.id}, "post_logout_redirect_uri": {a.base + "/bye"}, "state": {"over"}}.Encode()
}

// told are the session ids that the back and the front channel were told of, in order.
func (a *oidcApp) told() (back, front []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.back {
		back = append(back, fmt.Sprint(c["sid"]))
	}
	for _, q := range a.front {
		front = append(front, q.Get("sid"))
	}
	return back, front
}

// waitBack waits until the back channel was told n times.
func (a *oidcApp) waitBack(n int, within time.Duration) {
	a.t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		back, _ := a.told()
		if len(back) >= n {
			return
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("app %s was told %d times of %d", a.name, len(back), n)
		}
	}
}

// answer changes what the back channel answers.
func (a *oidcApp) answer(status int, says string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers, a.says = status, says
}
