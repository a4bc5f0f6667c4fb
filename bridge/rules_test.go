package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// terms are the partners of a test that changes their terms under way.
type terms struct {
	bridge.Partners
	change func(*trust.Terms)
}

func (p terms) Partner(protocol trust.Protocol, id string) (trust.Partner, error) {
	found, err := p.Partners.Partner(protocol, id)
	if err == nil {
		p.change(&found.Terms)
	}
	return found, err
}

func (w *world) changeTerms(change func(*trust.Terms)) {
	w.hub.Partners = terms{w.hub.Partners, change}
}

// TestDecision lists the rules of the dispatcher on a session of roleA (unless roles says otherwise), each at
// the value where it turns.
func TestDecision(t *testing.T) {
	age := func(d time.Duration) *time.Duration { return &d }
	two := []people.RoleProfile{role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX2")}
	class := func(min, max bridge.Assurance) []bridge.AuthnContext {
		return []bridge.AuthnContext{{Class: "c", Min: min, Max: max, Method: bridge.MethodSmartcard}}
	}
	for name, tc := range map[string]struct {
		partner string
		change  func(*bridge.Request)
		terms   func(*trust.Terms)
		roles   []people.RoleProfile // open now
		wait    time.Duration
		want    bridge.Step
		refused bridge.Reason
	}{
		"age at its limit":                  {change: func(r *bridge.Request) { r.MaxAge = age(time.Minute) }, wait: time.Minute, want: bridge.StepIssue},
		"idle by one second less":           {wait: 15*time.Minute - time.Second, want: bridge.StepIssue},
		"idle by the terms, at the limit":   {terms: func(m *trust.Terms) { m.Idle = time.Minute }, wait: time.Minute, want: bridge.StepIssue},
		"idle by the terms":                 {terms: func(m *trust.Terms) { m.Idle = time.Minute }, wait: time.Minute + time.Second, want: bridge.StepAuthenticate},
		"class by level":                    {change: func(r *bridge.Request) { r.Contexts = class(3, 3) }, want: bridge.StepIssue},
		"class above every offer":           {change: func(r *bridge.Request) { r.Contexts = class(4, 0) }, refused: bridge.AssuranceTooLow},
		"class below every offer":           {change: func(r *bridge.Request) { r.Contexts = class(0, 2) }, refused: bridge.AssuranceTooLow},
		"class of any method":               {change: func(r *bridge.Request) { r.Contexts = []bridge.AuthnContext{{Class: "c"}} }, want: bridge.StepIssue},
		"class by identity":                 {change: func(r *bridge.Request) { r.Contexts = []bridge.AuthnContext{{Class: "c", Identity: 3}} }, want: bridge.StepIssue},
		"class above the person's identity": {change: func(r *bridge.Request) { r.Contexts = []bridge.AuthnContext{{Class: "c", Identity: 4}} }, refused: bridge.AssuranceTooLow},
		"one class of two": {change: func(r *bridge.Request) {
			r.Contexts = []bridge.AuthnContext{{Class: "c", Identity: 4}, {Class: "d", Min: 3}}
		}, want: bridge.StepIssue},
		"terms above every offer":           {terms: func(m *trust.Terms) { m.Assurance = 4 }, refused: bridge.AssuranceTooLow},
		"identity cannot be proved anew":    {terms: func(m *trust.Terms) { m.Identity = 4 }, refused: bridge.IdentityTooLow},
		"this subject":                      {change: func(r *bridge.Request) { r.Subject = uid }, want: bridge.StepIssue},
		"this role":                         {change: func(r *bridge.Request) { r.RoleID = roleA }, want: bridge.StepIssue},
		"another role":                      {change: func(r *bridge.Request) { r.RoleID = roleB }, roles: two, want: bridge.StepIssue},
		"a role that is not held":           {change: func(r *bridge.Request) { r.RoleID = roleB }, refused: bridge.RoleNotAllowed},
		"no role needed":                    {partner: "lab", roles: two[1:], want: bridge.StepIssue},
		"a role asked for, closed before":   {partner: "lab", change: func(r *bridge.Request) { r.RoleNeeded = true }, roles: two[1:], want: bridge.StepRole},
		"a change with nothing to change":   {change: func(r *bridge.Request) { r.ChangeRole = true }, want: bridge.StepIssue},
		"a change":                          {change: func(r *bridge.Request) { r.ChangeRole = true }, roles: two, want: bridge.StepRole},
		"a change no app needs":             {partner: "lab", change: func(r *bridge.Request) { r.ChangeRole = true }, roles: two, want: bridge.StepRole},
		"passive, and a choice is needed":   {change: func(r *bridge.Request) { r.ChangeRole, r.Passive = true, true }, roles: two, refused: bridge.InteractionRequired},
		"passive, and nothing is needed":    {change: func(r *bridge.Request) { r.Passive = true }, want: bridge.StepIssue},
		"passive, and a proof is needed":    {change: func(r *bridge.Request) { r.Passive, r.ForceAuthn = true, true }, refused: bridge.NotAuthenticated},
		"no role left for one who needs it": {roles: []people.RoleProfile{}, refused: bridge.NoRole},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			b, next := w.signIn(request(partnerA), uid)
			w.issue(next)
			if tc.roles != nil {
				w.must(w.store.SavePersons(t.Context(), people.Person{UID: uid, Status: people.Active, Name: "Test Doctor", Identity: 3, Roles: tc.roles}))
			}
			if tc.terms != nil {
				w.changeTerms(tc.terms)
			}
			w.now = w.now.Add(tc.wait)
			if tc.partner == "" {
				tc.partner = partnerA
			}
			req := request(tc.partner)
			if tc.change != nil {
				tc.change(&req)
			}
			next, err := w.hub.Begin(t.Context(), b, req)
			if tc.want == "" {
				w.refused(err, tc.refused)
				return
			}
			w.must(err)
			if next.Step != tc.want {
				t.Errorf("step %q, want %q", next.Step, tc.want)
			}
		})
	}
}

