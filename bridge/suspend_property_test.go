package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// shift is a ward whose browsers are used by several people in turn, with what must be true of every session whatever they do.
type shift struct {
	t        *rapid.T
	hub      *bridge.Hub
	store    *memory.Store
	now      time.Time
	browsers []bridge.Browser
	stations []string                      // workstation of each browser; empty: not known
	owner    map[string]string             // by browser secret: who was given it
	was      map[string]bridge.Session     // by id: as it was after the last step
	left     map[string]int                // by id of a suspended session: the browser in which it was last in use
	owed     map[string]bridge.Participant // names that partners were told and did not confirm the end of since
	grants   []bridge.Grant
	proving  string // who proves at this moment, and in which browser
	at       int
	issued   int
}

const third = "555021935109"

func newShift(t *rapid.T) *shift {
	s := &shift{
		t: t, now: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC), owner: map[string]string{}, was: map[string]bridge.Session{}, left: map[string]int{}, owed: map[string]bridge.Participant{},
		browsers: []bridge.Browser{{Binding: "one"}, {Binding: "two"}, {Binding: "three"}}, stations: []string{"w2", "w2", ""}, at: -1,
	}
	clock := func() time.Time { return s.now }
	s.store = memory.NewAt(clock)
	for _, id := range []string{uid, other, third} {
		s.must(s.store.SavePersons(context.Background(), people.Person{UID: id, Status: people.Active, Roles: []people.RoleProfile{role(id+"1", "R8000", "RX1")}}))
	}
	yields := []bridge.Yield{bridge.YieldKeep, bridge.YieldSuspend, bridge.YieldEnd}
	s.hub = &bridge.Hub{
		Artifacts: s.store, Journal: s, Sessions: s.store, Roster: s.store, Participants: s.store, Deliveries: s.store, Directory: s.store,
		Partners: s, Propagators: map[trust.Protocol]bridge.Propagator{trust.Ticket: s}, Clock: clock, Secret: []byte("secret"), Limits: bridge.DefaultLimits(),
		Translator: translate.Translator{Salt: []byte("salt")}, Methods: []bridge.Offer{{Method: bridge.MethodSmartcard, Assurance: 3}},
		OnCardRemoval: rapid.SampledFrom([]trust.Removal{trust.RemovalLogout, trust.RemovalLock, trust.RemovalIgnore}).Draw(t, "on card removal"),
		OnSwitch:      rapid.SampledFrom(yields[1:]).Draw(t, "on switch"), OnElsewhere: rapid.SampledFrom(yields).Draw(t, "on elsewhere"),
		KeepApps: rapid.Bool().Draw(t, "keep apps"),
		Parallel: func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		},
	}
	return s
}

func (s *shift) must(err error) {
	if err != nil {
		s.t.Fatal(err)
	}
}

// may takes an error that is a refusal: what may not be is refused, what fails is a mistake.
func (s *shift) may(err error) bool {
	if _, refused := errors.AsType[*bridge.Refusal](err); err != nil && !refused {
		s.t.Fatal(err)
	}
	return err == nil
}

// Partner implements bridge.Partners.
func (s *shift) Partner(protocol trust.Protocol, id string) (trust.Partner, error) {
	subject := rapid.SampledFrom([]trust.SubjectKind{trust.SubjectPairwise, trust.SubjectTransient}).Draw(s.t, "subject of "+id)
	return trust.Partner{ID: id, Name: id, Protocol: protocol, Stage: trust.Live, Terms: trust.Terms{Subject: subject, RoleNeeded: id == "p2"}}, nil
}

// Propagate implements bridge.Propagator.
func (s *shift) Propagate(ctx context.Context, d bridge.Delivery, p trust.Partner) (bridge.DeliveryState, string) {
	x, err := s.store.Session(ctx, d.Participant.Session)
	s.must(err)
	if x.Ended.IsZero() && x.Suspended.IsZero() {
		s.t.Fatalf("%s is told of a session that is in use", p.ID)
	}
	answer := rapid.SampledFrom(answers).Draw(s.t, "answer of "+p.ID)
	if answer == bridge.DeliveryEnded {
		delete(s.owed, d.Participant.ParticipantKey())
	}
	return answer, ""
}

