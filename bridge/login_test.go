package bridge_test

import (
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

func TestOneRoleIsChosenSilently(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request(partnerA), uid)
	if next.Step != bridge.StepIssue {
		t.Fatalf("step %q, want issue", next.Step)
	}
	iss := w.issue(next)
	if iss.Role.ID != roleA || iss.UID != uid || iss.Index == "" {
		t.Errorf("issuance = %+v", iss)
	}
	if n := len(w.events(ledger.Issued)); n != 1 {
		t.Errorf("%d issued events, want 1", n)
	}
}

func TestSecondPartnerNeedsNoPrompt(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	first := w.issue(next)
	again, err := w.hub.Begin(t.Context(), b, request("lab"))
	w.must(err)
	second := w.issue(again)
	if second.SessionID != first.SessionID || second.Index == first.Index {
		t.Errorf("session %q and %q, index %q and %q", first.SessionID, second.SessionID, first.Index, second.Index)
	}
}

func TestRoleIsAsked(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX2"))
	b, next := w.signIn(request(partnerA), uid)
	if next.Step != bridge.StepRole {
		t.Fatalf("step %q, want role", next.Step)
	}
	tx := w.reload(b, next.Transaction, bridge.StepRole)
	choices, _, err := w.hub.Choices(t.Context(), b, tx)
	w.must(err)
	if len(choices) != 2 {
		t.Fatalf("%d choices, want 2", len(choices))
	}
	old := b
	b.Session, err = w.hub.ChooseRole(t.Context(), b, tx, roleB)
	w.must(err)
	next, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepRole))
	w.must(err)
	if iss := w.issue(next); iss.Role.ID != roleB {
		t.Errorf("role %q, want %q", iss.Role.ID, roleB)
	}
	_, _, err = w.hub.Live(t.Context(), old)
	w.refused(err, bridge.SessionExpired) // row 198: a new secret after the role was chosen
}

func TestZeroRoles(t *testing.T) {
	w := newWorld(t)
	b := bridge.Browser{Binding: binding}
	next, err := w.hub.Begin(t.Context(), b, request(partnerA))
	w.must(err)
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	b.Session, err = w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
	w.must(err)
	_, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
	w.refused(err, bridge.NoRole)

	req := request("lab")
	req.RoleNeeded = true // merely asked for: the app must cope
	next, err = w.hub.Begin(t.Context(), b, req)
	w.must(err)
	if iss := w.issue(next); iss.Role.ID != "" {
		t.Errorf("role %q, want none", iss.Role.ID)
	}
}

func TestRequestsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*bridge.Request)
		want   bridge.Reason
	}{
		"unknown partner":   {func(r *bridge.Request) { r.Partner = "nobody" }, bridge.UnknownPartner},
		"suspended partner": {func(r *bridge.Request) { r.Partner = "closed" }, bridge.PartnerSuspended},
		"passive":           {func(r *bridge.Request) { r.Passive = true }, bridge.NotAuthenticated},
		"passive and force": {func(r *bridge.Request) { r.Passive, r.ForceAuthn = true, true }, bridge.NotAuthenticated},
		"class not offered": {func(r *bridge.Request) { r.Contexts = []bridge.AuthnContext{{Class: "x", Min: 1, Method: "TOTP"}} }, bridge.AssuranceTooLow},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			req := request(partnerA)
			tc.change(&req)
			_, err := w.hub.Begin(t.Context(), bridge.Browser{Binding: binding}, req)
			w.refused(err, tc.want)
		})
	}
}

func TestProofIsAskedAgain(t *testing.T) {
	age := func(d time.Duration) *time.Duration { return &d }
	for name, tc := range map[string]struct {
		change func(*bridge.Request)
		wait   time.Duration
		want   bridge.Step
	}{
		"live":              {func(*bridge.Request) {}, time.Minute, bridge.StepIssue},
		"forced":            {func(r *bridge.Request) { r.ForceAuthn = true }, time.Minute, bridge.StepAuthenticate},
		"max age 0":         {func(r *bridge.Request) { r.MaxAge = age(0) }, time.Second, bridge.StepAuthenticate},
		"max age passed":    {func(r *bridge.Request) { r.MaxAge = age(time.Minute) }, 2 * time.Minute, bridge.StepAuthenticate},
		"max age kept":      {func(r *bridge.Request) { r.MaxAge = age(time.Hour) }, 2 * time.Minute, bridge.StepIssue},
		"idle":              {func(*bridge.Request) {}, 15 * time.Minute, bridge.StepAuthenticate},
		"another subject":   {func(r *bridge.Request) { r.Subject = other }, time.Minute, bridge.StepAuthenticate},
		"stronger possible": {func(r *bridge.Request) { r.Contexts = []bridge.AuthnContext{{Class: "f", Method: bridge.MethodFIDO2}} }, time.Minute, bridge.StepAuthenticate},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			b, next := w.signIn(request(partnerA), uid)
			w.issue(next)
			w.now = w.now.Add(tc.wait)
			req := request(partnerA)
			tc.change(&req)
			next, err := w.hub.Begin(t.Context(), b, req)
			w.must(err)
			if next.Step != tc.want {
				t.Errorf("step %q, want %q", next.Step, tc.want)
			}
		})
	}
}

func TestAbsoluteLimit(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	iss := w.issue(next)
	for range 72 { // active every ten minutes, for twelve hours
		w.now = w.now.Add(10 * time.Minute)
		next, err := w.hub.Begin(t.Context(), b, request(partnerA))
		w.must(err)
		if next.Step != bridge.StepIssue {
			break
		}
		w.issue(next)
	}
	if got := w.now.Sub(iss.At); got != 12*time.Hour {
		t.Errorf("session lived %v, want 12h", got)
	}
	_, err := w.hub.Reissue(t.Context(), bridge.GrantOf(iss, nil), ledger.TicketRead)
	w.refused(err, bridge.SessionExpired)
}