func TestRoleIsChangedOnce(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX2"))
	req := request(partnerA)
	req.ChangeRole = true
	b, next := w.signIn(req, uid)
	tx := w.reload(b, next.Transaction, bridge.StepRole)
	var err error
	b.Session, err = w.hub.ChooseRole(t.Context(), b, tx, roleB)
	w.must(err)
	next, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepRole))
	w.must(err)
	if next.Step != bridge.StepIssue {
		t.Errorf("step %q: the role was chosen in this very transaction", next.Step)
	}
}

// A role found without a question is the session's from then on, and the role an app names is too.
func TestSilentRoleIsKept(t *testing.T) {
	for name, asked := range map[string]string{"the only one": "", "the one asked for": roleA} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			req := request(partnerA)
			req.RoleID = asked
			b, next := w.signIn(req, uid)
			w.now = w.now.Add(time.Second)
			w.issue(next)
			s, _, err := w.hub.Live(t.Context(), b)
			w.must(err)
			if s.RoleID != roleA || !s.Seen.Equal(w.now) {
				t.Errorf("session = %+v, want role %s, seen %v", s, roleA, w.now)
			}
		})
	}
}

func TestLimitsOfASession(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*bridge.Limits)
		wait   time.Duration
		lives  bool
	}{
		"just before idle":     {func(*bridge.Limits) {}, 15*time.Minute - 1, true},
		"idle":                 {func(*bridge.Limits) {}, 15 * time.Minute, false},
		"just before absolute": {func(l *bridge.Limits) { l.Idle = 24 * time.Hour }, 12*time.Hour - 1, true},
		"absolute":             {func(l *bridge.Limits) { l.Idle = 24 * time.Hour }, 12 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			tc.change(&w.hub.Limits)
			b, next := w.signIn(request(partnerA), uid)
			w.issue(next)
			w.now = w.now.Add(tc.wait)
			_, _, err := w.hub.Live(t.Context(), b)
			if tc.lives {
				w.must(err)
			} else {
				w.refused(err, bridge.SessionExpired)
			}
		})
	}
}

