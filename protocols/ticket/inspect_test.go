package ticket

import (
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestInspectAndRevoke: an administrator sees what a ticket stands for and what a system would be told, and ends it.
func TestInspectAndRevoke(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	session := w.signIn()
	browser := w.ticket()
	a := w.agent()
	a.signIn("")
	if _, err := Verify(ctx, w.hub, a.ticket, "stores"); bridge.AsRefusal(err).AuditCode() != "ticket_no_role" {
		t.Errorf("before a role was chosen: %v", err)
	}
	a.selectRole("555000000102")
	for token, want := range map[string]Facts{browser: {Partner: "pathology", Role: "555000000101"}, a.ticket: {Role: "555000000102"}} {
		f, err := Inspect(ctx, w.hub, token)
		w.must(err)
		if f.Partner != want.Partner || f.Role != want.Role || f.Session.UID != "555021935107" || !f.Expires.After(w.now) || f.Issued == "" {
			t.Errorf("%+v", f)
		}
	}
	reads := len(w.events(ledger.TicketRead))
	for _, tc := range []struct{ token, partner, role string }{{browser, "", "555000000101"}, {browser, "pathology", "555000000101"}, {a.ticket, "stores", "555000000102"}} {
		iss, err := Verify(ctx, w.hub, tc.token, tc.partner)
		w.must(err)
		if iss.Role.ID != tc.role {
			t.Errorf("%+v", iss.Role)
		}
	}
	for _, tc := range []struct{ token, partner string }{{browser, "stores"}, {a.ticket, ""}, {a.ticket, "nobody"}, {"x", "pathology"}} {
		if _, err := Verify(ctx, w.hub, tc.token, tc.partner); err == nil {
			t.Errorf("%s is good for %q", tc.token, tc.partner)
		}
	}
	if len(w.events(ledger.TicketRead)) != reads {
		t.Error("looking is on record as telling")
	}
	w.must(Revoke(ctx, w.hub, browser, "command line"))
	w.must(Revoke(ctx, w.hub, a.ticket, "command line"))
	for _, token := range []string{browser, a.ticket, ""} {
		if _, err := Inspect(ctx, w.hub, token); !Unknown(err) {
			t.Errorf("%q: %v", token, err)
		}
	}
	if e := w.events(ledger.TicketDestroyed); len(e) != 1 || e[0].Detail["by"] != "command line" || e[0].Tracking != session {
		t.Errorf("%+v", e)
	}
	if e := w.events(ledger.SessionEnded); len(e) != 1 || e[0].Reason != string(bridge.EndedByAdmin) || e[0].Tracking == session {
		t.Errorf("%+v", e)
	}
}
