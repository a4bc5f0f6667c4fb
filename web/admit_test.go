package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// record keeps what is committed.
type record struct{ events []string }

// Commit implements bridge.Journal.
func (r *record) Commit(_ context.Context, writes ...bridge.Write) error {
	for _, w := range writes {
		if a, ok := w.(bridge.Append); ok {
			r.events = append(r.events, a.Event.Reason)
		}
	}
	return nil
}

// oneSession knows one session at most, and counts how often it is asked.
type oneSession struct {
	bridge.Sessions
	asked int
	key   string // of the one
	began time.Time
}

// SessionByKey implements bridge.Sessions.
func (o *oneSession) SessionByKey(_ context.Context, key string) (bridge.Session, error) {
	o.asked++
	if key == o.key {
		return bridge.Session{ID: "s", UID: "u", Started: o.began, Seen: o.began}, nil
	}
	return bridge.Session{}, bridge.ErrNotFound
}

func classed(class Class, answer http.HandlerFunc) Route {
	return Route{Method: "GET", Path: "/x", Name: "x", Class: class, Handler: answer}
}

func fine(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "done") }

func from(peer string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = peer + ":999" }
}

func withSession(secret string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Cookie", "__Host-lanyard-session="+secret) }
}

// tolled is a kit whose peers may come twice.
func tolled(t *testing.T) (*Kit, *record, *oneSession) {
	k, _ := newKit(t)
	rec, sessions := &record{}, &oneSession{}
	k.Hub.Journal, k.Hub.Sessions = rec, sessions
	k.Tolls = NewTolls(TollLimits{Rate: 1, Burst: 2}, k.Hub.Clock)
	return k, rec, sessions
}

func testStrangersAreLimited(t *testing.T) {
	k, rec, store := tolled(t)
	h := k.Router([]Route{classed(SignOn, fine)})
	for i, want := range []int{200, 200, 429, 429, 429} {
		answer := ask(h, "GET", "https://sso.example/x", from("192.0.2.1"))
		if answer.Code != want {
			t.Fatalf("request %d: %d, want %d", i, answer.Code, want)
		}
		if body := answer.Body.String(); want == 429 && (answer.Header().Get("Retry-After") != "30" || !strings.Contains(body, "Too many") || !strings.Contains(body, answer.Header().Get("X-Reference"))) {
			t.Errorf("%v\n%s", answer.Header(), body)
		}
	}
	if len(rec.events) != 1 || rec.events[0] != "throttled_peer" { // one a minute: a record of each would fill the disk
		t.Errorf("recorded %v", rec.events)
	}
	if store.asked != 0 {
		t.Errorf("the store was asked %d times", store.asked)
	}
	for name, change := range map[string]func(*http.Request){"another peer": from("192.0.2.2"), "behind a proxy": func(r *http.Request) {
		r.RemoteAddr = "10.1.2.3:4"
		r.Header.Set("X-Forwarded-For", "198.51.100.4")
	}} {
		if answer := ask(h, "GET", "https://sso.example/x", change); answer.Code != 200 {
			t.Errorf("%s: %d", name, answer.Code)
		}
	}
	if answer := ask(h, "GET", "https://sso.example/x", from("192.0.2.1"), withSession("invented")); answer.Code != 429 || store.asked != 1 {
		t.Errorf("an invented session: %d, the store was asked %d times", answer.Code, store.asked)
	}
	k.Tolls.sessions.remember("real", k.Hub.Clock())
	for range 5 {
		if answer := ask(h, "GET", "https://sso.example/x", from("192.0.2.1"), withSession("real")); answer.Code != 200 || store.asked != 1 {
			t.Errorf("a session at the same address: %d, the store was asked %d times", answer.Code, store.asked)
		}
	}
}

// What is in progress, and what ends a session, is not stopped by strangers at the same address, until these are in full debt.
func TestTollOfClasses(t *testing.T) {
	for class, want := range map[Class][3]int{
		SignOn: {200, 429, 429}, Step: {200, 200, 200}, Machine: {200, 200, 429}, SignOut: {200, 200, 429}, Cheap: {200, 200, 200},
	} {
		k, _, _ := tolled(t)
		h := k.Router([]Route{classed(class, fine)})
		for i, debt := range []int{0, 3, 4} {
			for range debt {
				k.Tolls.Charge("192.0.2.1")
			}
			if answer := ask(h, "GET", "https://sso.example/x", from("192.0.2.1")); answer.Code != want[i] {
				t.Errorf("class %d, charged %d: %d, want %d", class, debt, answer.Code, want[i])
			}
		}
	}
}

// everybody is an active person.
type everybody struct{}

// Person implements bridge.Directory.
func (everybody) Person(_ context.Context, uid string) (people.Person, error) {
	return people.Person{UID: uid, Status: people.Active}, nil
}

// Whoever has a session signs on and out from an address in full debt; the store is asked about it once.
func TestTollOfASession(t *testing.T) {
	for class, want := range map[Class]struct{ known, invented, asked int }{SignOn: {200, 429, 1}, SignOut: {200, 429, 2}, Machine: {429, 429, 0}} {
		k, _, store := tolled(t)
		store.key, store.began = bridge.Key("real"), k.Hub.Clock()
		k.Hub.Directory, k.Hub.Limits = everybody{}, bridge.DefaultLimits()
		h := k.Router([]Route{classed(class, fine)})
		for range 5 {
			k.Tolls.Charge("192.0.2.1")
		}
		for range 2 {
			if answer := ask(h, "GET", "https://sso.example/x", from("192.0.2.1"), withSession("real")); answer.Code != want.known {
				t.Errorf("class %d with a session: %d", class, answer.Code)
			}
		}
		if store.asked != want.asked {
			t.Errorf("class %d: the store was asked %d times", class, store.asked)
		}
		if answer := ask(h, "GET", "https://sso.example/x", from("192.0.2.1"), withSession("invented")); answer.Code != want.invented {
			t.Errorf("class %d with an invented session: %d", class, answer.Code)
		}
	}
}