// A proof at the very moment of the absolute limit begins another session.
func TestNoSessionIsResumedAtItsLimit(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	first := w.issue(next)
	w.now = first.SessionEnds
	next, err := w.hub.Begin(t.Context(), b, request(partnerA))
	w.must(err)
	b.Session, err = w.hub.Authenticate(t.Context(), b, w.reload(b, next.Transaction, bridge.StepAuthenticate), proof(uid, 3, w.now))
	w.must(err)
	s, _, err := w.hub.Live(t.Context(), b)
	w.must(err)
	if s.ID == first.SessionID || len(w.told) != 1 {
		t.Errorf("session %s after %s, told %v", s.ID, first.SessionID, w.told)
	}
}

func TestNobodyElseMaySignIn(t *testing.T) {
	for name, change := range map[string]func(w *world) string{
		"unknown": func(*world) string { return "555021935999" },
		"suspended": func(w *world) string {
			w.must(w.store.SavePersons(w.t.Context(), people.Person{UID: uid, Status: people.Suspended}))
			return uid
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			who := change(w)
			b := bridge.Browser{Binding: binding}
			next, err := w.hub.Begin(t.Context(), b, request(partnerA))
			w.must(err)
			_, err = w.hub.Authenticate(bridge.WithPeer(t.Context(), "192.0.2.1"), b, w.reload(b, next.Transaction, bridge.StepAuthenticate), proof(who, 3, w.now))
			w.refused(err, bridge.CredentialUnknown)
			w.recorded(ledger.Event{
				Time: w.now, Kind: ledger.SignInRefused, Reason: "credential_unknown", Ref: next.Transaction.Ref,
				Method: string(bridge.MethodSmartcard), Partner: partnerA, Peer: "192.0.2.1",
			})
		})
	}
}

// recorded checks that the newest event of its kind is this one, all of it.
func (w *world) recorded(want ledger.Event) {
	w.t.Helper()
	es := w.events(want.Kind)
	if len(es) == 0 {
		w.t.Fatalf("no %s event", want.Kind)
	}
	got := es[len(es)-1]
	got.Seq = 0
	got.Time, want.Time = got.Time.UTC(), want.Time.UTC()
	if g, s := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != s {
		w.t.Errorf("recorded %s\nwant     %s", g, s)
	}
}

// TestWhatIsRecorded compares whole events: the record answers who, what, when, where from and for whom.
func TestWhatIsRecorded(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX2"))
	ctx := bridge.WithRef(bridge.WithPeer(t.Context(), "192.0.2.1"), "7K4M-2Q9X")
	b := bridge.Browser{Binding: binding}
	next, err := w.hub.Begin(ctx, b, request(partnerA))
	w.must(err)
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	p := proof(uid, 3, w.now)
	p.Evidence = map[string]string{"serial": "01"}
	b.Session, err = w.hub.Authenticate(ctx, b, tx, p)
	w.must(err)
	s, _, err := w.hub.Live(ctx, b)
	w.must(err)
	w.recorded(ledger.Event{Time: w.now, Kind: ledger.SignedIn, Ref: "7K4M-2Q9X", Tracking: s.ID, Subject: uid, Method: "CIS2_SMARTCARD", Partner: partnerA, Peer: "192.0.2.1", Detail: map[string]string{"serial": "01"}})

	_, err = w.hub.ChooseRole(ctx, b, w.reload(b, tx, bridge.StepRole), "555000000109")
	w.refused(err, bridge.RoleNotAllowed)
	w.recorded(ledger.Event{Time: w.now, Kind: ledger.Refused, Reason: "role_not_allowed", Ref: "7K4M-2Q9X", Tracking: s.ID, Subject: uid, Partner: partnerA, Peer: "192.0.2.1"})

	b.Session, err = w.hub.ChooseRole(ctx, b, w.reload(b, tx, bridge.StepRole), roleB)
	w.must(err)
	w.recorded(ledger.Event{
		Time: w.now, Kind: ledger.RoleChosen, Ref: "7K4M-2Q9X", Tracking: s.ID, Subject: uid, Role: roleB, Org: "RX2", Partner: partnerA, Peer: "192.0.2.1",
		Detail: map[string]string{"role_code": "S8000:G8000:R8001"},
	})
	next, err = w.hub.Next(ctx, b, w.reload(b, tx, bridge.StepRole))
	w.must(err)
	iss, err := w.hub.Issue(ctx, next)
	w.must(err)
	w.must(w.hub.Deliver(ctx, iss))
	w.recorded(ledger.Event{
		Time: w.now, Kind: ledger.Issued, Ref: "7K4M-2Q9X", Tracking: s.ID, Subject: uid, Role: roleB, Org: "RX2", Partner: partnerA, Method: "CIS2_SMARTCARD", Peer: "192.0.2.1",
		Detail: map[string]string{"assurance": "3", "protocol": "ticket"},
	})
	told, err := w.store.Participants(ctx, s.ID)
	w.must(err)
	want := bridge.Participant{Session: s.ID, Partner: partnerA, Protocol: trust.Ticket, Index: iss.Index, Subject: iss.Subject, Format: string(iss.SubjectKind), Since: w.now}
	if len(told) != 1 || iss.Index == "" || iss.Subject == "" || want.Format == "" || fmt.Sprint(told[0]) != fmt.Sprint(want) {
		t.Errorf("participants = %+v, want %+v", told, want)
	}

	w.hub.RefuseRequest(ctx, ledger.TicketRefused, partnerA, "7K4M-2Q9X", bridge.Refuse(bridge.BadGrant, "No."))
	w.recorded(ledger.Event{Time: w.now, Kind: ledger.TicketRefused, Reason: "bad_grant", Ref: "7K4M-2Q9X", Partner: partnerA, Peer: "192.0.2.1"})

	report, err := w.hub.Logout(ctx, s.ID, bridge.LogoutCause{Reason: "partner", Ref: "7K4M-2Q9X", Partner: "lab", Protocol: trust.Ticket})
	w.must(err)
	if report.ID == "" || report.Session.UID != uid {
		t.Errorf("report = %+v", report)
	}
	w.recorded(ledger.Event{Time: w.now, Kind: ledger.SessionEnded, Reason: "partner", Ref: "7K4M-2Q9X", Tracking: s.ID, Subject: uid, Partner: "lab", Peer: "192.0.2.1"})
	w.recorded(ledger.Event{
		Time: w.now, Kind: ledger.PartnerTold, Reason: "ended", Ref: "7K4M-2Q9X", Tracking: s.ID, Partner: partnerA,
		Detail: map[string]string{"attempt": "1", "protocol": "ticket"},
	})
}

