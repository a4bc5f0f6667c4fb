package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// crowd stores n living sessions of uid, three of each moment, without browsers and apps.
func (w *world) crowd(n int, change func(i int, s *bridge.Session)) {
	w.t.Helper()
	for i := range n {
		at := w.now.Add(-time.Duration(i/3) * time.Second)
		s := bridge.Session{
			ID: fmt.Sprintf("crowd%05d", i), Key: fmt.Sprintf("key%05d", i), UID: uid, Method: bridge.MethodSmartcard, Authenticator: "card",
			Assurance: 3, AuthnAt: at, Started: at, Seen: at,
		}
		if change != nil {
			change(i, &s)
		}
		w.must(w.store.Commit(w.t.Context(), bridge.SaveSession{Session: s}))
	}
}

func (w *world) living() int {
	w.t.Helper()
	found, err := w.store.Living(w.t.Context(), bridge.SessionQuery{Limit: 1_000_000})
	w.must(err)
	return len(found)
}

// TestAllEndHoweverMany: pages end where sessions of one moment are, and none is left out, seen twice or added.
func TestAllEndHoweverMany(t *testing.T) {
	for _, tc := range []struct{ sessions, page int }{{0, 7}, {1, 7}, {7, 7}, {8, 7}, {50, 7}, {50, 1}, {50, 100}, {49, 7}} {
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		w.crowd(tc.sessions, nil)
		seen := map[string]bool{}
		ended, err := w.hub.EndAll(t.Context(), bridge.SessionQuery{UID: uid, Limit: tc.page}, func(s bridge.Session) (bool, error) {
			if seen[s.ID] {
				t.Errorf("%+v: %s is there twice", tc, s.ID)
			}
			seen[s.ID] = true
			if len(seen) == 3 { // somebody signs in meanwhile
				late := s
				late.ID, late.Key, late.Started = "late", "late", w.now.Add(time.Second)
				w.must(w.store.Commit(t.Context(), bridge.SaveSession{Session: late}))
			}
			return true, nil
		}, bridge.LogoutCause{Reason: bridge.EndedByAdmin})
		w.must(err)
		late := min(tc.sessions/3, 1)
		if ended.Sessions != tc.sessions || len(seen) != tc.sessions || w.living() != late || len(w.events(ledger.SessionEnded)) != tc.sessions {
			t.Errorf("%+v: ended %+v, saw %d, %d live", tc, ended, len(seen), w.living())
		}
	}
}

// TestCardOfManySessions: what the card began may stand behind a thousand other sessions of the person.
func TestCardOfManySessions(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	const all = bridge.SessionsAtOnce + 4
	w.crowd(all, func(i int, s *bridge.Session) {
		if i < bridge.SessionsAtOnce {
			s.Authenticator = "another"
		}
	})
	w.hub.OnCardRemoval = "ignore"
	card := people.Authenticator{ID: "card", UID: uid, Kind: people.Smartcard}
	done, err := w.hub.CardRemoved(t.Context(), card, bridge.Reader{}, bridge.LogoutCause{By: "agent"})
	if err != nil || done.Left != 4 || done.Ended.Sessions != 0 || w.living() != all {
		t.Errorf("the hub ignores cards: %+v, %d live, %v", done, w.living(), err)
	}
	w.hub.OnCardRemoval = ""
	done, err = w.hub.CardRemoved(t.Context(), card, bridge.Reader{}, bridge.LogoutCause{By: "agent"})
	if err != nil || done.Left != 0 || done.Ended.Sessions != 4 || w.living() != bridge.SessionsAtOnce {
		t.Errorf("%+v, %d live, %v", done, w.living(), err)
	}
}

// stubborn is a store that cannot end some sessions.
type stubborn struct {
	bridge.Sessions
	stays func(id string) bool
}

var errStubborn = errors.New("stays")

func (s stubborn) EndSession(ctx context.Context, id string, e bridge.Ending, events ...ledger.Event) ([]bridge.Delivery, error) {
	if s.stays(id) {
		return nil, errStubborn
	}
	return s.Sessions.EndSession(ctx, id, e, events...)
}

// TestOneThatStaysKeepsNoOther, and a store that ends nothing is not asked for ever.
func TestOneThatStaysKeepsNoOther(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	w.crowd(50, nil)
	store := w.hub.Sessions
	q, cause := bridge.SessionQuery{UID: uid, Limit: 10}, bridge.LogoutCause{Reason: bridge.EndedBySuspension}
	asked := 0
	w.hub.Sessions = stubborn{store, func(string) bool { asked++; return true }}
	ended, err := w.hub.EndAll(t.Context(), q, nil, cause)
	if !errors.Is(err, errStubborn) || ended.Sessions != 0 || asked != 10 {
		t.Errorf("ended %+v, asked for %d, %v", ended, asked, err)
	}
	w.hub.Sessions = stubborn{store, func(id string) bool { return strings.HasSuffix(id, "1") || strings.HasSuffix(id, "2") }}
	ended, err = w.hub.EndAll(t.Context(), q, nil, cause)
	if n := strings.Count(fmt.Sprint(err), errStubborn.Error()); !errors.Is(err, errStubborn) || n != 10 || ended.Sessions != 40 || w.living() != 10 {
		t.Errorf("ended %+v, %d live, %d errors: %v", ended, w.living(), n, err)
	}
	broken := errors.New("cannot tell")
	w.hub.Sessions = store
	ended, err = w.hub.EndAll(t.Context(), q, func(s bridge.Session) (bool, error) { return true, map[bool]error{true: broken}[s.ID == "crowd00011"] }, cause)
	if !errors.Is(err, broken) || ended.Sessions != 9 || w.living() != 1 {
		t.Errorf("a match that cannot tell: ended %+v, %d live, %v", ended, w.living(), err)
	}
}

// TestErrorsOfEndAllAreBounded.
func TestErrorsOfEndAllAreBounded(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	w.crowd(60, nil)
	w.hub.Sessions = stubborn{w.hub.Sessions, func(id string) bool { return !strings.HasSuffix(id, "0") }}
	ended, err := w.hub.EndAll(t.Context(), bridge.SessionQuery{Limit: 12}, nil, bridge.LogoutCause{Reason: bridge.EndedByAdmin})
	if n := strings.Count(fmt.Sprint(err), errStubborn.Error()); n != 20 || ended.Sessions != 6 {
		t.Errorf("%d errors, ended %+v", n, ended)
	}
}

func TestPlacesAreInOrder(t *testing.T) {
	now := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	order := []bridge.SessionPlace{{Started: now.Add(1), ID: "b"}, {Started: now, ID: "a"}, {Started: now, ID: "b"}, {Started: now.Add(-1), ID: "a"}, {}}
	for i, p := range order {
		for j, o := range order {
			if p.Before(o) != (i < j) {
				t.Errorf("%+v before %+v: %v", p, o, p.Before(o))
			}
		}
	}
	ids := func(list []bridge.Session) (out []string) {
		for _, s := range list {
			out = append(out, s.ID)
		}
		return out
	}
	w := newWorld(t)
	w.crowd(5, nil)
	var got []string
	stop := errors.New("enough")
	err := w.hub.EachLiving(t.Context(), bridge.SessionQuery{Limit: 2}, func(page []bridge.Session) error {
		got = append(got, ids(page)...)
		if len(got) == 4 {
			return stop
		}
		return nil
	})
	if want := []string{"crowd00000", "crowd00001", "crowd00002", "crowd00003"}; !errors.Is(err, stop) || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}
