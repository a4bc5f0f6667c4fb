package bridge_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

const (
	emergencyName = "urn:example:emergency"
	emergencyLife = 30 * time.Minute
	cardID        = "card-1"
)

var opening = bridge.Opening{Reason: "life", Note: "Cardiac arrest."}

// newEmergencyWorld is a world with emergency access, in which the epr and the lab allow it, and a registered card.
func newEmergencyWorld(t *testing.T, roles ...people.RoleProfile) *world {
	t.Helper()
	w := newWorld(t, roles...)
	w.hub.Emergencies, w.hub.Registrations, w.hub.Limits.Idle = w.store, w.store, 4*time.Hour
	w.hub.Emergency = &bridge.EmergencyPolicy{Life: emergencyLife, Reasons: []bridge.EmergencyReason{{Code: "life", Text: "Life"}}}
	w.hub.Translator = translate.Translator{Salt: []byte("salt"), Scope: "rx1.example", Emergency: map[trust.Protocol]string{trust.Ticket: emergencyName}}
	w.changeTerms(func(m *trust.Terms) { m.Emergency = &trust.EmergencyTerms{} })
	w.must(w.store.AddAuthenticator(t.Context(), people.Authenticator{ID: cardID, UID: uid, Kind: people.Smartcard, Handle: "h", Added: w.now}))
	return w
}

// doubtful is a proof by a card whose revocation cannot be known.
func (w *world) doubtful() *bridge.Proof {
	return &bridge.Proof{UID: uid, Method: bridge.MethodSmartcard, Assurance: 2, AuthenticatorID: cardID, At: w.now, Standing: bridge.StandingUnknown}
}

// openWithCard opens emergency access by the card, in the sign-on to a partner.
func (w *world) openWithCard(req bridge.Request) (bridge.Browser, bridge.Transaction, error) {
	w.t.Helper()
	b := bridge.Browser{Binding: binding}
	next, err := w.hub.Begin(w.t.Context(), b, req)
	w.must(err)
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	o := opening
	o.Proof = w.doubtful()
	b.Session, _, err = w.hub.OpenEmergency(w.t.Context(), b, tx, o)
	return b, tx, err
}

func TestEmergencyByCard(t *testing.T) {
	w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
	b, tx, err := w.openWithCard(request(partnerA))
	w.must(err)
	next, err := w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepEmergency))
	w.must(err)
	iss := w.issue(next)
	if s, _, err := w.hub.Live(t.Context(), b); err != nil || !w.hub.Ends(s).Equal(iss.Emergency) {
		t.Errorf("the session ends %s, %v", w.hub.Ends(s), err)
	}
	if iss.Class != emergencyName || !iss.Emergency.Equal(w.now.Add(emergencyLife)) || iss.SessionEnds.After(iss.Emergency) {
		t.Fatalf("told as %q until %s, session ends %s", iss.Class, iss.Emergency, iss.SessionEnds)
	}
	for kind, n := range map[ledger.Kind]int{ledger.EmergencyOpened: 1, ledger.SignedIn: 1, ledger.Issued: 1} {
		if got := w.events(kind); len(got) != n || got[0].Detail["emergency"] == "" {
			t.Errorf("%s: %+v", kind, got)
		}
	}
	all, err := w.store.Emergencies(t.Context(), bridge.EmergencyQuery{Waiting: true, Limit: 10})
	w.must(err)
	if len(all) != 1 || all[0].UID != uid || all[0].Note != opening.Note || all[0].Refused != bridge.CodeEmergencyOnly || !all[0].Until.Equal(w.now.Add(emergencyLife)) {
		t.Fatalf("queue: %+v", all)
	}
	if e := w.events(ledger.EmergencyOpened)[0]; strings.Contains(strings.Join([]string{e.Detail["why"], e.Detail["refused"], e.Reason}, " "), opening.Note) {
		t.Error("the person's words are in the record")
	}

	grant := bridge.GrantOf(iss, nil)
	w.now = w.now.Add(emergencyLife - time.Second)
	again, err := w.hub.Reissue(t.Context(), grant, ledger.TicketRead)
	w.must(err)
	if again.Class != emergencyName || again.SessionEnds.After(iss.Emergency) {
		t.Errorf("told again as %q until %s", again.Class, again.SessionEnds)
	}
	w.now = w.now.Add(time.Second)
	_, err = w.hub.Reissue(t.Context(), grant, ledger.TicketRead)
	w.refused(err, bridge.SessionExpired)
	_, _, err = w.hub.Holder(t.Context(), grant)
	w.refused(err, bridge.SessionExpired)
	_, _, err = w.hub.Live(t.Context(), b)
	w.refused(err, bridge.SessionExpired)

	// a normal proof makes it a normal session again
	next, err = w.hub.Begin(t.Context(), b, request(partnerA))
	w.must(err)
	tx = w.reload(b, next.Transaction, bridge.StepAuthenticate)
	b.Session, err = w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
	w.must(err)
	next, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
	w.must(err)
	if iss := w.issue(next); !iss.Emergency.IsZero() || iss.Class != "" {
		t.Errorf("after a normal proof: %+v", iss)
	}
}