// Commit implements bridge.Journal: whoever is told of somebody is told in a session of theirs that is in use.
func (s *shift) Commit(ctx context.Context, writes ...bridge.Write) error {
	err := s.store.Commit(ctx, writes...)
	if err != nil {
		return err
	}
	for _, w := range writes {
		if told, ok := w.(bridge.AddParticipant); ok {
			s.owed[told.Participant.ParticipantKey()] = told.Participant
		}
		if a, ok := w.(bridge.Append); ok && (a.Event.Kind == ledger.Issued || a.Event.Kind == ledger.TicketRead) {
			x, err := s.store.Session(ctx, a.Event.Tracking)
			s.must(err)
			if !x.Ended.IsZero() || !x.Suspended.IsZero() || x.UID != a.Event.Subject || !s.now.Before(x.Started.Add(s.hub.Limits.Absolute)) {
				s.t.Fatalf("%s in session %+v", a.Event.Kind, x)
			}
			s.issued++
		}
	}
	return nil
}

func (s *shift) prove(i int, who string) {
	ctx, b := context.Background(), s.browsers[i]
	next, err := s.hub.BeginLocal(ctx, b, bridge.Request{Resume: "/", ForceAuthn: true})
	s.must(err)
	tx, err := s.hub.Transaction(ctx, b, next.Transaction.ID, next.Step, s.hub.StepMAC(next.Transaction.ID, next.Step))
	s.must(err)
	tx.Place.Workstation = s.stations[i]
	s.proving, s.at = who, i
	if rapid.Bool().Draw(s.t, "the page asks first") {
		_, err = s.hub.SwitchUser(ctx, b, who, tx.Ref)
		s.must(err)
	}
	secret, err := s.hub.Authenticate(ctx, b, tx, bridge.Proof{UID: who, Method: bridge.MethodSmartcard, Assurance: 3, At: s.now, AuthenticatorID: "card of " + who})
	s.must(err)
	s.browsers[i].Session, s.owner[secret] = secret, who
	x, err := s.store.SessionByKey(ctx, bridge.Key(secret))
	s.must(err)
	if x.UID != who || !x.Suspended.IsZero() || !x.Ended.IsZero() {
		s.t.Fatalf("%s proved and was given %+v", who, x)
	}
	s.check()
	s.left[x.ID], s.proving, s.at = i, "", -1
}

func (s *shift) open(i int, app string) {
	ctx, b := context.Background(), s.browsers[i]
	next, err := s.hub.Begin(ctx, b, request(app))
	if !s.may(err) || next.Step != bridge.StepIssue {
		return
	}
	iss, err := s.hub.Issue(ctx, next)
	s.must(err)
	if rapid.Bool().Draw(s.t, "something comes between") {
		s.apart(i)
	}
	if s.may(s.hub.Deliver(ctx, iss)) {
		s.grants = append(s.grants, bridge.GrantOf(iss, nil))
	}
}

// apart is what happens to a session without its browser.
func (s *shift) apart(i int) {
	ctx := context.Background()
	x, err := s.store.SessionByKey(ctx, bridge.Key(s.browsers[i].Session))
	if err != nil {
		return
	}
	switch rapid.IntRange(0, 3).Draw(s.t, "apart") {
	case 0, 1:
		_, err = s.hub.Suspend(ctx, x.ID, bridge.LogoutCause{Reason: bridge.EndedByLock})
	case 2:
		_, err = s.hub.Logout(ctx, x.ID, bridge.LogoutCause{Reason: bridge.EndedByAdmin})
	case 3:
		from := bridge.Reader{Workstation: trust.Workstation{ID: s.stations[i]}}
		_, err = s.hub.CardRemoved(ctx, people.Authenticator{ID: "card of " + x.UID, UID: x.UID, Kind: people.Smartcard}, from, bridge.LogoutCause{})
	}
	s.must(err)
}

