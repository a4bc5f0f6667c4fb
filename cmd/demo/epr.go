package demo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// epr is the sample electronic patient record: an OpenID Connect relying party, by the book and go-jose.
type epr struct {
	*app
	issuer string
	client *http.Client
	mu     sync.Mutex
	op     *provider
	keys   *jose.JSONWebKeySet
	jtis   map[string]bool // logout tokens that were used
}

// provider is what discovery says of the hub (OpenID Connect Discovery 1.0, section 3).
type provider struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Userinfo      string `json:"userinfo_endpoint"`
	JWKS          string `json:"jwks_uri"`
	EndSession    string `json:"end_session_endpoint"`
}

const eprScopes = "openid profile nhsperson nationalrbacaccess selectedrole effective-activities"

func newEPR(a *app, issuer string, client *http.Client) *epr {
	e := &epr{app: a, issuer: issuer, client: client, jtis: map[string]bool{}}
	a.mux.HandleFunc("GET /{$}", e.home)
	a.mux.HandleFunc("GET /login", e.login)
	a.mux.HandleFunc("GET /callback", e.callback)
	a.mux.HandleFunc("GET /logout", e.logout)
	a.mux.HandleFunc("POST /backchannel-logout", e.backchannel)
	a.mux.HandleFunc("GET /break/{kind}", e.breakIt)
	return e
}

func (e *epr) redirectURI() string { return e.URL + "callback" }

func (e *epr) home(w http.ResponseWriter, r *http.Request) {
	v := appView{Notice: signedOutNotice(r), Breaks: []broken{
		{"/break/redirect", "Ask for the answer at an address that is not registered"}, {"/break/pkce", "Leave out the code challenge (PKCE)"},
	}}
	if visit, ok := e.desk.visitor(r); ok {
		v.Visit = &visit
	}
	e.show(w, http.StatusOK, v)
}

// fetch gets JSON from the hub's server.
func (e *epr) fetch(ctx context.Context, method, target string, form url.Values, authorize func(*http.Request), into any) ([]byte, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if authorize != nil {
		authorize(req)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the hub does not answer: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("the hub's answer breaks off: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return data, fmt.Errorf("the hub answers %s: %s", resp.Status, data)
	}
	return data, json.Unmarshal(data, into)
}

// discover asks the hub once where its endpoints are.
func (e *epr) discover(ctx context.Context) (provider, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.op != nil {
		return *e.op, nil
	}
	var p provider
	if _, err := e.fetch(ctx, http.MethodGet, e.issuer+"/.well-known/openid-configuration", nil, nil, &p); err != nil {
		return p, err
	}
	if p.Issuer != e.issuer {
		return p, errors.New("discovery is that of another issuer")
	}
	e.op = &p
	return p, nil
}

// login sends the browser to the hub: authorization code flow with PKCE, state and nonce.
func (e *epr) login(w http.ResponseWriter, r *http.Request) {
	e.ladder.begin("EPR, OpenID Connect: sign in")
	e.authorize(w, r, nil)
}

// breakIt sends what the hub must refuse.
func (e *epr) breakIt(w http.ResponseWriter, r *http.Request) {
	kind := r.PathValue("kind")
	e.ladder.begin("Break it: %s", kind)
	e.authorize(w, r, func(q url.Values) {
		if kind == "redirect" {
			q.Set("redirect_uri", "http://elsewhere.localhost/callback")
			return
		}
		q.Del("code_challenge")
		q.Del("code_challenge_method")
	})
}

func (e *epr) authorize(w http.ResponseWriter, r *http.Request, change func(url.Values)) {
	op, err := e.discover(r.Context())
	if err != nil {
		e.refuse(w, "Sign-in could not begin", err)
		return
	}
	a := attempt{nonce: rand.Text(), verifier: rand.Text() + rand.Text()}
	challenge := sha256.Sum256([]byte(a.verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {e.ID}, "redirect_uri": {e.redirectURI()}, "scope": {eprScopes}, "nonce": {a.nonce},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	q.Set("state", e.desk.begin(w, r, a))
	if change != nil {
		change(q)
	}
	e.ladder.add(message{From: e.Short, To: atHub, Title: "Authorization request", How: "through the browser, PKCE S256", Body: listed(q, "state", "nonce")})
	http.Redirect(w, r, op.Authorization+"?"+q.Encode(), http.StatusSeeOther)
}

// listed prints parameters, one a line, secrets hidden.
func listed(q url.Values, secret ...string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(q)) {
		v := q.Get(name)
		if slices.Contains(secret, name) {
			v = hidden(v)
		}
		b.WriteString(name + " = " + v + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// callback takes the code.
func (e *epr) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	a, ok := e.desk.take(r, q.Get("state"))
	switch {
	case !ok:
		e.refuse(w, "Sign-in not finished", errNotBegun)
		return
	case q.Get("iss") != e.issuer:
		e.refuse(w, "Sign-in not finished", errors.New("the answer is not from the hub"))
		return
	case q.Has("error"):
		e.refuse(w, "The hub did not sign you in", fmt.Errorf("%s (%s)", strings.TrimSuffix(q.Get("error_description"), "."), q.Get("error")))
		return
	}
	e.ladder.add(message{
		From: atHub, To: e.Short, Title: "Authorization response", How: "through the browser", Body: listed(q, "code", "state"),
		Ticks: []tick{checked("State belongs to a sign-in begun in this browser"), checked("Issuer is the hub (RFC 9207)")},
	})
	v, err := e.redeem(r.Context(), q.Get("code"), a)
	if err != nil {
		e.refuse(w, "The hub's tokens were not accepted", err)
		return
	}
	e.desk.admit(w, r, v)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// logout ends the session here and asks the hub to end all others (OpenID Connect RP-Initiated Logout 1.0).
func (e *epr) logout(w http.ResponseWriter, r *http.Request) {
	v, ok := e.desk.leave(w, r)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	op, err := e.discover(r.Context())
	if err != nil {
		e.refuse(w, "Sign-out could not be asked for", err)
		return
	}
	q := url.Values{"id_token_hint": {v.token}, "post_logout_redirect_uri": {e.URL + "?out"}}
	e.ladder.begin("EPR, OpenID Connect: sign out everywhere")
	e.ladder.add(message{From: e.Short, To: atHub, Title: "Logout request", How: "through the browser", Body: listed(q, "id_token_hint")})
	http.Redirect(w, r, op.EndSession+"?"+q.Encode(), http.StatusSeeOther)
}
