package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// broken is a connection on which nothing can be read.
type broken struct{ driver.Conn }

func (broken) Prepare(string) (driver.Stmt, error) { return nil, driver.ErrBadConn }

// withoutReaders breaks the connections for reading, so that only the cache can answer.
func withoutReaders(s *Store, f func()) {
	e := s.engine.(*sqliteEngine)
	good := e.readers
	e.readers = make(chan *sqliteConn, 1)
	e.readers <- &sqliteConn{conn: broken{}}
	f()
	e.readers = good
}

func TestCacheAnswersWhatWasWrittenOrRead(t *testing.T) {
	ctx, now := context.Background(), time.Now()
	s := openTemp(t)
	prepareSessions(t, s, 1)
	if err := s.SavePersons(ctx, people.Person{UID: "u", Name: "N"}); err != nil {
		t.Fatal(err)
	}
	a := bridge.Artifact{Kind: bridge.KindGrant, Key: "k", Group: "g", Session: fmt.Sprintf("session%022d", 0), Payload: []byte("p"), Expires: now.Add(time.Hour)}
	if err := s.Put(ctx, a, false); err != nil {
		t.Fatal(err)
	}
	withoutReaders(s, func() {
		x, err := s.SessionByKey(ctx, "0")
		if err != nil || x.UID != "555000000001" {
			t.Errorf("session %+v, %v", x, err)
		}
		if p, err := s.Person(ctx, "u"); err != nil || p.Name != "N" {
			t.Errorf("person %+v, %v", p, err)
		}
		got, err := s.Get(ctx, a.Kind, a.Key, now)
		if err != nil || string(got.Payload) != "p" || got.Group != "g" {
			t.Errorf("artifact %+v, %v", got, err)
		}
		copy(got.Payload, "x")
		if again, _ := s.Get(ctx, a.Kind, a.Key, now); string(again.Payload) != "p" {
			t.Error("a caller changed what the cache holds")
		}
	})
	if _, err := s.Get(ctx, a.Kind, a.Key, a.Expires); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("expired artifact: %v", err)
	}
}

func TestCacheSeesTheNextProcess(t *testing.T) {
	ctx, now := context.Background(), time.Now()
	path := filepath.Join(t.TempDir(), "hub.db")
	serve, command := openFile(t, path), openFile(t, path)
	prepareSessions(t, serve, 1)
	id := fmt.Sprintf("session%022d", 0)
	if err := serve.SavePersons(ctx, people.Person{UID: "u", Status: people.Active}); err != nil {
		t.Fatal(err)
	}
	a := bridge.Artifact{Kind: bridge.KindGrant, Key: "k", Session: id, Payload: []byte("p"), Expires: now.Add(time.Hour)}
	if err := serve.Put(ctx, a, false); err != nil {
		t.Fatal(err)
	}
	if err := command.SavePersons(ctx, people.Person{UID: "u", Status: "left"}); err != nil {
		t.Fatal(err)
	}
	if p, err := serve.Person(ctx, "u"); err != nil || p.Status != "left" {
		t.Errorf("person %+v, %v", p, err)
	}
	if _, err := command.EndSession(ctx, id, bridge.Ending{Logout: "l", At: now}); err != nil {
		t.Fatal(err)
	}
	if x, err := serve.SessionByKey(ctx, "0"); err != nil || x.Ended.IsZero() {
		t.Errorf("session %+v, %v", x, err)
	}
	if _, err := serve.Get(ctx, a.Kind, a.Key, now); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("artifact of an ended session: %v", err)
	}
	p := bridge.Participant{Session: id, Protocol: trust.OIDC, Partner: "p", Since: now}
	if err := serve.Commit(ctx, bridge.AddParticipant{Participant: p}); !errors.Is(err, bridge.ErrSpent) {
		t.Errorf("participant of an ended session: %v", err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	var g generations[int, int]
	for i := range 10 * cachedRows {
		g.put(i, i)
		if _, ok := g.get(0); !ok {
			t.Fatal("what is used is forgotten")
		}
		if n := len(g.young) + len(g.old); n > 2*cachedRows {
			t.Fatalf("%d rows", n)
		}
	}
	if _, ok := g.get(1); ok {
		t.Error("nothing is forgotten")
	}
	if v, ok := g.get(10*cachedRows - 1); !ok || v != 10*cachedRows-1 {
		t.Error("the newest is forgotten")
	}
}

// TestCacheKnowsEveryWrite keeps a new statement from emptying the cache at every use, and from being overlooked.
func TestCacheKnowsEveryWrite(t *testing.T) {
	for s := range statements {
		verb, _, _ := strings.Cut(strings.TrimSpace(sqliteText(s)), " ")
		if verb != "INSERT" && verb != "UPDATE" && verb != "DELETE" {
			continue
		}
		c := &rowCache{}
		c.artifacts.put([2]string{"kept", "kept"}, sqliteRow{})
		c.persons.put("kept", sqliteRow{})
		args := make([]any, sessionWidth+1)
		for i := range args {
			args[i] = ""
		}
		c.apply(&op{stmt: s, args: args, rows: 1})
		_, person := c.persons.get("kept")
		if _, artifact := c.artifacts.get([2]string{"kept", "kept"}); !artifact && !person {
			t.Errorf("statement %d is not known to the cache: %s", s, sqliteText(s))
		}
	}
}

// TestCacheEqualsTheDatabase plays random writes through two stores of one file; after each, both must read
// what a third reads that has no cache.
func TestCacheEqualsTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	a, b, plain := openFile(t, path), openFile(t, path), openFile(t, path)
	plain.engine.(*sqliteEngine).cache = nil
	rnd := rand.New(rand.NewPCG(7, 11))
	for step := range 400 {
		s := a
		if rnd.IntN(4) == 0 {
			s = b
		}
		what := randomWrite(rnd, s)
		if want := everything(plain); !reflect.DeepEqual(everything(a), want) || !reflect.DeepEqual(everything(b), want) {
			t.Fatalf("step %d, %s: a cached read differs from the database\n%v\n%v\n%v", step, what, want, everything(a), everything(b))
		}
	}
	for _, s := range []*Store{a, b} {
		events, err := s.Events(context.Background(), ledger.Query{Limit: 1000})
		for i, e := range events {
			if err != nil || e.Seq != int64(i)+1 {
				t.Fatalf("event %d has number %d, %v", i, e.Seq, err)
			}
		}
	}
}