func (s *shift) step() {
	ctx := context.Background()
	i := rapid.IntRange(0, len(s.browsers)-1).Draw(s.t, "browser")
	switch rapid.IntRange(0, 7).Draw(s.t, "what") {
	case 0, 1:
		s.prove(i, rapid.SampledFrom([]string{uid, other, third}).Draw(s.t, "who"))
	case 2, 3:
		s.open(i, rapid.SampledFrom([]string{"p1", "p2"}).Draw(s.t, "app"))
	case 4:
		s.apart(i)
	case 5:
		if len(s.grants) > 0 {
			iss, err := s.hub.Reissue(ctx, rapid.SampledFrom(s.grants).Draw(s.t, "grant"), ledger.TicketRead)
			if s.may(err) {
				s.may(s.hub.Deliver(ctx, iss))
			}
		}
	case 6:
		s.now = s.now.Add(time.Duration(rapid.SampledFrom([]int{1, 10, 14, 29, 30, 31, 200, 700}).Draw(s.t, "minutes")) * time.Minute)
		s.must(s.hub.Sweep(ctx))
		s.must(s.hub.Retry(ctx))
	case 7:
		if rapid.Bool().Draw(s.t, "the browser forgets") {
			s.browsers[i].Session = ""
		}
	}
}

// check compares every session with what it was.
func (s *shift) check() {
	ctx := context.Background()
	for secret, who := range s.owner {
		x, _, err := s.hub.Live(ctx, bridge.Browser{Session: secret})
		if s.may(err) && (x.UID != who || !x.Suspended.IsZero() || !x.Ended.IsZero()) {
			s.t.Fatalf("the secret of %s opens %+v", who, x)
		}
	}
	all := map[string]bridge.Session{}
	for secret := range s.owner {
		if x, err := s.store.SessionByKey(ctx, bridge.Key(secret)); err == nil {
			all[x.ID] = x
		}
	}
	for id, old := range s.was {
		x, ok := all[id]
		if !ok {
			s.t.Fatalf("session %s is lost", id)
		}
		switch {
		case x.UID != old.UID:
			s.t.Fatalf("%s became %s", old.UID, x.UID)
		case !old.Ended.IsZero() && !x.Ended.Equal(old.Ended):
			s.t.Fatalf("%s ended at %s, then at %s", id, old.Ended, x.Ended)
		case x.RoleID != old.RoleID && old.RoleID != "":
			s.t.Fatalf("%s lost its role", id)
		case !old.Suspended.IsZero() && x.Suspended.IsZero():
			s.resumed(old)
		}
	}
	s.was = all
	s.nobodyIsForgotten()
}

// nobodyIsForgotten requires that whoever was told a name will be told of the end by it, or was.
func (s *shift) nobodyIsForgotten() {
	for name, p := range s.owed {
		report, told, err := s.hub.Report(context.Background(), p.Session)
		s.must(err)
		if x := report.Session; x.Ended.IsZero() && !slices.ContainsFunc(told, func(o bridge.Participant) bool { return o.ParticipantKey() == name }) {
			s.t.Fatalf("%+v is a participant of %+v no more: %+v", p, x, told)
		} else if !x.Ended.IsZero() && !slices.ContainsFunc(report.Deliveries, func(d bridge.Delivery) bool { return d.Participant.ParticipantKey() == name }) {
			s.t.Fatalf("%+v is not told of the end of %+v: %+v", p, x, report.Deliveries)
		}
	}
}

// resumed requires that a session was resumed by its own subject, where it was left, in time.
func (s *shift) resumed(old bridge.Session) {
	i := s.left[old.ID]
	station := s.stations[i]
	switch {
	case s.proving != old.UID:
		s.t.Fatalf("a session of %s was resumed by %q", old.UID, s.proving)
	case s.at != i && (station == "" || s.stations[s.at] != station):
		s.t.Fatalf("left in browser %d, resumed in %d", i, s.at)
	case !s.now.Before(old.Suspended.Add(s.hub.Limits.Resume)):
		s.t.Fatalf("suspended at %s, resumed at %s", old.Suspended, s.now)
	case !old.Ended.IsZero():
		s.t.Fatal("resumed after its end")
	}
}

// TestSuspensionKeepsItsPromises: whatever people, cards, clocks and policies do, nothing is issued from a suspended session, no
// session changes its subject, nobody's secret opens another's session, only the same subject resumes, where the session was left and in
// time, what has ended stays so, and no name that a partner was told is forgotten.
func TestSuspensionKeepsItsPromises(t *testing.T) {
	issued, suspended := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := newShift(t)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			s.step()
			s.check()
		}
		issued += s.issued
		es, err := s.store.Events(context.Background(), ledger.Query{Kind: ledger.SessionResumed, Limit: 1000})
		s.must(err)
		suspended += len(es)
	})
	if issued == 0 || suspended == 0 {
		t.Error(fmt.Sprint("nothing was tried: ", issued, " issued, ", suspended, " resumed"))
	}
}