// TestEmergencyOfACardThatIsGone: a card that left its reader while its holder wrote down why opens nothing that outlives it.
func TestEmergencyOfACardThatIsGone(t *testing.T) {
	w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
	b := bridge.Browser{Binding: binding}
	next, err := w.hub.Begin(t.Context(), b, request(partnerA))
	w.must(err)
	o := opening
	o.Proof = w.doubtful()
	w.now = w.now.Add(time.Minute)
	_, err = w.hub.CardRemoved(t.Context(), people.Authenticator{ID: cardID, UID: uid, Kind: people.Smartcard}, bridge.Reader{}, bridge.LogoutCause{})
	w.must(err)
	b.Session, _, err = w.hub.OpenEmergency(t.Context(), b, w.reload(b, next.Transaction, bridge.StepAuthenticate), o)
	w.must(err)
	_, _, err = w.hub.Live(t.Context(), b)
	w.refused(err, bridge.SessionExpired)
}

// TestEmergencyEndsWithAGoodProof: what rested on emergency access alone is a normal session from then on, and nothing more.
func TestEmergencyEndsWithAGoodProof(t *testing.T) {
	w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
	b, tx, err := w.openWithCard(request(partnerA))
	w.must(err)
	b.Session, err = w.hub.Authenticate(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate), proof(uid, 3, w.now))
	w.must(err)
	s, _, err := w.hub.Live(t.Context(), b)
	w.must(err)
	if !s.Emergency.IsZero() || s.Standing != "" {
		t.Errorf("standing %q, emergency access until %s", s.Standing, s.Emergency)
	}
}

