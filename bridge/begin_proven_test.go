package bridge_test

import (
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestBeginProven: a client without pages gets what is ready to issue, and a refusal where a page would be needed.
func TestBeginProven(t *testing.T) {
	one, two := role("555000000101", "R8000", "RX1"), role("555000000102", "R8001", "RX1")
	w := newWorld(t, one, two)
	begin := func(change func(*bridge.Request), assurance bridge.Assurance) (bridge.Next, error) {
		req := request(partnerA)
		change(&req)
		return w.hub.BeginProven(t.Context(), req, proof(uid, assurance, w.now))
	}
	named := func(r *bridge.Request) { r.RoleID = roleA }
	next, err := begin(named, 3)
	w.must(err)
	if next.Step != bridge.StepIssue || w.issue(next).Role.ID != roleA {
		t.Errorf("%+v", next)
	}
	_, err = begin(func(r *bridge.Request) { named(r); r.Passive = true }, 3)
	w.must(err) // the proof is here: no page is needed
	_, err = begin(func(*bridge.Request) {}, 3)
	w.refused(err, bridge.InteractionRequired)
	if ended := w.events(ledger.SessionEnded); len(ended) != 1 || ended[0].Reason != string(bridge.EndedUnused) || ended[0].Ref == "" {
		t.Errorf("what nobody can use goes on: %+v", ended)
	}
	_, err = begin(func(r *bridge.Request) { r.Partner = "closed" }, 3)
	w.refused(err, bridge.PartnerSuspended)
	_, err = begin(func(r *bridge.Request) { r.Partner = "lab" }, 2)
	w.refused(err, bridge.AssuranceTooLow)
	_, err = begin(func(r *bridge.Request) { r.RoleID = "1" }, 3)
	w.refused(err, bridge.RoleNotAllowed)
}
