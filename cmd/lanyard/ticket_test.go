package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
)

const pathologyDocument = `partner: pathology
protocol: ticket
stage: live
require: { role: true }
release: [{ set: ssb }]
ticket: { networks: [10.0.7.0/24] }
`

// agentTicket signs the clerk in as an agent does, and keeps the ticket under this name.
func (h rehearsed) agentTicket(token string) {
	h.t.Helper()
	c, report := config.Load(filepath.Join(h.dir, "lanyard.yaml"), nil, config.Options{Lab: true})
	if report.HasErrors() {
		h.t.Fatal(report)
	}
	opened, err := hub.Open(h.t.Context(), hub.Options{Config: c, Log: slog.New(slog.DiscardHandler), Lab: true})
	if err != nil {
		h.t.Fatal(err)
	}
	defer opened.Close(h.t.Context())
	core := opened.Core()
	proof := bridge.Proof{UID: "555021935107", Method: bridge.MethodSmartcard, Assurance: 3, At: time.Now()}
	_, _, err = core.BeginAgent(bridge.WithRef(h.t.Context(), "7K4M-2Q9X"), proof, func(s bridge.Session) ([]bridge.Write, error) {
		payload, err := json.Marshal(bridge.Grant{Session: s.ID, Protocol: trust.Ticket, Ref: "7K4M-2Q9X", Follows: true})
		return []bridge.Write{bridge.PutArtifact{Artifact: bridge.Artifact{Kind: bridge.KindTicket, Key: bridge.Key(token), Session: s.ID, Payload: payload, Expires: time.Now().Add(time.Hour)}}}, err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestTicketCommands: what a ticket stands for, what a system would be told, the end of it, and the exit codes.
func TestTicketCommands(t *testing.T) {
	h := newRehearsed(t)
	h.with("", map[string]string{"people.yaml": clerk, "pathology.yaml": pathologyDocument})
	h.must("people", "import", filepath.Join(h.dir, "people.yaml"))
	h.must("partner", "apply", "-f", filepath.Join(h.dir, "pathology.yaml"))
	h.agentTicket("AQIC5wTEST=@AAJTSQACMDE=#")
	out := h.must("ticket", "inspect", "AQIC5wTEST=@AAJTSQACMDE=#")
	for _, part := range []string{"every system, by an agent", "555021935107", "555000001111", "7K4M-2Q9X"} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	var row ticketRow
	if err := json.Unmarshal([]byte(h.must("ticket", "inspect", "AQIC5wTEST=@AAJTSQACMDE=#", "--json")), &row); err != nil || !row.Agent || row.Person != "555021935107" {
		t.Errorf("%+v %v", row, err)
	}
	if out := h.must("ticket", "verify", "AQIC5wTEST=@AAJTSQACMDE=#", "--partner", "pathology"); !strings.Contains(out, "Carol Specimen") {
		t.Errorf("%s", out)
	}
	code := func(args ...string) int {
		_, err := h.run(args...)
		coded, _ := errors.AsType[exitError](err)
		return coded.code
	}
	if got := code("ticket", "verify", "AQIC5wTEST=@AAJTSQACMDE=#"); got != exitRefused {
		t.Errorf("an agent's ticket without a system: exit %d", got)
	}
	if got := code("ticket", "inspect", "AQIC5wTEST"); got != exitMissing {
		t.Errorf("half a ticket: exit %d", got)
	}
	h.must("ticket", "revoke", "AQIC5wTEST=@AAJTSQACMDE=#")
	if got := code("ticket", "revoke", "AQIC5wTEST=@AAJTSQACMDE=#"); got != exitMissing {
		t.Errorf("revoked twice: exit %d", got)
	}
	if out := h.must("audit", "query", "--kind", "session_ended"); !strings.Contains(out, `"reason":"admin"`) || !strings.Contains(out, byCommand) {
		t.Errorf("%s", out)
	}
}