func randomWrite(rnd *rand.Rand, s *Store) string {
	ctx := context.Background()
	id, key := fmt.Sprintf("s%d", rnd.IntN(4)), fmt.Sprintf("k%d", rnd.IntN(4))
	now := time.Unix(1_800_000_000+int64(rnd.IntN(1000)), 0)
	art := bridge.Artifact{Kind: bridge.KindRefresh, Key: key, Group: key, Payload: []byte(now.String()), Expires: now.Add(time.Hour)}
	if rnd.IntN(2) == 0 {
		art.Session = id
	}
	session := bridge.Session{ID: id, Key: fmt.Sprint(id, "-", rnd.IntN(3)), UID: "u", Started: now, Seen: now}
	part := bridge.Participant{Session: id, Protocol: trust.OIDC, Partner: key, Index: key, Since: now}
	writes := []func() error{
		func() error { return s.Commit(ctx, bridge.SaveSession{Session: session}) },
		func() error {
			return s.Commit(ctx, bridge.SaveSession{Session: session}, bridge.AddParticipant{Participant: part})
		},
		func() error { return s.Commit(ctx, bridge.TouchSession{ID: id, Seen: now}) },
		func() error {
			if rnd.IntN(10) > 0 { // else all have ended after a few steps
				return nil
			}
			_, err := s.EndSession(ctx, id, bridge.Ending{Logout: "l", At: now})
			return err
		},
		func() error { return s.Put(ctx, art, rnd.IntN(2) == 0) },
		func() error { return s.Put(ctx, art, true) },
		func() error { _, err := s.Consume(ctx, art.Kind, key, now); return err },
		func() error { return s.DropGroup(ctx, key) },
		func() error {
			return s.Commit(ctx, bridge.AddParticipant{Participant: part}, bridge.Append{Event: ledger.Event{Time: now, Kind: ledger.Issued}})
		},
		func() error { return s.SavePersons(ctx, people.Person{UID: key, Name: now.String()}) },
		func() error { _, err := s.Purge(ctx, now); return err },
	}
	n := rnd.IntN(len(writes))
	return fmt.Sprint("write ", n, " of ", id, " ", key, ": ", writes[n]())
}

// everything is all that the store answers about the few records there are.
func everything(s *Store) []string {
	ctx, now := context.Background(), time.Unix(1_800_000_500, 0)
	var out []string
	for i := range 4 {
		id, key := fmt.Sprintf("s%d", i), fmt.Sprintf("k%d", i)
		x, err := s.Session(ctx, id)
		out = append(out, fmt.Sprint(x, err))
		for n := range 3 {
			x, err = s.SessionByKey(ctx, fmt.Sprint(id, "-", n))
			out = append(out, fmt.Sprint(x.ID, err))
		}
		a, err := s.Get(ctx, bridge.KindRefresh, key, now)
		out = append(out, fmt.Sprint(a, err))
		p, err := s.Person(ctx, key)
		out = append(out, fmt.Sprint(p, err))
		ps, err := s.Participants(ctx, id)
		out = append(out, fmt.Sprint(ps, err))
	}
	return out
}
