package web

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// busyAdvice and tollAdvice are the seconds after which to try again.
const (
	busyAdvice = 5
	tollAdvice = 30
)

// toll says whether the peer may ask. Only a peer whose account is empty costs a look in the store, and only if it
// shows a session.
func (k *Kit) toll(r *http.Request, c Class) bool {
	peer := bridge.Peer(r.Context())
	switch c {
	case Cheap, Step:
		return true
	case Machine, SignOut:
		return k.Tolls.good(peer) || c == SignOut && k.signedIn(r)
	case SignOn:
	}
	return k.Tolls.sessions.known(k.Browser(r).Session) || k.Tolls.pay(peer) || k.signedIn(r)
}

// signedIn asks the store whether the browser's session lives.
func (k *Kit) signedIn(r *http.Request) bool {
	b := k.Browser(r)
	if _, _, err := k.Hub.Live(r.Context(), b); err != nil {
		return false
	}
	k.Tolls.sessions.remember(b.Session, k.Hub.Clock())
	return true
}

// throttled answers a peer that may not ask. It is recorded once a minute for each peer: a record of every one would
// fill the disk for the very reason for which it is turned away.
func (k *Kit) throttled(w http.ResponseWriter, r *http.Request, route Route) {
	refusal := bridge.Refuse(bridge.Throttled, "Too many requests came from this address.").WithCode("throttled_peer")
	if k.Tolls.note(bridge.Peer(r.Context())) {
		k.Log.WarnContext(r.Context(), "a peer is turned away; if it is a proxy of yours, name it in trusted_proxies", "ref", bridge.Ref(r.Context()), "peer", bridge.Peer(r.Context()))
		k.Hub.RefuseRequest(r.Context(), ledger.Refused, "", bridge.Ref(r.Context()), refusal)
	}
	k.turnAway(w, r, route, refusal, tollAdvice)
}

// busy answers somebody who was not admitted. It is counted, not recorded.
func (k *Kit) busy(w http.ResponseWriter, r *http.Request, route Route) {
	refusal := bridge.Refuse(bridge.Unavailable, "There is more to do than can be done at once.").WithCode("busy")
	k.turnAway(w, r, route, refusal, busyAdvice)
}

func (k *Kit) turnAway(w http.ResponseWriter, r *http.Request, route Route, refusal *bridge.Refusal, seconds int) {
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	if route.TurnAway != nil {
		route.TurnAway(w, r, refusal)
		return
	}
	page := &k.pages.busy
	if refusal.Reason == bridge.Throttled {
		page = &k.pages.toll
	}
	page.send(k, w, r, refusal, seconds)
}

// waitPage is the page of those who are turned away. It is made once: when there is too much to do, saying no must
// cost little.
type waitPage struct {
	once   sync.Once
	parts  []string // with the reference in between
	status int
}

func (p *waitPage) send(k *Kit, w http.ResponseWriter, r *http.Request, refusal *bridge.Refusal, seconds int) {
	p.once.Do(func() { p.make(k, refusal, seconds) })
	if len(p.parts) == 0 {
		k.Refuse(w, r, refusal)
		return
	}
	k.send(w, r, []byte(strings.Join(p.parts, bridge.Ref(r.Context()))), PageOptions{Status: p.status})
}

func (p *waitPage) make(k *Kit, refusal *bridge.Refusal, seconds int) {
	status, title, advice := PageOf(refusal.Reason)
	if refusal.Reason == bridge.Unavailable {
		advice = "Wait " + strconv.Itoa(seconds) + " seconds, then try again. If it is urgent, use your ward's procedure for when systems are down."
	}
	p.status = status
	set, ok := k.pages.byName["error"]
	if !ok {
		return
	}
	var buf bytes.Buffer
	data := Problem{Plain(refusal.Detail), advice, refusal.AuditCode()}
	if set.Execute(&buf, k.view(bridge.Browser{}, slotRef, "", title, data, PageOptions{Status: status})) == nil {
		p.parts = strings.Split(buf.String(), slotRef) // a reference needs no escaping
	}
}

// whole reads the body before the request is admitted: who sends slowly must not keep others from their work.
// What the handler reads is the same, its error included.
func whole(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	data, err := readAll(r.Body, r.ContentLength)
	closer := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(data), failing{err}), closer}
}

// readAll is io.ReadAll for a body that says how long it is; up to 64 KiB it is believed.
func readAll(body io.Reader, length int64) ([]byte, error) {
	var data bytes.Buffer
	data.Grow(int(min(max(length, 0), 64<<10)) + bytes.MinRead)
	_, err := data.ReadFrom(body)
	return data.Bytes(), err
}

// failing ends a body as it ended.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}
