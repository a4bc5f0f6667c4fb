package sqlstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/storetest"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

func openTemp(tb testing.TB) *Store {
	tb.Helper()
	return openFile(tb, filepath.Join(tb.TempDir(), "hub ?#%.db"))
}

func openFile(tb testing.TB, path string) *Store {
	tb.Helper()
	s, err := OpenSQLite(context.Background(), path, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func TestContractSQLite(t *testing.T) {
	storetest.All(t, func(t *testing.T) storetest.Store { return openTemp(t) })
}

func TestNodesSQLite(t *testing.T) {
	storetest.Nodes(t, func(t *testing.T) (a, b storetest.Store) {
		path := filepath.Join(t.TempDir(), "hub.db")
		return openFile(t, path), openFile(t, path)
	})
}

func TestSQLiteFilesAreTheOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := openFile(t, path)
	if err := s.DropGroup(context.Background(), "g"); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s%s has mode %o", path, suffix, mode)
		}
	}
}

func TestClosedStoreIsUnavailable(t *testing.T) {
	ctx := context.Background()
	s, err := OpenSQLite(ctx, filepath.Join(t.TempDir(), "hub.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	_, get := s.Get(ctx, bridge.KindReplay, "k", time.Now())
	_, person := s.Person(ctx, "u")
	_, consume := s.Consume(ctx, bridge.KindReplay, "k", time.Now())
	for name, err := range map[string]error{"commit": s.Commit(ctx), "get": get, "person": person, "consume": consume} {
		if !errors.Is(err, bridge.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
}

func TestSchemaVersions(t *testing.T) {
	for name, test := range map[string]struct {
		sql  string
		want error
	}{
		"newer and additive":     {"INSERT INTO schema_version VALUES (99, 1); ALTER TABLE sessions ADD COLUMN later TEXT", nil},
		"newer and incompatible": {"INSERT INTO schema_version VALUES (99, 99)", ErrSchema},
		"the same":               {"SELECT 1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hub.db")
			s, err := OpenSQLite(context.Background(), path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.engine.(*sqliteEngine).write.script(test.sql); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s, err = OpenSQLite(context.Background(), path, Options{})
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if err == nil {
				_ = s.Close()
			}
		})
	}
}

// TestUpgradeFromVersion1: sessions that a program of the first schema left live on, without what it did not store.
func TestUpgradeFromVersion1(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "hub.db")
	reopen := func(s *Store) *Store {
		t.Helper()
		if s != nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		s, err := OpenSQLite(ctx, path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := reopen(nil)
	if err := s.engine.(*sqliteEngine).write.script(`DROP VIEW told; DROP TABLE participant_names; DROP INDEX participants_subject; DROP TABLE invitations; DROP TABLE workstations; DROP TABLE emergencies; DROP INDEX sessions_suspended; DROP INDEX sessions_beside; ALTER TABLE sessions DROP COLUMN workstation; ALTER TABLE sessions DROP COLUMN suspended; ALTER TABLE sessions DROP COLUMN standing; ALTER TABLE sessions DROP COLUMN emergency; DROP INDEX sessions_living; ALTER TABLE sessions DROP COLUMN authenticator; DELETE FROM schema_version WHERE version > 1;
		INSERT INTO sessions (id, key, uid, method, assurance, authn_at, started, seen, role_id, ended) VALUES ('s', 'k', 'u', 'CIS2_SMARTCARD', 3, 1, 1, 1, '', 0)`); err != nil {
		t.Fatal(err)
	}
	s = reopen(s)
	found, err := s.Living(ctx, bridge.SessionQuery{UID: "u", Limit: 10})
	if err != nil || len(found) != 1 || found[0].ID != "s" || found[0].Authenticator != "" {
		t.Fatalf("%+v, %v", found, err)
	}
	found[0].Authenticator = "a"
	if err := s.Commit(ctx, bridge.SaveSession{Session: found[0]}); err != nil {
		t.Fatal(err)
	}
	s = reopen(s)
	defer s.Close()
	if got, err := s.SessionByKey(ctx, "k"); err != nil || got.Authenticator != "a" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestNamesOfPurgedSessions: further names go with their session, though a program of before there were any purged it.
func TestNamesOfPurgedSessions(t *testing.T) {
	ctx := context.Background()
	s := openTemp(t)
	p := bridge.Participant{Session: "s", Partner: "p", Protocol: trust.SAML2, Index: "i", Since: time.Unix(1, 0)}
	for _, subject := range []string{"first", "second"} {
		p.Subject = subject
		if err := s.Commit(ctx, bridge.SaveSession{Session: bridge.Session{ID: "s", Key: "k"}}, bridge.AddParticipant{Participant: p}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.engine.(*sqliteEngine).write.script(`DELETE FROM participants; DELETE FROM sessions`); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Participants(ctx, "s"); err != nil || len(left) != 1 {
		t.Fatalf("%+v, %v", left, err)
	}
	if _, err := s.Purge(ctx, time.Unix(2, 0)); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Participants(ctx, "s"); err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}
}

// TestFirstNameIsForOlderPrograms: a program of before there were further names knows every participant, by its first name.
func TestFirstNameIsForOlderPrograms(t *testing.T) {
	ctx := context.Background()
	s := openTemp(t)
	p := bridge.Participant{Session: "s", Partner: "p", Protocol: trust.SAML2, Subject: "first", Since: time.Unix(1, 0)}
	if err := s.Commit(ctx, bridge.SaveSession{Session: bridge.Session{ID: "s", Key: "k"}}, bridge.AddParticipant{Participant: p}); err != nil {
		t.Fatal(err)
	}
	p.Subject = "second"
	if err := s.Commit(ctx, bridge.AddParticipant{Participant: p}); err != nil {
		t.Fatal(err)
	}
	var ended, suspended, since int64
	var index, subject, format string
	read := func(r row) error { return r.Scan(&ended, &suspended, &index, &subject, &format, &since) }
	if err := s.read(ctx, participantNow, read, "s", string(trust.SAML2), "p"); err != nil || subject != "first" || since == 0 {
		t.Errorf("participants has %q since %d, %v", subject, since, err)
	}
}