// TestAlarms: what somebody must look at stands in the record twice, as what it is and as an alarm, and names whose credential it was.
func TestAlarms(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	ctx := bridge.WithRef(t.Context(), "7K4M-2Q9X")
	b := bridge.Browser{Binding: binding}
	next, err := w.hub.Begin(ctx, b, request(partnerA))
	w.must(err)
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	p := proof(uid, 2, w.now)
	p.Method, p.Evidence, p.Alarm = bridge.MethodFIDO2, map[string]string{"aaguid": "01"}, "possible_clone"

	said := bridge.Refuse(bridge.AuthenticationFailed, "No.").WithCode("key_clone").About(p)
	for i, r := range []*bridge.Refusal{said, said.Alarming("possible_clone")} {
		w.refused(w.hub.RefuseSignIn(ctx, tx, bridge.MethodFIDO2, r), bridge.AuthenticationFailed)
		event := ledger.Event{
			Time: w.now, Kind: ledger.SignInRefused, Reason: "key_clone", Ref: "7K4M-2Q9X", Subject: uid, Partner: partnerA, Method: "FIDO2",
			Detail: map[string]string{"aaguid": "01"},
		}
		w.recorded(event)
		if n := len(w.events(ledger.Alarm)); n != i {
			t.Fatalf("%d alarms, want %d", n, i)
		}
		if event.Kind, event.Reason = ledger.Alarm, "possible_clone"; i == 1 {
			w.recorded(event)
		}
	}
	b.Session, err = w.hub.Authenticate(ctx, b, tx, p)
	w.must(err)
	s, _, err := w.hub.Live(ctx, b)
	w.must(err)
	w.recorded(ledger.Event{
		Time: w.now, Kind: ledger.Alarm, Reason: "possible_clone", Ref: "7K4M-2Q9X", Tracking: s.ID, Subject: uid, Method: "FIDO2", Partner: partnerA,
		Detail: map[string]string{"aaguid": "01"},
	})
	if n := len(w.events(ledger.SignedIn)); n != 1 {
		t.Errorf("%d signed in", n)
	}
}