// TestEmergencyIsNobodyElses: who asks for another person is not told about the one who is here.
func TestEmergencyIsNobodyElses(t *testing.T) {
	w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
	b, _, err := w.openWithCard(request(partnerA))
	w.must(err)
	for name, contexts := range map[string][]bridge.AuthnContext{"none": nil, "its own": {{Class: emergencyName, Min: 99, Emergency: true}}} {
		req := request(partnerA)
		req.Subject, req.Contexts, req.Passive = other, contexts, true
		if _, err := w.hub.Begin(t.Context(), b, req); bridge.AsRefusal(err).Reason != bridge.NotAuthenticated && bridge.AsRefusal(err).Reason != bridge.UnknownSubject {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEmergencyNeverOverrides lists what keeps even emergency access from being opened, or from being of use.
func TestEmergencyNeverOverrides(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(*world, *bridge.Opening, *bridge.Transaction)
		refused bridge.Reason
	}{
		"an inactive person": {func(w *world, _ *bridge.Opening, _ *bridge.Transaction) {
			w.must(w.store.SavePersons(context.Background(), people.Person{UID: uid, Status: people.Suspended, Identity: 3, Roles: []people.RoleProfile{role(roleA, "R8000", "RX1")}}))
		}, bridge.CredentialUnknown},
		"nobody": {func(_ *world, o *bridge.Opening, _ *bridge.Transaction) { o.Proof.UID = "555000000000" }, bridge.CredentialUnknown},
		"a card withdrawn since it was checked": {func(w *world, _ *bridge.Opening, _ *bridge.Transaction) {
			w.must(w.store.UpdateAuthenticator(context.Background(), people.Authenticator{ID: cardID, UID: uid, Kind: people.Smartcard, Handle: "h", Added: w.now, Revoked: w.now}, nil))
		}, bridge.CredentialRevoked},
		"a card that is not registered": {func(_ *world, o *bridge.Opening, _ *bridge.Transaction) { o.Proof.AuthenticatorID = "another" }, bridge.CredentialRevoked},
		"a proof of another standing":   {func(_ *world, o *bridge.Opening, _ *bridge.Transaction) { o.Proof.Standing = bridge.StandingStale }, bridge.CredentialUnknown},
		"a suspended partner":           {func(_ *world, _ *bridge.Opening, tx *bridge.Transaction) { tx.Request.Partner = "closed" }, bridge.PartnerSuspended},
		"a partner that does not allow it": {func(w *world, _ *bridge.Opening, _ *bridge.Transaction) {
			w.changeTerms(func(m *trust.Terms) { m.Emergency = nil })
		}, bridge.RevocationUnknown},
		"an identity that is too low": {func(w *world, _ *bridge.Opening, _ *bridge.Transaction) {
			w.changeTerms(func(m *trust.Terms) { m.Identity = 4 })
		}, bridge.RevocationUnknown},
		"an assurance below the floor": {func(_ *world, o *bridge.Opening, tx *bridge.Transaction) {
			o.Proof.Assurance, tx.Request.Partner = 1, "lab"
		}, bridge.RevocationUnknown},
		"a class that was asked for": {func(_ *world, _ *bridge.Opening, tx *bridge.Transaction) {
			tx.Request.Contexts = []bridge.AuthnContext{{Class: "c", Min: 3}}
		}, bridge.RevocationUnknown},
		"another person asked for": {func(_ *world, _ *bridge.Opening, tx *bridge.Transaction) { tx.Request.Subject = other }, bridge.RevocationUnknown},
		"whom the policy leaves out": {func(w *world, _ *bridge.Opening, _ *bridge.Transaction) {
			w.hub.Emergency.Who = func(bridge.Facts) bool { return false }
		}, bridge.RevocationUnknown},
		"a hub without emergency access": {func(w *world, _ *bridge.Opening, _ *bridge.Transaction) { w.hub.Emergency = nil }, bridge.UnsupportedRequest},
		"a reason that is not offered":   {func(_ *world, o *bridge.Opening, _ *bridge.Transaction) { o.Reason = "curiosity" }, bridge.BadRequest},
		"no words":                       {func(_ *world, o *bridge.Opening, _ *bridge.Transaction) { o.Note = " \n" }, bridge.BadRequest},
		"too many words": {func(_ *world, o *bridge.Opening, _ *bridge.Transaction) {
			o.Note = strings.Repeat("é", bridge.MaxEmergencyNote+1)
		}, bridge.BadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
			b := bridge.Browser{Binding: binding}
			next, err := w.hub.Begin(t.Context(), b, request(partnerA))
			w.must(err)
			tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
			o := opening
			o.Proof = w.doubtful()
			tc.change(w, &o, &tx)
			_, _, err = w.hub.OpenEmergency(t.Context(), b, tx, o)
			w.refused(err, tc.refused)
			if all, err := w.store.Emergencies(t.Context(), bridge.EmergencyQuery{Limit: 10}); err != nil || len(all) != 0 || len(w.events(ledger.EmergencyOpened)) != 0 {
				t.Errorf("%d opened, %v", len(all), err)
			}
		})
	}
}

// TestEmergencyByTerms lists the refusals of a signed-in clinician in the place of which emergency access is offered, and what it
// gives then.
func TestEmergencyByTerms(t *testing.T) {
	asked := func(c ...bridge.AuthnContext) func(*bridge.Request) {
		return func(r *bridge.Request) { r.Contexts = c }
	}
	with := func(change func(*trust.Terms)) func(*trust.Terms) {
		return func(m *trust.Terms) { m.Emergency = &trust.EmergencyTerms{}; change(m) }
	}
	compiler, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	never, err := compiler.Condition("role.code == 'R0001'")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		terms   func(*trust.Terms)
		change  func(*bridge.Request)
		roles   []people.RoleProfile
		low     bool          // the proof is of assurance 2
		refused bridge.Reason // without an offer
		roleID  string        // that is told
	}{
		"role by condition":     {terms: with(func(m *trust.Terms) { m.When = never }), roles: []people.RoleProfile{role(roleA, "R8000", "RX1")}, roleID: roleA},
		"no role":               {terms: with(func(*trust.Terms) {})},
		"assurance":             {terms: with(func(m *trust.Terms) { m.Assurance = 3 }), roles: []people.RoleProfile{role(roleA, "R8000", "RX1")}, low: true, roleID: roleA},
		"its own class":         {terms: with(func(*trust.Terms) {}), change: asked(bridge.AuthnContext{Class: emergencyName, Min: 99, Emergency: true}), roles: []people.RoleProfile{role(roleA, "R8000", "RX1")}, roleID: roleA},
		"class, by the terms":   {terms: with(func(m *trust.Terms) { m.Emergency.Unasked = true }), change: asked(bridge.AuthnContext{Class: "c", Min: 3}), roles: []people.RoleProfile{role(roleA, "R8000", "RX1")}, low: true, roleID: roleA},
		"class":                 {terms: with(func(*trust.Terms) {}), change: asked(bridge.AuthnContext{Class: "c", Min: 3}), roles: []people.RoleProfile{role(roleA, "R8000", "RX1")}, low: true, refused: bridge.AssuranceTooLow},
		"identity":              {terms: with(func(m *trust.Terms) { m.Identity = 4 }), roles: []people.RoleProfile{role(roleA, "R8000", "RX1")}, refused: bridge.IdentityTooLow},
		"not allowed":           {terms: func(m *trust.Terms) { m.Emergency = nil }, refused: bridge.NoRole},
		"another's role":        {terms: with(func(*trust.Terms) {}), change: func(r *bridge.Request) { r.RoleID = roleB }, roles: []people.RoleProfile{role(roleA, "R8000", "RX1")}, refused: bridge.RoleNotAllowed},
		"somebody else, weakly": {terms: with(func(m *trust.Terms) { m.Assurance = 3 }), change: func(r *bridge.Request) { r.Subject = other }, low: true, refused: bridge.AssuranceTooLow},
		"somebody else":         {terms: with(func(m *trust.Terms) { m.When = never }), change: func(r *bridge.Request) { r.Subject = other }, roles: []people.RoleProfile{role(roleA, "R8000", "RX1")}, refused: bridge.UnknownSubject},
	} {
		t.Run(name, func(t *testing.T) {
			w := newEmergencyWorld(t, tc.roles...)
			w.hub.Methods = []bridge.Offer{{Method: bridge.MethodSmartcard, Assurance: 3}}
			w.changeTerms(tc.terms)
			req := request(partnerA)
			if tc.change != nil {
				tc.change(&req)
			}
			b := bridge.Browser{Binding: binding}
			next, err := w.hub.Begin(t.Context(), b, req)
			w.must(err)
			tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
			given := proof(uid, 3, w.now)
			if tc.low {
				given.Assurance = 2
			}
			b.Session, err = w.hub.Authenticate(t.Context(), b, tx, given)
			w.must(err)
			next, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
			if tc.refused != 0 {
				w.refused(err, tc.refused)
				_, _, err = w.hub.OpenEmergency(t.Context(), b, w.reload(b, tx, bridge.StepEmergency), opening)
				w.refused(err, tc.refused)
				return
			}
			w.must(err)
			if next.Step != bridge.StepEmergency || next.Refused == nil {
				t.Fatalf("step %q, %v", next.Step, next.Refused)
			}
			old := b
			b.Session, _, err = w.hub.OpenEmergency(t.Context(), b, w.reload(b, tx, bridge.StepEmergency), opening)
			w.must(err)
			_, _, err = w.hub.Live(t.Context(), old)
			w.refused(err, bridge.SessionExpired) // the secret changes with what it opens
			next, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepEmergency))
			w.must(err)
			iss := w.issue(next)
			if iss.Class != emergencyName || iss.Emergency.IsZero() || iss.SessionEnds.After(iss.Emergency) || iss.Role.ID != tc.roleID {
				t.Errorf("told as %q, role %q, until %s", iss.Class, iss.Role.ID, iss.SessionEnds)
			}
		})
	}
}

