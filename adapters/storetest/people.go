package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

func person(uid string) people.Person {
	far := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	return people.Person{
		UID: uid, Status: people.Active, Name: "Dr Asha Patel", Title: "Dr", GivenName: "Asha", FamilyName: "Patel", Identity: 3,
		Professional: map[string]string{"gmc_id": "1234567"},
		Orgs:         []people.Organisation{{PersonOrgID: "555000000021", Code: "RX1", Name: "Rx One", Opens: time.Date(2020, 4, 1, 0, 0, 0, 0, time.UTC)}},
		Roles: []people.RoleProfile{{
			ID: "555000000011", PersonOrgID: "555000000021", OrgCode: "RX1", Code: "S8000:G8000:R8001",
			Name: `"Clinical":"Clinical Provision":"Nurse Access Role"`, Activities: []people.Coded{{Code: "B0360", Name: "View"}}, Closes: far,
		}},
	}
}

// People is the contract of people.Store.
func People(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t)
	_, err := s.Person(ctx, "555000000001")
	wantError(t, err, people.ErrNotFound)
	p := person("555000000001")
	must(t, s.SavePersons(ctx, p, person("555000000003"), person("555000000002")))
	got, err := s.Person(ctx, p.UID)
	must(t, err)
	wantEqual(t, got, p)
	got.Professional["gmc_id"], got.Roles[0].Activities[0].Code = "changed", "changed"
	again, err := s.Person(ctx, p.UID)
	must(t, err)
	wantEqual(t, again, p)
	p.Status = people.Suspended
	must(t, s.SavePersons(ctx, p))
	again, err = s.Person(ctx, p.UID)
	must(t, err)
	wantEqual(t, again, p)
	page, err := s.Persons(ctx, "", 2)
	must(t, err)
	wantEqual(t, page, []people.Person{p, person("555000000002")})
	page, err = s.Persons(ctx, "555000000002", 2)
	must(t, err)
	wantEqual(t, page, []people.Person{person("555000000003")})
}

// Authenticators is the contract of people.AuthenticatorStore.
func Authenticators(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t)
	now := start()
	a := people.Authenticator{ID: "1", UID: "u", Kind: people.FIDO2, Handle: "h", Label: "Ward key 4", Added: now, Record: []byte{0, 1}}
	b := people.Authenticator{ID: "2", UID: "u", Kind: people.Smartcard, Handle: "h", Added: now.Add(-time.Hour), Expires: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
	must(t, s.AddAuthenticator(ctx, a))
	must(t, s.AddAuthenticator(ctx, b))
	clash := people.Authenticator{ID: "3", UID: "other", Kind: people.FIDO2, Handle: "h"}
	wantError(t, s.AddAuthenticator(ctx, clash), people.ErrConflict)
	clash = people.Authenticator{ID: "1", UID: "other", Kind: people.FIDO2, Handle: "i"}
	wantError(t, s.AddAuthenticator(ctx, clash), people.ErrConflict)
	got, err := s.Authenticator(ctx, people.FIDO2, "h")
	must(t, err)
	wantEqual(t, got, a)
	_, err = s.Authenticator(ctx, people.FIDO2, "nobody")
	wantError(t, err, people.ErrNotFound)
	all, err := s.AuthenticatorsOf(ctx, "u")
	must(t, err)
	wantEqual(t, all, []people.Authenticator{b, a})
	a.Label, a.Used, a.Revoked, a.Expires, a.Record = "lost", now, now, now, []byte{2}
	changed := a
	changed.UID, changed.Kind, changed.Handle, changed.Added = "other", people.Smartcard, "other", time.Time{}
	must(t, s.UpdateAuthenticator(ctx, changed, []byte{0, 1}))
	got, err = s.Authenticator(ctx, people.FIDO2, "h")
	must(t, err)
	wantEqual(t, got, a)
	stale := a
	stale.Revoked = time.Time{} // a sign-in that read it before it was revoked
	must(t, s.UpdateAuthenticator(ctx, stale, []byte{2}))
	got, err = s.Authenticator(ctx, people.FIDO2, "h")
	must(t, err)
	wantEqual(t, got, a)
	wantError(t, s.UpdateAuthenticator(ctx, people.Authenticator{ID: "nobody"}, nil), people.ErrNotFound)
	exactlyOne(t, parallel(20, func(i int) error {
		return s.AddAuthenticator(ctx, people.Authenticator{ID: name("x", i), UID: name("u", i), Kind: people.FIDO2, Handle: "raced"})
	}), people.ErrConflict)
}

// Counters is the contract of UpdateAuthenticator between answers that were judged by one and the same record: exactly one moves the record
// on. Where the record stays as it is, as of a card or a key without a counter, none is in another's way.
func Counters(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t)
	a := people.Authenticator{ID: "1", UID: "u", Kind: people.FIDO2, Handle: "h", Added: start(), Record: []byte("count 7")}
	still := people.Authenticator{ID: "2", UID: "u", Kind: people.FIDO2, Handle: "still", Added: start(), Record: []byte("count 0")}
	card := people.Authenticator{ID: "3", UID: "u", Kind: people.Smartcard, Handle: "h", Added: start()}
	for _, x := range []people.Authenticator{a, still, card} {
		must(t, s.AddAuthenticator(ctx, x))
	}
	for round := range 4 {
		was := []byte(name("count ", round))
		a.Record = was
		must(t, s.UpdateAuthenticator(ctx, a, stored(t, s, a).Record))
		exactlyOne(t, parallel(50, func(i int) error {
			next := a
			next.Record, next.Label = []byte(name("count ", round+1)), name("answer ", i)
			return countBy(s, next, was, i)
		}), people.ErrConflict)
		if got := stored(t, s, a); string(got.Record) != name("count ", round+1) {
			t.Fatalf("stored %q", got.Record)
		}
	}
	for _, x := range []people.Authenticator{still, card} {
		for _, err := range parallel(50, func(i int) error { return countBy(s, x, x.Record, i) }) {
			must(t, err)
		}
	}
	before := stored(t, s, a)
	late := before
	late.Record, late.Label, late.Revoked, late.Used = []byte("count 1"), "late", start(), start()
	wantError(t, s.UpdateAuthenticator(ctx, late, []byte("count 0")), people.ErrConflict)
	wantError(t, s.UpdateAuthenticator(ctx, late, nil), people.ErrConflict)
	wantEqual(t, stored(t, s, a), before)
}

// countBy updates as a sign-in or as one of several writes.
func countBy(s Store, a people.Authenticator, was []byte, i int) error {
	if i%2 == 0 {
		return s.UpdateAuthenticator(context.Background(), a, was)
	}
	return s.Commit(context.Background(), bridge.ChangeAuthenticator{Authenticator: a, Was: was}, bridge.Append{Event: event("u")})
}

func stored(t *testing.T, s Store, a people.Authenticator) people.Authenticator {
	t.Helper()
	got, err := s.Authenticator(context.Background(), a.Kind, a.Handle)
	must(t, err)
	return got
}
