package demo

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

// document is something a partner received, as its page shows it.
type document struct{ Title, Body string }

// visit is one person's session at a sample partner.
type visit struct {
	Name, UID string
	Role, Org string
	How       string // by what, and how it was protected
	Since     time.Time
	Ticks     []tick
	Received  []document

	index   string // SessionIndex, sid or nothing: how the hub names the session
	subject string // NameID as it was told
	format  string // of the NameID
	token   string // ID token or ticket
}

// attempt is a sign-in in progress. What comes back from the hub must belong to one.
type attempt struct {
	browser  string // secret of the browser that began it
	started  time.Time
	request  string // id of the SAML request
	nonce    string
	verifier string // PKCE
	result   *visit // parked until the browser itself comes for it
}

const (
	visitCookie   = "visit"
	browserCookie = "browser"
	attemptLife   = 15 * time.Minute
)

// desk holds the sessions of one partner, on the server: a cookie is only a key to one.
type desk struct {
	clock    func() time.Time
	mu       sync.Mutex
	visits   map[string]visit
	attempts map[string]attempt
}

func newDesk(clock func() time.Time) *desk {
	return &desk{clock: clock, visits: map[string]visit{}, attempts: map[string]attempt{}}
}

func setCookie(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// begin opens an attempt for this browser and returns its state parameter.
func (d *desk) begin(w http.ResponseWriter, r *http.Request, a attempt) string {
	a.browser, a.started = cookie(r, browserCookie), d.clock()
	if a.browser == "" {
		a.browser = rand.Text()
		setCookie(w, browserCookie, a.browser)
	}
	state := rand.Text()
	d.mu.Lock()
	defer d.mu.Unlock()
	for k, old := range d.attempts {
		if d.clock().Sub(old.started) > attemptLife {
			delete(d.attempts, k)
		}
	}
	d.attempts[state] = a
	return state
}

// find returns an attempt without ending it.
func (d *desk) find(state string) (attempt, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.attempts[state]
	return a, ok && d.clock().Sub(a.started) <= attemptLife
}

// take ends an attempt of this browser. An answer to a sign-in that another browser began is not for it.
func (d *desk) take(r *http.Request, state string) (attempt, bool) {
	a, ok := d.find(state)
	if !ok || subtle.ConstantTimeCompare([]byte(a.browser), []byte(cookie(r, browserCookie))) != 1 {
		return attempt{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.attempts[state]; !ok {
		return attempt{}, false
	}
	delete(d.attempts, state)
	return a, true
}

// park keeps the result of an attempt until the browser comes for it: a form posted from the hub's site does
// not carry the cookies of this one.
func (d *desk) park(state string, v visit) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.attempts[state]
	if !ok || a.result != nil {
		return false
	}
	a.result = &v
	d.attempts[state] = a
	return true
}

// admit gives the browser a new session.
func (d *desk) admit(w http.ResponseWriter, r *http.Request, v visit) {
	secret := rand.Text()
	v.Since = d.clock()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.visits, cookie(r, visitCookie))
	d.visits[secret] = v
	setCookie(w, visitCookie, secret)
}

// visitor is who this browser's session belongs to.
func (d *desk) visitor(r *http.Request) (visit, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.visits[cookie(r, visitCookie)]
	return v, ok
}

// leave ends this browser's session.
func (d *desk) leave(w http.ResponseWriter, r *http.Request) (visit, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	secret := cookie(r, visitCookie)
	v, ok := d.visits[secret]
	delete(d.visits, secret)
	setCookie(w, visitCookie, "")
	return v, ok
}

// end ends every session that matches, and says how many.
func (d *desk) end(match func(visit) bool) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for k, v := range d.visits {
		if match(v) {
			delete(d.visits, k)
			n++
		}
	}
	return n
}