func TestReissueAsksTheTermsOfNow(t *testing.T) {
	w := newWorld(t)
	_, next := w.signIn(request("lab"), uid)
	iss := w.issue(next)
	grant := bridge.GrantOf(iss, []bridge.AuthnContext{{Class: "c", Min: 3}})
	again, err := w.hub.Reissue(t.Context(), grant, ledger.TokenRefreshed)
	w.must(err)
	if again.Class != "c" || again.Index != iss.Index || again.Ref != iss.Ref || !again.SessionEnds.Equal(iss.SessionEnds) {
		t.Errorf("reissued %+v", again)
	}
	for name, tc := range map[string]struct {
		change func(*trust.Terms)
		want   bridge.Reason
	}{
		"a role":           {func(m *trust.Terms) { m.RoleNeeded = true }, bridge.NoRole},
		"a stronger proof": {func(m *trust.Terms) { m.Assurance = 4 }, bridge.AssuranceTooLow},
		"more identity":    {func(m *trust.Terms) { m.Identity = 4 }, bridge.IdentityTooLow},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.hub.Partners
			defer func() { w.hub.Partners = before }()
			w.changeTerms(tc.change)
			_, err := w.hub.Reissue(t.Context(), grant, ledger.TokenRefreshed)
			w.refused(err, tc.want)
		})
	}
	grant.Session = "nobody's"
	_, err = w.hub.Reissue(t.Context(), grant, ledger.TokenRefreshed)
	w.refused(err, bridge.SessionExpired)
	grant.Session = iss.SessionID
	_, err = w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "user"})
	w.must(err)
	_, err = w.hub.Reissue(t.Context(), grant, ledger.TokenRefreshed)
	w.refused(err, bridge.SessionExpired)
}

func TestIssueNeedsADecision(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	undecided := bridge.Next{Step: bridge.StepIssue, Transaction: next.Transaction, Session: next.Session, Partner: next.Partner}
	waiting := next
	waiting.Step = bridge.StepRole
	local, err := w.hub.BeginLocal(t.Context(), b, bridge.Request{Resume: "/"})
	w.must(err)
	for name, n := range map[string]bridge.Next{"undecided": undecided, "not the step": waiting, "of the hub's own pages": local} {
		t.Run(name, func(t *testing.T) {
			_, err := w.hub.Issue(t.Context(), n)
			w.refused(err, bridge.TransactionGone)
		})
	}
	for name, n := range map[string]bridge.Next{"undecided": {Step: bridge.StepIssue, Transaction: local.Transaction}, "a partner's": next} {
		t.Run("finish/"+name, func(t *testing.T) { w.refused(w.hub.Finish(t.Context(), n), bridge.TransactionGone) })
	}
}

func TestLocalSignOnIsFinishedOnce(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b := bridge.Browser{Binding: binding}
	next, err := w.hub.BeginLocal(t.Context(), b, bridge.Request{Resume: "/", RoleNeeded: true})
	w.must(err)
	if next.Step != bridge.StepAuthenticate {
		t.Fatalf("step %q", next.Step)
	}
	w.refused(w.hub.Finish(t.Context(), next), bridge.TransactionGone)
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	b.Session, err = w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
	w.must(err)
	choices, _, err := w.hub.Choices(t.Context(), b, w.reload(b, tx, bridge.StepRole))
	w.must(err)
	if len(choices) != 1 || choices[0].Role.ID != roleA || choices[0].Current || choices[0].Refused != "" {
		t.Errorf("choices = %+v", choices)
	}
	next, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
	w.must(err)
	w.now = w.now.Add(time.Second)
	w.must(w.hub.Finish(t.Context(), next))
	s, _, err := w.hub.Live(t.Context(), b)
	w.must(err)
	if s.RoleID != roleA || !s.Seen.Equal(w.now) {
		t.Errorf("session = %+v", s)
	}
	w.refused(w.hub.Finish(t.Context(), next), bridge.TransactionGone)
	_, err = w.hub.Transaction(t.Context(), b, tx.ID, bridge.StepIssue, w.hub.StepMAC(tx.ID, bridge.StepIssue))
	w.refused(err, bridge.TransactionGone)

	for _, wait := range []time.Duration{59 * time.Second, time.Minute} { // activity is written once a minute
		next, err = w.hub.BeginLocal(t.Context(), b, bridge.Request{Resume: "/"})
		w.must(err)
		before := s.Seen
		w.now = before.Add(wait)
		w.must(w.hub.Finish(t.Context(), next))
		s, _, err = w.hub.Live(t.Context(), b)
		w.must(err)
		if written := s.Seen.Equal(w.now); written != (wait == time.Minute) {
			t.Errorf("after %v seen %v, was %v", wait, s.Seen, before)
		}
	}
}

