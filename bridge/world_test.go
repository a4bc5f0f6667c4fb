package bridge_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// world is the core with real rules and the memory store, and a clock that the test moves.
type world struct {
	t     *testing.T
	hub   *bridge.Hub
	store *memory.Store
	now   time.Time
	told  []string
	mu    sync.Mutex
}

const (
	uid      = "555021935107"
	other    = "555021935108"
	roleA    = "555000000101"
	roleB    = "555000000102"
	binding  = "browser-one"
	partnerA = "epr"
)

const partners = `
partner: epr
protocol: ticket
stage: live
require: { role: true }
release: [{ set: ssb }]
ticket: { return_urls: [https://epr.example/cb], networks: [10.0.0.0/8] }
---
partner: lab
protocol: ticket
stage: live
require: { assurance: AAL3, identity: 3 }
ticket: { return_urls: [https://lab.example/cb], networks: [10.0.0.0/8] }
---
partner: closed
protocol: ticket
stage: suspended
ticket: { return_urls: [https://closed.example/cb], networks: [10.0.0.0/8] }
`

func role(id, code, org string) people.RoleProfile {
	return people.RoleProfile{ID: id, PersonOrgID: "555000000201", OrgCode: org, OrgName: "Example " + org, Code: "S8000:G8000:" + code, Name: `"Clinical":"Clinical Provision":"Access Role"`}
}

func newWorld(t *testing.T, roles ...people.RoleProfile) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	w.store = memory.NewAt(clock)
	ctx := t.Context()
	if err := w.store.SavePersons(ctx,
		people.Person{UID: uid, Status: people.Active, Name: "Test Doctor", Identity: 3, Roles: roles},
		people.Person{UID: other, Status: people.Active, Name: "Test Nurse", Identity: 3, Roles: []people.RoleProfile{role("555000000109", "R8001", "RX1")}},
	); err != nil {
		t.Fatal(err)
	}
	compiler, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := trust.ReadDocuments(strings.NewReader(partners))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		c, err := trust.Propose(ctx, w.store, compiler, d, nil, trust.CompileOptions{Now: w.now})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Apply(ctx, w.store, w.now); err != nil {
			t.Fatal(err)
		}
	}
	registry := trust.NewRegistry(w.store, compiler, false, clock)
	if err := registry.Load(ctx); err != nil {
		t.Fatal(err)
	}
	w.hub = &bridge.Hub{
		Artifacts: w.store, Journal: w.store, Sessions: w.store, Roster: w.store, Participants: w.store, Deliveries: w.store, Directory: w.store,
		Partners: registry, Translator: translate.Translator{Salt: []byte("salt"), Scope: "rx1.example"},
		Propagators: map[trust.Protocol]bridge.Propagator{trust.Ticket: w}, Clock: clock, Secret: []byte("secret"),
		Methods: []bridge.Offer{{Method: bridge.MethodSmartcard, Assurance: 3}, {Method: bridge.MethodFIDO2, Assurance: 2}},
		Limits:  bridge.DefaultLimits(), Parallel: func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		},
	}
	return w
}

// Propagate implements bridge.Propagator: the lab never answers.
func (w *world) Propagate(_ context.Context, d bridge.Delivery, p trust.Partner) (bridge.DeliveryState, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, p.ID)
	if p.ID == "lab" {
		return bridge.DeliveryNoReply, ""
	}
	return bridge.DeliveryEnded, ""
}

func request(partner string) bridge.Request {
	return bridge.Request{Partner: partner, Protocol: trust.Ticket, Resume: "/resume"}
}

func proof(uid string, a bridge.Assurance, now time.Time) bridge.Proof {
	return bridge.Proof{UID: uid, Method: bridge.MethodSmartcard, Assurance: a, At: now}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, want bridge.Reason) {
	w.t.Helper()
	if err == nil {
		w.t.Fatalf("accepted, want %v", want)
	}
	if got := bridge.AsRefusal(err); got.Reason != want {
		w.t.Fatalf("refused with %v (%v), want %v", got.Reason, err, want)
	}
}

// reload gives the transaction as the next request would find it.
func (w *world) reload(b bridge.Browser, tx bridge.Transaction, step bridge.Step) bridge.Transaction {
	w.t.Helper()
	got, err := w.hub.Transaction(w.t.Context(), b, tx.ID, step, w.hub.StepMAC(tx.ID, step))
	w.must(err)
	return got
}

// signIn runs a request up to the step after authentication and returns the browser with its session.
func (w *world) signIn(req bridge.Request, uid string) (bridge.Browser, bridge.Next) {
	w.t.Helper()
	b := bridge.Browser{Binding: binding}
	next, err := w.hub.Begin(w.t.Context(), b, req)
	w.must(err)
	if next.Step != bridge.StepAuthenticate {
		w.t.Fatalf("step %q, want authenticate", next.Step)
	}
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	b.Session, err = w.hub.Authenticate(w.t.Context(), b, tx, proof(uid, 3, w.now))
	w.must(err)
	next, err = w.hub.Next(w.t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
	w.must(err)
	return b, next
}

func (w *world) issue(next bridge.Next) bridge.Issuance {
	w.t.Helper()
	iss, err := w.hub.Issue(w.t.Context(), next)
	w.must(err)
	w.must(w.hub.Deliver(w.t.Context(), iss))
	return iss
}

func (w *world) events(kind ledger.Kind) []ledger.Event {
	w.t.Helper()
	es, err := w.store.Events(w.t.Context(), ledger.Query{Kind: kind, Limit: 1000})
	w.must(err)
	return es
}
