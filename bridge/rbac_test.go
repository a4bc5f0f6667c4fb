package bridge_test

import (
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// seeing notes the RBAC document of each translation.
type seeing struct {
	bridge.Translator
	seen []*people.RBAC
}

func (s *seeing) Translate(in bridge.Facts) (bridge.Issuance, error) {
	s.seen = append(s.seen, in.RBAC)
	return s.Translator.Translate(in)
}

// TestEveryDecisionSeesTheDocumentInForce: the role page, the issuance and each one after it, by the document of that moment.
func TestEveryDecisionSeesTheDocumentInForce(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX2"))
	spy := &seeing{Translator: w.hub.Translator}
	var inForce *people.RBAC
	w.hub.Translator, w.hub.RBAC = spy, func() *people.RBAC { return inForce }
	saw := func(what string, n int) {
		t.Helper()
		if len(spy.seen) != n {
			t.Fatalf("%s: %d translations, want %d", what, len(spy.seen), n)
		}
		for _, b := range spy.seen {
			if b != inForce {
				t.Errorf("%s: not the document in force", what)
			}
		}
		spy.seen, inForce = nil, &people.RBAC{}
	}
	b, next := w.signIn(request(partnerA), uid)
	tx := w.reload(b, next.Transaction, bridge.StepRole)
	saw("before", 0)
	_, _, err := w.hub.Choices(t.Context(), b, tx)
	w.must(err)
	saw("role page", 2)
	b.Session, err = w.hub.ChooseRole(t.Context(), b, tx, roleB)
	w.must(err)
	next, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepRole))
	w.must(err)
	iss := w.issue(next)
	saw("issuance", 1)
	_, err = w.hub.Reissue(t.Context(), bridge.GrantOf(iss, nil), ledger.TokenRefreshed)
	w.must(err)
	saw("issuance without the browser", 1)
	w.hub.RBAC, inForce = nil, nil
	_, err = w.hub.Reissue(t.Context(), bridge.GrantOf(iss, nil), ledger.TokenRefreshed)
	w.must(err)
	saw("no document is configured", 1)
}