func TestChoicesSayWhatTermsRefuse(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX2"))
	b, next := w.signIn(request(partnerA), uid)
	tx := next.Transaction
	var err error
	b.Session, err = w.hub.ChooseRole(t.Context(), b, w.reload(b, tx, bridge.StepRole), roleB)
	w.must(err)
	for _, level := range []int{0, 4} {
		w.changeTerms(func(m *trust.Terms) { m.Assurance = level })
		choices, person, err := w.hub.Choices(t.Context(), b, w.reload(b, tx, bridge.StepRole))
		w.must(err)
		if len(choices) != 2 || person.UID != uid {
			t.Fatalf("%+v of %s", choices, person.UID)
		}
		for _, c := range choices {
			if c.Current != (c.Role.ID == roleB) || (c.Refused != "") != (level == 4) || level == 4 && !strings.Contains(c.Refused, "stronger") {
				t.Errorf("level %d: %+v", level, c)
			}
		}
	}
	_, _, err = w.hub.Choices(t.Context(), bridge.Browser{Binding: binding}, tx)
	w.refused(err, bridge.SessionExpired)
	_, err = w.hub.ChooseRole(t.Context(), bridge.Browser{Binding: binding}, tx, roleA)
	w.refused(err, bridge.SessionExpired)
}

func TestCancelledIsRefused(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b := bridge.Browser{Binding: binding}
	next, err := w.hub.Begin(t.Context(), b, request(partnerA))
	w.must(err)
	w.must(w.hub.Cancel(t.Context(), next.Transaction))
	_, err = w.hub.Next(t.Context(), b, w.reload(b, next.Transaction, bridge.StepIssue))
	w.refused(err, bridge.AuthenticationFailed)
	if got := bridge.AsRefusal(err).AuditCode(); got != "cancelled" {
		t.Errorf("code %q", got)
	}
}

func TestLogoutLeavesToOthersWhatIsNotTheirs(t *testing.T) {
	for name, tc := range map[string]struct {
		cause bridge.LogoutCause
		told  int
	}{
		"the partner":                         {bridge.LogoutCause{Partner: partnerA, Protocol: trust.Ticket}, 0},
		"another partner":                     {bridge.LogoutCause{Partner: "lab", Protocol: trust.Ticket}, 1},
		"its namesake in another protocol":    {bridge.LogoutCause{Partner: partnerA, Protocol: trust.OIDC}, 1},
		"nobody, by the protocol of somebody": {bridge.LogoutCause{Protocol: trust.Ticket}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			_, next := w.signIn(request(partnerA), uid)
			iss := w.issue(next)
			tc.cause.Reason = "partner"
			_, err := w.hub.Logout(t.Context(), iss.SessionID, tc.cause)
			w.must(err)
			if len(w.told) != tc.told {
				t.Errorf("told %v, want %d", w.told, tc.told)
			}
		})
	}
	w := newWorld(t)
	report, err := w.hub.Logout(t.Context(), "nobody's", bridge.LogoutCause{Reason: "user"})
	w.must(err)
	if report.ID == "" || len(report.Deliveries) != 0 || len(w.events(ledger.SessionEnded)) != 0 {
		t.Errorf("report = %+v", report)
	}
}