// The pages of who asks too much and of a hub with too much to do are two, whichever was shown first.
func TestPagesOfThoseTurnedAway(t *testing.T) {
	k, _, _ := tolled(t)
	k.Gate = NewGate(GateLimits{Work: 1, Waiting: 1, Wait: time.Nanosecond}, k.Hub.Clock)
	leave, ok := k.Gate.enter(t.Context(), Step)
	if !ok {
		t.Fatal("nobody is in work")
	}
	defer leave()
	h := k.Router([]Route{classed(SignOn, fine)})
	for i, want := range []int{503, 503, 429} {
		if answer := ask(h, "GET", "https://sso.example/x", from("192.0.2.1")); answer.Code != want || strings.Contains(answer.Body.String(), "Too many requests") != (want == 429) ||
			strings.Contains(answer.Body.String(), "Wait 5 seconds") != (want == 503) || strings.Contains(answer.Body.String(), "Wait 30") {
			t.Errorf("request %d: %d %s", i, answer.Code, answer.Body)
		}
	}
}

func TestSignInPageThatBeginsASignOn(t *testing.T) {
	route := Route{Path: SignInPath, Class: Step}
	for target, want := range map[string]Class{"/signin": SignOn, "/signin?tx=a&v=b": Step} {
		if got := route.classOf(httptest.NewRequest("GET", target, nil)); got != want {
			t.Errorf("%s: class %d, want %d", target, got, want)
		}
	}
}

func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := newKit(t)
		k.Gate = NewGate(GateLimits{Work: 1, Waiting: 1, Wait: time.Second}, time.Now)
		release := make(chan struct{})
		slow := func(w http.ResponseWriter, r *http.Request) { <-release; fine(w, r) }
		json := Route{Method: "POST", Path: "/json", Name: "json", CORS: true, Handler: fine, TurnAway: func(w http.ResponseWriter, _ *http.Request, r *bridge.Refusal) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"error":"`+r.AuditCode()+`"}`)
		}}
		h := k.Router([]Route{classed(SignOn, slow), json})
		answers := make([]*httptest.ResponseRecorder, 3)
		for i := range answers {
			go func() { answers[i] = ask(h, "GET", "https://sso.example/x") }()
			synctest.Wait()
		}
		if answers[2] == nil || answers[2].Code != 503 || answers[2].Header().Get("Retry-After") != "5" || !strings.Contains(answers[2].Body.String(), "Wait 5 seconds") {
			t.Fatalf("the third: %+v", answers[2])
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if answers[1] == nil || answers[1].Code != 503 {
			t.Errorf("the second did not wait in vain: %+v", answers[1])
		}
		k.Gate.limits.Waiting = 0
		if a := ask(h, "POST", "https://sso.example/json"); a.Code != 503 || a.Body.String() != `{"error":"busy"}` || a.Header().Get("Retry-After") != "5" || a.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d %s %v", a.Code, a.Body, a.Header())
		}
		close(release)
		synctest.Wait()
		if answers[0].Code != 200 || len(c.seen) != 4 {
			t.Errorf("the first: %d; counted %v", answers[0].Code, c.seen)
		}
		if n, _ := k.Gate.InWork(); n != 0 {
			t.Errorf("%d places are not free", n)
		}
	})
}

// A handler that panics gives its place back.
func TestGateAfterPanic(t *testing.T) {
	k, _ := newKit(t)
	k.Gate = NewGate(GateLimits{Work: 1, Waiting: 1}, time.Now)
	h := k.Router(routes(k))
	for range 3 {
		if a := ask(h, "GET", "https://sso.example/panic"); a.Code != 500 {
			t.Errorf("%d", a.Code)
		}
	}
	if n, _ := k.Gate.InWork(); n != 0 {
		t.Errorf("%d places are not free", n)
	}
}

// slowly gives one byte, and waits.
type slowly struct{ left int }

func (s *slowly) Read(b []byte) (int, error) {
	if s.left--; s.left < 0 {
		return 0, io.EOF
	}
	time.Sleep(time.Second)
	b[0] = 'x'
	return 1, nil
}

// Who sends slowly takes nobody's place, and the handler reads what was sent, limits included.
func testSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := newKit(t)
		k.Gate = NewGate(GateLimits{Work: 1, Waiting: 1, Wait: 10 * time.Millisecond}, time.Now)
		h := k.Router([]Route{{Method: "POST", Path: "/x", Name: "x", MaxBody: 20, Handler: func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				k.Refuse(w, r, err)
				return
			}
			_, _ = io.WriteString(w, string(b))
		}}})
		post := func(body io.Reader) *httptest.ResponseRecorder {
			rec := httptest.NewRecorder()
			r := httptest.NewRequest("POST", "https://sso.example/x", body)
			h.ServeHTTP(rec, r)
			return rec
		}
		var late, long *httptest.ResponseRecorder
		go func() { late = post(&slowly{left: 10}) }()
		go func() { long = post(&slowly{left: 25}) }()
		synctest.Wait()
		if a := post(strings.NewReader("quick")); a.Code != 200 || a.Body.String() != "quick" {
			t.Errorf("beside slow ones: %d %s", a.Code, a.Body)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if late == nil || late.Body.String() != strings.Repeat("x", 10) {
			t.Errorf("slow body: %+v", late)
		}
		if long == nil || long.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("slow and too large: %+v", long)
		}
	})
}