// TestEmergencyKnowsThePlace: where a condition on the place of the session holds, nothing else is offered.
func TestEmergencyKnowsThePlace(t *testing.T) {
	compiler, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	vouched, err := compiler.Condition("session.place.jkt == 'thumb'")
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bridge.Step{"thumb": bridge.StepIssue, "other": bridge.StepEmergency} {
		w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
		w.changeTerms(func(m *trust.Terms) { m.When = vouched })
		b := bridge.Browser{Binding: binding}
		next, err := w.hub.Begin(t.Context(), b, request(partnerA))
		w.must(err)
		tx := next.Transaction
		w.must(w.hub.SetPlace(t.Context(), w.reload(b, tx, bridge.StepAuthenticate), bridge.Place{Workstation: "bay4", Key: key}))
		b.Session, err = w.hub.Authenticate(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate), proof(uid, 3, w.now))
		w.must(err)
		next, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
		w.must(err)
		if next.Step != want {
			t.Errorf("vouched for by %s: step %q, want %q", key, next.Step, want)
		}
	}
}

// TestEmergencyByCardBesideGoodProof: a card of unknown standing opens emergency access beside a good proof, which other apps go on with; where
// the request wants a newer proof than that, the card's takes its place.
func TestEmergencyByCardBesideGoodProof(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world, *bridge.Request, *bridge.Browser)
		kept   bool
	}{
		"beside":        {func(*world, *bridge.Request, *bridge.Browser) {}, true},
		"a newer proof": {func(_ *world, r *bridge.Request, _ *bridge.Browser) { r.ForceAuthn = true }, false},
		"idle":          {func(w *world, _ *bridge.Request, _ *bridge.Browser) { w.now = w.now.Add(5 * time.Hour) }, false},
		"the key is withdrawn": {func(w *world, _ *bridge.Request, _ *bridge.Browser) {
			w.must(w.store.UpdateAuthenticator(context.Background(), people.Authenticator{ID: "key", UID: uid, Kind: people.FIDO2, Handle: "key", Revoked: w.now}, nil))
		}, false},
		"it does not help": {func(w *world, _ *bridge.Request, b *bridge.Browser) {
			w.must(w.store.SavePersons(context.Background(), people.Person{UID: uid, Status: people.Active, Identity: 3}))
			s, err := w.store.SessionByKey(context.Background(), bridge.Key(b.Session))
			w.must(err)
			s.Assurance = 1
			w.must(w.store.Commit(context.Background(), bridge.SaveSession{Session: s}))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
			w.must(w.store.AddAuthenticator(t.Context(), people.Authenticator{ID: "key", UID: uid, Kind: people.FIDO2, Handle: "key", Added: w.now}))
			w.changeTerms(func(m *trust.Terms) { m.Assurance = 3 })
			b := bridge.Browser{Binding: binding}
			next, err := w.hub.BeginLocal(t.Context(), b, bridge.Request{Resume: "/"})
			w.must(err)
			given := proof(uid, 2, w.now)
			given.Method, given.AuthenticatorID = bridge.MethodFIDO2, "key"
			b.Session, err = w.hub.Authenticate(t.Context(), b, w.reload(b, next.Transaction, bridge.StepAuthenticate), given)
			w.must(err)
			before, _, err := w.hub.Live(t.Context(), b)
			w.must(err)
			req := request(partnerA)
			c.change(w, &req, &b)
			step, err := w.hub.Begin(t.Context(), b, req)
			w.must(err)
			if step.Step != bridge.StepAuthenticate {
				t.Fatalf("step %q", step.Step)
			}
			o := opening
			o.Proof = w.doubtful()
			tx := w.reload(b, step.Transaction, bridge.StepAuthenticate)
			b.Session, _, err = w.hub.OpenEmergency(t.Context(), b, tx, o)
			w.must(err)
			after, _, err := w.hub.Live(t.Context(), b)
			w.must(err)
			if kept := after.Method == bridge.MethodFIDO2 && after.Authenticator == "key" && after.AuthnAt.Equal(before.AuthnAt) && !after.EmergencyOnly(); kept != c.kept {
				t.Errorf("%+v", after)
			}
			if !after.InEmergency(w.now) {
				t.Error("it is not open")
			}
			next2, err := w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepEmergency))
			w.must(err)
			if iss := w.issue(next2); iss.Class != emergencyName || iss.Emergency.IsZero() {
				t.Errorf("told as %q", iss.Class)
			}
			if n := len(w.events(ledger.SignedIn)); (n == 1) != c.kept {
				t.Errorf("%d sign-ins on record", n)
			}
		})
	}
}

