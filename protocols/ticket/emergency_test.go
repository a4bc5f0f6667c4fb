package ticket

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestEmergencyTicket: the role assertion names emergency access as its method, the ticket ends with it, and a system whose terms say
// nothing of it gets none.
func TestEmergencyTicket(t *testing.T) {
	const name = "urn:example:emergency"
	for _, allowed := range []bool{true, false} {
		w := newWorld(t)
		id := w.signIn()
		s, err := w.store.Session(t.Context(), id)
		w.must(err)
		s.Standing, s.Emergency = bridge.StandingEmergency, w.now.Add(30*time.Second)
		w.must(w.store.Commit(t.Context(), bridge.SaveSession{Session: s}))
		w.hub.Translator = translate.Translator{Salt: []byte("salt"), Scope: "rx1.example", Emergency: map[trust.Protocol]string{trust.Ticket: name}}
		if !allowed {
			if rec := w.get("/ticket/start?partner=pathology&state=abc", "203.0.113.5"); strings.Contains(rec.Body.String(), `name="token"`) {
				t.Errorf("a ticket: %d %s", rec.Code, rec.Body)
			}
			continue
		}
		w.hub.Partners = allowing{w.hub.Partners}
		token := w.ticket()
		body := w.assertion(token, "192.0.2.1").Body.String()
		if !strings.Contains(body, `AuthenticationMethod="`+name+`"`) || strings.Contains(body, loginModule) || !strings.Contains(body, `NotOnOrAfter="`+stamp(s.Emergency)+`"`) {
			t.Errorf("assertion: %s", body)
		}
		w.now = s.Emergency
		if rec := w.assertion(token, "192.0.2.1"); rec.Code == http.StatusOK && strings.Contains(rec.Body.String(), "<saml:Assertion") || w.lastReason(ledger.TicketRefused) == "" {
			t.Errorf("after the end: %d %s", rec.Code, rec.Body)
		}
	}
}

// allowing is a registry in which everybody's terms let emergency access through.
type allowing struct{ bridge.Partners }

func (a allowing) Partner(protocol trust.Protocol, id string) (trust.Partner, error) {
	p, err := a.Partners.Partner(protocol, id)
	p.Terms.Emergency = &trust.EmergencyTerms{}
	return p, err
}
