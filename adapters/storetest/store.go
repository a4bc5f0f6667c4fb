package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/trace"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Store is everything that an adapter of storage implements.
type Store interface {
	bridge.Artifacts
	bridge.Journal
	bridge.Sessions
	bridge.Roster
	bridge.Participants
	bridge.Deliveries
	bridge.Emergencies
	people.Store
	people.AuthenticatorStore
	trust.PartnerStore
	trust.InvitationStore
	trust.WorkstationStore
	ledger.Reader
	trace.Store
	Watch(ctx context.Context, changed func())
	Purge(ctx context.Context, now time.Time) (int, error)
	Close() error
}

// Open returns an empty store that is closed when the test ends.
type Open func(t *testing.T) Store

// All runs every contract.
func All(t *testing.T, open Open) {
	t.Run("Artifacts", func(t *testing.T) { Artifacts(t, open) })
	t.Run("Journal", func(t *testing.T) { Journal(t, open) })
	t.Run("Sessions", func(t *testing.T) { Sessions(t, open) })
	t.Run("Participants", func(t *testing.T) { Participants(t, open) })
	t.Run("Deliveries", func(t *testing.T) { Deliveries(t, open) })
	t.Run("Emergencies", func(t *testing.T) { Emergencies(t, open) })
	t.Run("People", func(t *testing.T) { People(t, open) })
	t.Run("Authenticators", func(t *testing.T) { Authenticators(t, open) })
	t.Run("Counters", func(t *testing.T) { Counters(t, open) })
	t.Run("Partners", func(t *testing.T) { Partners(t, open) })
	t.Run("Invitations", func(t *testing.T) { Invitations(t, open) })
	t.Run("Workstations", func(t *testing.T) { Workstations(t, open) })
	t.Run("Ledger", func(t *testing.T) { Ledger(t, open) })
	t.Run("Traces", func(t *testing.T) { Traces(t, open) })
	t.Run("Purge", func(t *testing.T) { Purge(t, open) })
}

// start is when every test happens: the machine's clock, which the stores use too, without its monotonic part.
func start() time.Time { return time.Now().UTC().Round(0) }

func artifact(key string) bridge.Artifact {
	return bridge.Artifact{Kind: bridge.KindReplay, Key: key, Payload: []byte("payload of " + key), Expires: start().Add(time.Hour)}
}

func session(id string) bridge.Session {
	now := start()
	return bridge.Session{
		ID: id, Key: "key of " + id, UID: "555000000001", Method: bridge.MethodFIDO2, Assurance: 3,
		AuthnAt: now.Add(-time.Minute), Started: now.Add(-time.Hour), Seen: now, RoleID: "555000000011",
		Authenticator: "authenticator of " + id, Workstation: "workstation of " + id,
		Standing: bridge.StandingStale, Emergency: now.Add(time.Minute),
	}
}

func participant(session, partner string) bridge.Participant {
	return bridge.Participant{
		Session: session, Partner: partner, Protocol: trust.SAML2, Index: "index " + session + partner,
		Subject: "subject", Format: "pairwise", Since: start(),
	}
}

func event(subject string) ledger.Event {
	return ledger.Event{Time: start(), Kind: ledger.Issued, Subject: subject, Partner: "partner", Ref: "7K4M-2Q9X", Detail: map[string]string{"a": "b"}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error %v, want %v", got, want)
	}
}

func wantEqual(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// parallel runs do n times at once and returns what each returned.
func parallel(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-gate
			errs[i] = do(i)
		})
	}
	close(gate)
	wg.Wait()
	return errs
}

// exactlyOne requires that one succeeded and all others got the given error.
func exactlyOne(t *testing.T, errs []error, others error) {
	t.Helper()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, others):
			t.Fatalf("caller %d: %v, want %v", i, err, others)
		}
	}
	if won != 1 {
		t.Fatalf("%d of %d succeeded, want exactly one", won, len(errs))
	}
}

// ending is a sign-out that ends a session now and leaves its deliveries for a minute.
func ending(logout string, now time.Time) bridge.Ending {
	return bridge.Ending{Logout: logout, Reason: bridge.EndedByUser, At: now, Due: now.Add(time.Minute)}
}

func name(prefix string, i int) string { return fmt.Sprintf("%s%03d", prefix, i) }