// TestEmergencyBesideGoodProof: what a good proof does for by itself goes on as it was, and is told as it is.
func TestEmergencyBesideGoodProof(t *testing.T) {
	w := newEmergencyWorld(t)
	b, next := w.signIn(request("lab"), uid)
	ordinary := w.issue(next)
	next, err := w.hub.Begin(t.Context(), b, request(partnerA)) // needs a role, and there is none
	w.must(err)
	if next.Step != bridge.StepEmergency {
		t.Fatalf("step %q", next.Step)
	}
	b.Session, _, err = w.hub.OpenEmergency(t.Context(), b, w.reload(b, next.Transaction, bridge.StepEmergency), opening)
	w.must(err)
	for _, at := range []time.Duration{0, emergencyLife} {
		w.now = w.now.Add(at)
		iss, err := w.hub.Reissue(t.Context(), bridge.GrantOf(ordinary, nil), ledger.TicketRead)
		w.must(err)
		if !iss.Emergency.IsZero() || iss.Class != "" || !iss.SessionEnds.Equal(ordinary.SessionEnds) {
			t.Errorf("the lab is told %q until %s", iss.Class, iss.SessionEnds)
		}
	}
	next, err = w.hub.Begin(t.Context(), b, request("lab"))
	w.must(err)
	if next.Step != bridge.StepAuthenticate {
		t.Errorf("after it is over the next step is %q, want a proof", next.Step)
	}
}