// What a partner says afterwards, and what a hub finds that died in the middle, is stored.
func TestDeliveriesAreStored(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request("lab"), uid)
	iss := w.issue(next)
	stored := func(logout string) bridge.Delivery {
		t.Helper()
		ds, err := w.store.Deliveries(t.Context(), logout)
		w.must(err)
		if len(ds) != 1 {
			t.Fatalf("deliveries = %+v", ds)
		}
		return ds[0]
	}
	report, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "user"})
	w.must(err)
	id := report.Deliveries[0].ID
	if d := stored(report.ID); d.State != bridge.DeliveryNoReply || d.Settled() || !d.Updated.Equal(w.now) || !d.Next.Equal(w.now.Add(10*time.Second)) {
		t.Errorf("delivery = %+v", d)
	}
	w.now = w.now.Add(time.Second)
	w.refused(w.hub.Answered(t.Context(), report.ID, "another", true), bridge.TransactionGone)
	w.must(w.hub.Answered(t.Context(), report.ID, id, false))
	if d := stored(report.ID); d.State != bridge.DeliveryRefused || d.Settled() || !d.Next.Equal(w.now.Add(9*time.Second)) || !d.Updated.Equal(w.now) {
		t.Errorf("after a no, while its server is told again: %+v", d)
	}
	w.must(w.hub.Answered(t.Context(), report.ID, id, true))
	if d := stored(report.ID); d.State != bridge.DeliveryEnded || !d.Settled() {
		t.Errorf("after a yes: %+v", d)
	}
	before := len(w.events(ledger.PartnerTold))
	_, err = w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "partner", Partner: "lab", Protocol: trust.Ticket})
	w.must(err)
	if n := len(w.events(ledger.PartnerTold)); n != before {
		t.Errorf("%d events, want %d: it was signed out already", n, before)
	}

	pending := bridge.Ending{Logout: "l", At: w.now, Due: w.now.Add(time.Second)}.Deliveries([]bridge.Participant{{Partner: "lab"}})
	if d := pending[0]; d.State != bridge.DeliveryPending || !d.Next.Equal(w.now.Add(time.Second)) || !d.Updated.Equal(w.now) {
		t.Errorf("pending = %+v", d)
	}
}

func TestAnswerOfTheAskingPartnerIsStored(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request("lab"), uid)
	iss := w.issue(next)
	report, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "user"})
	w.must(err)
	_, err = w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "partner", Partner: "lab", Protocol: trust.Ticket})
	w.must(err)
	ds, err := w.store.Deliveries(t.Context(), report.ID)
	w.must(err)
	if ds[0].State != bridge.DeliveryEnded || !ds[0].Next.IsZero() {
		t.Errorf("delivery = %+v", ds[0])
	}
}

func TestPartnerThatCannotBeTold(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request(partnerA), uid)
	iss := w.issue(next)
	w.hub.Propagators = nil
	report, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "user"})
	w.must(err)
	if d := report.Deliveries[0]; d.State != bridge.DeliveryNone || !d.Next.IsZero() || !d.Settled() {
		t.Errorf("delivery = %+v", d)
	}
}

func TestRefusalsKeepTheirParts(t *testing.T) {
	cause := errors.New("cause")
	r := bridge.Refuse(bridge.Stale, "late by %d s", 3).WithCode("late").Because(cause)
	if r.Detail != "late by 3 s" || r.AuditCode() != "late" || !errors.Is(r, cause) || r.Error() != "bridge: refused: late: late by 3 s: cause" {
		t.Errorf("refusal = %+v, %v", r, r)
	}
	if got := (&bridge.Refusal{Reason: bridge.Stale}).Error(); got != "bridge: refused: stale_request" {
		t.Errorf("bare: %q", got)
	}
	for err, want := range map[error]bridge.Reason{cause: bridge.Internal, fmt.Errorf("x: %w", bridge.ErrUnavailable): bridge.Unavailable, fmt.Errorf("x: %w", r): bridge.Stale} {
		got := bridge.AsRefusal(err)
		if got.Reason != want || !errors.Is(got, err) && want != bridge.Stale {
			t.Errorf("%v: %+v", err, got)
		}
	}
	for reason, want := range map[bridge.Reason]string{-1: "internal", 0: "internal", bridge.Unavailable: "unavailable", bridge.Unavailable + 1: "internal"} {
		if got := reason.String(); got != want {
			t.Errorf("%d: %q, want %q", reason, got, want)
		}
	}
}

// failing fails one port after another.
type failing struct{ bridge.Sessions }

func (failing) SessionByKey(context.Context, string) (bridge.Session, error) {
	return bridge.Session{}, bridge.ErrUnavailable
}

