package storetest

import (
	"context"
	"testing"
	"time"

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
	must(t, s.UpdateAuthenticator(ctx, changed))
	got, err = s.Authenticator(ctx, people.FIDO2, "h")
	must(t, err)
	wantEqual(t, got, a)
	stale := a
	stale.Revoked = time.Time{} // a sign-in that read it before it was revoked
	must(t, s.UpdateAuthenticator(ctx, stale))
	got, err = s.Authenticator(ctx, people.FIDO2, "h")
	must(t, err)
	wantEqual(t, got, a)
	wantError(t, s.UpdateAuthenticator(ctx, people.Authenticator{ID: "nobody"}), people.ErrNotFound)
	exactlyOne(t, parallel(20, func(i int) error {
		return s.AddAuthenticator(ctx, people.Authenticator{ID: name("x", i), UID: name("u", i), Kind: people.FIDO2, Handle: "raced"})
	}), people.ErrConflict)
}