// TestEmergencyBesideUnknownStanding: policy may take a credential though nobody can tell how it stands, as of a key whose model nothing
// is known of. A session with such a proof does not rest on emergency access that is opened beside it.
func TestEmergencyBesideUnknownStanding(t *testing.T) {
	w := newEmergencyWorld(t)
	unknown := func(b bridge.Browser, req bridge.Request) bridge.Browser {
		req.ForceAuthn = true
		next, err := w.hub.Begin(t.Context(), b, req)
		w.must(err)
		p := bridge.Proof{UID: uid, Method: bridge.MethodFIDO2, Assurance: 3, At: w.now, Standing: bridge.StandingUnknown}
		b.Session, err = w.hub.Authenticate(t.Context(), b, w.reload(b, next.Transaction, bridge.StepAuthenticate), p)
		w.must(err)
		return b
	}
	w.changeTerms(func(m *trust.Terms) {
		if m.Assurance == 3 { // the lab does without
			m.Emergency = nil
		}
	})
	b := unknown(bridge.Browser{Binding: binding}, request("lab"))
	next, err := w.hub.Begin(t.Context(), b, request("lab"))
	w.must(err)
	ordinary := w.issue(next)
	next, err = w.hub.Begin(t.Context(), b, request(partnerA)) // needs a role, and there is none
	w.must(err)
	b.Session, _, err = w.hub.OpenEmergency(t.Context(), b, w.reload(b, next.Transaction, bridge.StepEmergency), opening)
	w.must(err)
	until := w.now.Add(emergencyLife)
	lab := func(when string) {
		t.Helper()
		iss, err := w.hub.Reissue(t.Context(), bridge.GrantOf(ordinary, nil), ledger.TicketRead)
		if err != nil || !iss.Emergency.IsZero() || iss.Standing != bridge.StandingUnknown || !iss.SessionEnds.Equal(ordinary.SessionEnds) {
			t.Errorf("%s: the lab is told %q until %s, %v", when, iss.Class, iss.SessionEnds, err)
		}
		if s := w.shown(b); s.EmergencyOnly() {
			t.Errorf("%s: the session rests on emergency access", when)
		}
	}
	lab("while it is open")
	b = unknown(b, request("lab"))
	lab("after another proof of the kind")
	if s := w.shown(b); !s.Emergency.Equal(until) {
		t.Errorf("open until %s, want %s", s.Emergency, until)
	}
	w.now = until
	lab("after it")
	if _, _, err := w.hub.Live(t.Context(), b); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// TestEmergencyIsAQuestion: it is not offered where no page may be shown, nor again after it was declined.
func TestEmergencyIsAQuestion(t *testing.T) {
	w := newEmergencyWorld(t)
	b, next := w.signIn(request(partnerA), uid)
	if next.Step != bridge.StepEmergency {
		t.Fatalf("step %q", next.Step)
	}
	passive := request(partnerA)
	passive.Passive = true
	_, err := w.hub.Begin(t.Context(), b, passive)
	w.refused(err, bridge.NoRole)
	tx := w.reload(b, next.Transaction, bridge.StepEmergency)
	w.must(w.hub.Decline(t.Context(), tx))
	_, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepIssue))
	w.refused(err, bridge.NoRole)
	_, err = w.hub.BeginProven(t.Context(), request(partnerA), proof(uid, 3, w.now))
	w.refused(err, bridge.NoRole)
}