func (failing) Session(context.Context, string) (bridge.Session, error) {
	return bridge.Session{}, bridge.ErrUnavailable
}

func TestStoreThatFailsIsNotASignedOutSubject(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	iss := w.issue(next)
	tx := next.Transaction
	w.hub.Sessions = failing{w.store}
	_, err := w.hub.Begin(t.Context(), b, request(partnerA))
	w.refused(err, bridge.Unavailable)
	_, _, err = w.hub.Live(t.Context(), b)
	w.refused(err, bridge.Unavailable)
	_, _, err = w.hub.Choices(t.Context(), b, tx)
	w.refused(err, bridge.Unavailable)
	_, err = w.hub.ChooseRole(t.Context(), b, tx, roleA)
	w.refused(err, bridge.Unavailable)
	_, err = w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
	w.refused(err, bridge.Unavailable)
	_, err = w.hub.SwitchUser(t.Context(), b, other, "")
	w.refused(err, bridge.Unavailable)
	_, err = w.hub.Reissue(t.Context(), bridge.GrantOf(iss, nil), ledger.TicketRead)
	w.refused(err, bridge.Unavailable)
	_, err = w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "user"})
	w.refused(err, bridge.Unavailable)
}

func TestSwitchUserEndsOnlyWhatItMust(t *testing.T) {
	for name, tc := range map[string]struct {
		browser func(bridge.Browser) bridge.Browser
		uid     string
		told    int
	}{
		"another subject":         {nil, other, 1},
		"the same subject":        {nil, uid, 0},
		"one who may not sign in": {nil, "555021935999", 0},
		"no session":              {func(b bridge.Browser) bridge.Browser { b.Session = ""; return b }, other, 0},
		"an unknown session":      {func(b bridge.Browser) bridge.Browser { b.Session = "x"; return b }, other, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			b, next := w.signIn(request(partnerA), uid)
			iss := w.issue(next)
			if tc.browser != nil {
				b = tc.browser(b)
			}
			report, err := w.hub.SwitchUser(bridge.WithPeer(t.Context(), "192.0.2.1"), b, tc.uid, "7K4M-2Q9X")
			w.must(err)
			if len(w.told) != tc.told || (report.ID != "") != (tc.told == 1) {
				t.Fatalf("told %v, report %+v", w.told, report)
			}
			if tc.told == 1 {
				w.recorded(ledger.Event{Time: w.now, Kind: ledger.UserSwitched, Ref: "7K4M-2Q9X", Tracking: iss.SessionID, Subject: uid, Peer: "192.0.2.1", Detail: map[string]string{"to": other}})
			}
		})
	}
}

// The parts of what is bound to a step can't run into one another.
func TestStepsAreBoundWhole(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for _, in := range [][2]string{{"ab", "c"}, {"a", "bc"}, {"", "abc"}, {"abc", ""}} {
		seen[w.hub.StepMAC(in[0], bridge.Step(in[1]))] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d different codes, want 4", len(seen))
	}
}

// between runs do once, after a session was found by its key and before what is made of it is written.
type between struct {
	bridge.Sessions
	do func()
}

func (b *between) SessionByKey(ctx context.Context, key string) (bridge.Session, error) {
	s, err := b.Sessions.SessionByKey(ctx, key)
	if do := b.do; do != nil {
		b.do = nil
		do()
	}
	return s, err
}

// TestRoleChosenBesideProof: a role that is chosen while the session is proven anew elsewhere does not bring back how it was proven before,
// nor does it take the session from the new proof.
func TestRoleChosenBesideProof(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	var secret string
	w.hub.Sessions = &between{Sessions: w.store, do: func() {
		weaker := proof(uid, 2, w.now)
		var err error
		secret, err = w.hub.Authenticate(t.Context(), b, next.Transaction, weaker)
		w.must(err)
	}}
	_, err := w.hub.ChooseRole(t.Context(), b, next.Transaction, roleB)
	w.refused(err, bridge.TransactionGone)
	b.Session = secret
	if s := w.shown(b); s.Assurance != 2 || s.RoleID != "" {
		t.Errorf("assurance %d, role %q", s.Assurance, s.RoleID)
	}
}
