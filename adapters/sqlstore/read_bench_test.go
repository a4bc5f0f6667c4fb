package sqlstore

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// BenchmarkReadSQLite measures the reads of one sign-on: the session, the person, and one artifact.
func BenchmarkReadSQLite(b *testing.B) {
	ctx := context.Background()
	s := openTemp(b)
	prepareSessions(b, s, 1)
	role := people.RoleProfile{ID: "555000000011", OrgCode: "RX1", Code: "S8000:G8000:R8001", Name: `"Clinical":"Clinical Provision":"Nurse Access Role"`, Activities: []people.Coded{{Code: "B0360"}}}
	if err := s.SavePersons(ctx, people.Person{UID: "555000000001", Name: "Dr Asha Patel", Status: people.Active, Roles: []people.RoleProfile{role, role, role}}); err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	if err := s.Put(ctx, bridge.Artifact{Kind: bridge.KindGrant, Key: "k", Payload: make([]byte, 600), Expires: now.Add(time.Hour)}, false); err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"session":  func() error { _, err := s.SessionByKey(ctx, "0"); return err },
		"person":   func() error { _, err := s.Person(ctx, "555000000001"); return err },
		"artifact": func() error { _, err := s.Get(ctx, bridge.KindGrant, "k", now); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkToldSQLite finds the sessions of a name that a partner gives, where thousands of others live.
func BenchmarkToldSQLite(b *testing.B) {
	ctx := context.Background()
	s := openTemp(b)
	const living = 20_000
	fill(b, s, living)
	for from := 0; from < living; from += 1000 {
		var writes []bridge.Write
		for c := from; c < from+1000; c++ {
			writes = append(writes, bridge.AddParticipant{Participant: bridge.Participant{
				Session: fmt.Sprintf("session%022d", c), Partner: "https://pas.rx1.example/", Protocol: trust.SAML2, Index: fmt.Sprint("index-", c), Subject: fmt.Sprint("subject-", c), Since: time.Now(),
			}})
		}
		if err := s.Commit(ctx, writes...); err != nil {
			b.Fatal(err)
		}
	}
	for i := 0; b.Loop(); i++ {
		found, err := s.ParticipantsOf(ctx, trust.SAML2, "https://pas.rx1.example/", fmt.Sprint("subject-", i*7919%living))
		if err != nil || len(found) != 1 {
			b.Fatalf("%v %v", found, err)
		}
	}
}
