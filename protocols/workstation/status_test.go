package workstation

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func TestStatus(t *testing.T) {
	w := newWorld(t)
	w.signIn("here", bridge.Place{Workstation: "bay4", User: "2", Card: "ab12"}, "epr")
	before := bridge.Participant{Session: "here", Partner: "epr", Protocol: trust.OIDC, Index: "sid of epr", Subject: "its first name", Since: w.now.Add(-time.Minute)}
	w.must(w.hub.Journal.Commit(t.Context(), bridge.AddParticipant{Participant: before}))
	w.signIn("unseen", bridge.Place{Workstation: "bay4", User: "2"}, "epr") // with a card in a reader that the agent does not know
	beside := w.signIn("beside", bridge.Place{Workstation: "bay4", User: "3"})
	beside.Method = bridge.MethodFIDO2
	w.must(w.hub.Journal.Commit(t.Context(), bridge.SaveSession{Session: beside}))
	w.signIn("elsewhere", bridge.Place{Workstation: "bay5", User: "2"})
	w.signIn("somewhere", bridge.Place{})
	until := strconv.FormatInt(w.now.Add(12*time.Hour).Unix(), 10)
	one := `{"tracking":"here","card":"ab12","until":` + until + `,"participants":[{"protocol":"oidc","partner":"epr","sid":"sid of epr","sub":"sub at epr"}]}`
	two := `{"tracking":"beside","card":"","until":` + until + `,"participants":[]}`
	for name, c := range map[string]struct {
		id   string
		more map[string]any
		want string
	}{
		"of one user": {"bay4", map[string]any{"user": "2"}, one},
		"of all":      {"bay4", nil, two + "," + one},
		"of nobody":   {"bay4", map[string]any{"user": "4"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.say("/workstation/status", w.agents[c.id].Say("status", c.more))
			if want := `{"sessions":[` + c.want + `],"offline":1800}`; got.text != want {
				t.Errorf("%s\nwant %s", got.text, want)
			}
		})
	}
	w.signIn("by emergency access", bridge.Place{Workstation: "bay4", User: "2", Card: "ab12"})
	for id, change := range map[string]func(*bridge.Session){
		"by emergency access": func(s *bridge.Session) { s.Standing, s.Emergency = bridge.StandingEmergency, w.now },
		"here":                func(s *bridge.Session) { s.Suspended = w.now }, "beside": func(s *bridge.Session) { s.Started = w.now.Add(-12 * time.Hour) },
	} {
		s, err := w.store.Session(t.Context(), id)
		w.must(err)
		change(&s)
		w.must(w.hub.Journal.Commit(t.Context(), bridge.SaveSession{Session: s}))
	}
	if got := w.say("/workstation/status", w.agents["bay4"].Say("status", nil)); got.text != `{"sessions":[],"offline":1800}` {
		t.Errorf("suspended, past its limit, or over with its emergency access: %s", got.text)
	}
}

// TestStatusOfEmergency: what rests on emergency access is told until that is over, and no longer.
func TestStatusOfEmergency(t *testing.T) {
	w := newWorld(t)
	s := w.signIn("here", bridge.Place{Workstation: "bay4", Card: "ab12"})
	s.Standing, s.Emergency = bridge.StandingEmergency, w.now.Add(time.Minute)
	w.must(w.hub.Journal.Commit(t.Context(), bridge.SaveSession{Session: s}))
	got := w.say("/workstation/status", w.agents["bay4"].Say("status", nil))
	if want := `"until":` + strconv.FormatInt(s.Emergency.Unix(), 10) + `,`; !strings.Contains(got.text, want) {
		t.Errorf("%s, want %s", got.text, want)
	}
	w.now = s.Emergency
	if got := w.say("/workstation/status", w.agents["bay4"].Say("status", nil)); got.text != `{"sessions":[],"offline":1800}` {
		t.Errorf("over: %s", got.text)
	}
}

// TestStatusIsRefusedQuietly: an agent that asks every few seconds for ever does not fill the record; a forger is in it.
func TestStatusIsRefusedQuietly(t *testing.T) {
	w := newWorld(t)
	stored, err := w.store.Workstation(t.Context(), "bay5")
	w.must(err)
	stored.Revoked = w.now
	w.save(stored)
	w.say("/workstation/status", w.agents["bay5"].Say("status", nil)).want(t, http.StatusUnauthorized, "workstation_revoked")
	if es := w.events(ledger.WorkstationRefused); len(es) != 0 {
		t.Errorf("%+v", es)
	}
	w.event("bay5", removed, nil).want(t, http.StatusUnauthorized, "workstation_revoked")
	w.agents["bay4"].Key = w.agents["bay5"].Key
	w.say("/workstation/status", w.agents["bay4"].Say("status", nil)).want(t, http.StatusForbidden, "agent_signature")
	if es := w.events(ledger.WorkstationRefused); len(es) != 2 {
		t.Errorf("%+v", es)
	}
}

// TestReplay: the same message works once, and at the route that it is for.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	message := w.agents["bay4"].Say("status", nil)
	w.say("/workstation/event", message).want(t, http.StatusBadRequest, "agent_message")
	w.say("/workstation/status", message).want(t, http.StatusOK, "")
	w.say("/workstation/status", message).want(t, http.StatusBadRequest, "agent_replayed")
}
