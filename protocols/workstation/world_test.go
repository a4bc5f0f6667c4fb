package workstation

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/bridge/agent/softagent"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

const (
	issuer = "https://sso.example"
	asha   = "555000000011"
)

// world is the room over the memory store, with the agents of bay4 and bay5, and one person with a card.
type world struct {
	t       *testing.T
	now     time.Time
	store   *memory.Store
	hub     *bridge.Hub
	room    *Provider
	handler http.Handler
	agents  map[string]*softagent.Agent
	card    softagent.Card
	told    []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), agents: map[string]*softagent.Agent{}}
	clock := func() time.Time { return w.now }
	w.store = memory.NewAt(clock)
	w.hub = &bridge.Hub{
		Artifacts: w.store, Journal: w.store, Sessions: w.store, Roster: w.store, Participants: w.store, Deliveries: w.store, Directory: w.store,
		Partners: w, Propagators: map[trust.Protocol]bridge.Propagator{trust.OIDC: w}, Clock: clock, Secret: []byte("secret"), Limits: bridge.DefaultLimits(),
		Parallel: func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		},
	}
	at, err := url.Parse(issuer)
	w.must(err)
	kit := &web.Kit{Issuer: at, Hub: w.hub, Log: slog.New(slog.DiscardHandler), Secret: []byte("csrf")}
	w.must(kit.Init())
	w.room = New(Options{
		Kit: kit, Hub: w.hub, Reader: &agent.Reader{Hub: w.hub, Workstations: w.store, Issuer: issuer}, Workstations: w.store, Authenticators: w.store,
		Offline: 30 * time.Minute,
	})
	w.handler = kit.Router(w.room.Routes())
	for _, id := range []string{"bay4", "bay5"} {
		w.agents[id] = softagent.New(id, issuer, clock)
		w.save(trust.Workstation{ID: id, Name: "Bay " + id[3:], Key: w.agents[id].Public(), Added: w.now})
	}
	w.must(w.store.SavePersons(t.Context(), people.Person{UID: asha, Name: "Dr Asha Patel", Status: people.Active, Identity: 3}))
	w.card = w.newCard(asha)
	return w
}

// Partner implements bridge.Partners: one is enough, under any name.
func (w *world) Partner(p trust.Protocol, id string) (trust.Partner, error) {
	return trust.Partner{ID: id, Name: id, Protocol: p, Stage: trust.Live}, nil
}

// Propagate implements bridge.Propagator.
func (w *world) Propagate(_ context.Context, d bridge.Delivery, _ trust.Partner) (bridge.DeliveryState, string) {
	w.told = append(w.told, d.Participant.Partner)
	return bridge.DeliveryEnded, ""
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// save inserts a workstation, or puts it in the place of the stored one.
func (w *world) save(s trust.Workstation) {
	w.t.Helper()
	old, err := w.store.Workstation(w.t.Context(), s.ID)
	if err != nil {
		old.Revision = 0
	}
	_, err = w.store.SaveWorkstation(w.t.Context(), s, old.Revision)
	w.must(err)
}

// newCard registers a card of a person.
func (w *world) newCard(uid string) softagent.Card {
	w.t.Helper()
	key := softagent.New("card", "", nil).Key
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority"}, SubjectKeyId: []byte{0x9f, 0x3c}, IsCA: true, BasicConstraintsValid: true}
	leaf := &x509.Certificate{SerialNumber: new(big.Int).SetBytes([]byte(rand.Text()[:8])), Subject: pkix.Name{CommonName: "Card"}, NotAfter: w.now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), key)
	w.must(err)
	c, err := x509.ParseCertificate(der)
	w.must(err)
	w.must(w.store.AddAuthenticator(w.t.Context(), people.Authenticator{ID: "card of " + uid, UID: uid, Kind: people.Smartcard, Handle: agent.Handle(c)}))
	return softagent.Card{Certificate: c, Signer: key}
}

// signIn makes a session with the card, at a place, with partners that were told.
func (w *world) signIn(id string, at bridge.Place, partners ...string) bridge.Session {
	w.t.Helper()
	s := bridge.Session{ID: id, Key: bridge.Key(id), UID: asha, Method: bridge.MethodSmartcard, Assurance: 3, Authenticator: "card of " + asha, AuthnAt: w.now, Started: w.now, Seen: w.now, Workstation: at.Workstation}
	writes := []bridge.Write{bridge.SaveSession{Session: s}}
	if at.Workstation != "" {
		payload, err := json.Marshal(at)
		w.must(err)
		writes = append(writes, bridge.PutArtifact{Artifact: bridge.Artifact{Kind: bridge.KindPlace, Key: id, Session: id, Payload: payload, Expires: w.now.Add(12 * time.Hour)}})
	}
	for _, p := range partners {
		writes = append(writes, bridge.AddParticipant{Participant: bridge.Participant{Session: id, Partner: p, Protocol: trust.OIDC, Index: "sid of " + p, Subject: "sub at " + p, Since: w.now}})
	}
	w.must(w.hub.Journal.Commit(w.t.Context(), writes...))
	return s
}

func (w *world) ended(id string) bool {
	w.t.Helper()
	s, err := w.store.Session(w.t.Context(), id)
	w.must(err)
	return !s.Ended.IsZero()
}

func (w *world) events(kind ledger.Kind) []ledger.Event {
	w.t.Helper()
	es, err := w.store.Events(w.t.Context(), ledger.Query{Kind: kind})
	w.must(err)
	return es
}

// answer is what the room said.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

func (w *world) post(path, contentType, body string) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, issuer+path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return w.serve(r)
}

func (w *world) serve(r *http.Request) answer {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), text: rec.Body.String()}
	if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
		w.t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
	}
	return a
}

// say sends a message to a route.
func (w *world) say(path, message string) answer {
	w.t.Helper()
	return w.post(path, "application/jwt", message)
}

// event sends what happened to a card at a workstation.
func (w *world) event(id, event string, more map[string]any) answer {
	w.t.Helper()
	claims := map[string]any{"event": event, "reader": "Reader 1", "certificate": w.card.Text(), "user": "2"}
	for k, v := range more {
		claims[k] = v
	}
	return w.say("/workstation/event", w.agents[id].Say("event", claims))
}

func (a answer) want(t *testing.T, status int, code string) {
	t.Helper()
	if got, _ := a.body["error"].(string); a.status != status || got != code {
		t.Errorf("%d %s, want %d %q", a.status, a.text, status, code)
	}
}