// TestSecurity names the rows of the attack catalogue that the core answers.
func TestSecurity(t *testing.T) {
	t.Run("101", func(t *testing.T) { // the same request twice
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		req := request(partnerA)
		req.Once = bridge.Mark{Key: "id-1", Expires: w.now.Add(time.Minute)}
		b, next := w.signIn(req, uid)
		w.issue(next)
		again, err := w.hub.Begin(t.Context(), b, req)
		w.must(err) // a live session decides at once; the replay shows when it is delivered
		iss, err := w.hub.Issue(t.Context(), again)
		w.must(err)
		w.refused(w.hub.Deliver(t.Context(), iss), bridge.Replayed)
		_, err = w.hub.Begin(t.Context(), bridge.Browser{Binding: "browser-two"}, req)
		w.refused(err, bridge.Replayed)
		if n := len(w.events(ledger.Issued)); n != 1 {
			t.Errorf("%d issued, want 1", n)
		}
	})
	t.Run("110", func(t *testing.T) { // asked for more than was proved
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		b := bridge.Browser{Binding: binding}
		next, err := w.hub.Begin(t.Context(), b, request("lab"))
		w.must(err)
		tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
		b.Session, err = w.hub.Authenticate(t.Context(), b, tx, proof(uid, 2, w.now))
		w.must(err)
		_, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
		w.refused(err, bridge.AssuranceTooLow)
	})
	t.Run("111", func(t *testing.T) { // a request for another subject
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		req := request(partnerA)
		req.Subject = other
		b := bridge.Browser{Binding: binding}
		next, err := w.hub.Begin(t.Context(), b, req)
		w.must(err)
		tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
		b.Session, err = w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
		w.must(err)
		_, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
		w.refused(err, bridge.UnknownSubject)
	})
	t.Run("173", func(t *testing.T) { // a transaction finished in another browser, or by a forged step
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		next, err := w.hub.Begin(t.Context(), bridge.Browser{Binding: binding}, request(partnerA))
		w.must(err)
		id, mac := next.Transaction.ID, w.hub.StepMAC(next.Transaction.ID, bridge.StepAuthenticate)
		_, err = w.hub.Transaction(t.Context(), bridge.Browser{Binding: "victim"}, id, bridge.StepAuthenticate, mac)
		w.refused(err, bridge.TransactionGone)
		_, err = w.hub.Transaction(t.Context(), bridge.Browser{}, id, bridge.StepAuthenticate, mac)
		w.refused(err, bridge.TransactionGone)
		_, err = w.hub.Transaction(t.Context(), bridge.Browser{Binding: binding}, id, bridge.StepIssue, mac)
		w.refused(err, bridge.TransactionGone)
	})
	t.Run("198", func(t *testing.T) { // the secret before sign-in is worth nothing after
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		b := bridge.Browser{Binding: binding, Session: "chosen by the attacker"}
		next, err := w.hub.Begin(t.Context(), b, request(partnerA))
		w.must(err)
		tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
		secret, err := w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
		w.must(err)
		if secret == b.Session {
			t.Fatal("the secret was kept")
		}
		_, _, err = w.hub.Live(t.Context(), b)
		w.refused(err, bridge.SessionExpired)
	})
	t.Run("238", func(t *testing.T) { // roles are asked at every issuance
		w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX2"))
		req := request(partnerA)
		req.RoleID = "555000000999"
		b := bridge.Browser{Binding: binding}
		next, err := w.hub.Begin(t.Context(), b, req)
		w.must(err)
		tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
		b.Session, err = w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
		w.must(err)
		_, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
		w.refused(err, bridge.RoleNotAllowed)
		_, err = w.hub.ChooseRole(t.Context(), b, w.reload(b, tx, bridge.StepRole), "555000000109") // somebody else's
		w.refused(err, bridge.RoleNotAllowed)

		req.RoleID = roleA
		next, err = w.hub.Begin(t.Context(), b, req)
		w.must(err)
		iss := w.issue(next)
		closed := role(roleA, "R8000", "RX1")
		closed.Closes = w.now
		w.must(w.store.SavePersons(t.Context(), people.Person{UID: uid, Status: people.Active, Name: "Test Doctor", Identity: 3, Roles: []people.RoleProfile{closed}}))
		_, err = w.hub.Reissue(t.Context(), bridge.GrantOf(iss, nil), ledger.TicketRead)
		w.refused(err, bridge.RoleNotAllowed)
	})
}

func TestSuspendedPersonIsSignedOut(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	iss := w.issue(next)
	w.must(w.store.SavePersons(t.Context(), people.Person{UID: uid, Status: people.Suspended, Name: "Test Doctor", Identity: 3}))
	_, _, err := w.hub.Live(t.Context(), b)
	w.refused(err, bridge.SessionExpired)
	_, err = w.hub.Reissue(t.Context(), bridge.GrantOf(iss, nil), ledger.TicketRead)
	w.refused(err, bridge.SessionExpired)
}

func TestTransactionIssuesAtMostOnce(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request(partnerA), uid)
	first, err := w.hub.Issue(t.Context(), next)
	w.must(err)
	second, err := w.hub.Issue(t.Context(), next)
	w.must(err)
	w.must(w.hub.Deliver(t.Context(), first))
	w.refused(w.hub.Deliver(t.Context(), second), bridge.TransactionGone)
}