func TestEmergencyReview(t *testing.T) {
	w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
	_, _, err := w.openWithCard(request(partnerA))
	w.must(err)
	all, err := w.store.Emergencies(t.Context(), bridge.EmergencyQuery{Waiting: true, Limit: 10})
	w.must(err)
	id := all[0].ID
	good := bridge.Review{By: other, Outcome: bridge.NotJustified, Note: "No arrest that day."}
	for name, tc := range map[string]struct {
		id     string
		change func(*bridge.Review)
		want   error
	}{
		"one's own":       {id, func(r *bridge.Review) { r.By = uid }, bridge.ErrOwnReview},
		"by nobody":       {id, func(r *bridge.Review) { r.By = "555000000000" }, bridge.ErrReviewer},
		"without outcome": {id, func(r *bridge.Review) { r.Outcome = "" }, bridge.ErrBadReview},
		"without note":    {id, func(r *bridge.Review) { r.Note = "  " }, bridge.ErrBadReview},
		"of nothing":      {"nowhere", func(*bridge.Review) {}, bridge.ErrNotFound},
	} {
		r := good
		tc.change(&r)
		if _, err := w.hub.ReviewEmergency(t.Context(), tc.id, r); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	e, err := w.hub.ReviewEmergency(t.Context(), id, good)
	w.must(err)
	if e.Review.By != other || !e.Review.At.Equal(w.now) {
		t.Errorf("%+v", e.Review)
	}
	if _, err := w.hub.ReviewEmergency(t.Context(), id, good); !errors.Is(err, bridge.ErrSpent) {
		t.Errorf("a second review: %v", err)
	}
	events := w.events(ledger.EmergencyReviewed)
	if len(events) != 1 || events[0].Subject != uid || events[0].Detail["by"] != other || events[0].Reason != "not_justified" {
		t.Errorf("record: %+v", events)
	}
	if all, err := w.store.Emergencies(t.Context(), bridge.EmergencyQuery{Waiting: true, Limit: 10}); err != nil || len(all) != 0 {
		t.Errorf("%d still wait, %v", len(all), err)
	}
}

// deaf refuses so many alerts, then takes them.
type deaf struct {
	fails int
	heard []string
}

func (d *deaf) Alert(_ context.Context, id string, _ time.Time) error {
	if d.fails--; d.fails >= 0 {
		return errors.New("deaf")
	}
	d.heard = append(d.heard, id)
	return nil
}

// TestEmergencyAlert: it is tried at once and until it is taken, and taken once.
func TestEmergencyAlert(t *testing.T) {
	w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
	d := &deaf{fails: 10}
	w.hub.Emergency.Alert = d
	_, _, err := w.openWithCard(request(partnerA))
	w.must(err)
	if err := w.hub.SendAlerts(t.Context()); err == nil {
		t.Fatal("the first failure was not told")
	}
	for range 24 {
		w.now = w.now.Add(time.Hour)
		_ = w.hub.SendAlerts(t.Context()) // fails nine times more
	}
	all, err := w.store.Emergencies(t.Context(), bridge.EmergencyQuery{Waiting: true, Limit: 10})
	w.must(err)
	if len(d.heard) != 1 || d.heard[0] != all[0].ID || all[0].Attempts != 11 || !all[0].AlertDue.IsZero() {
		t.Errorf("heard %v; %+v", d.heard, all[0])
	}
}
