package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
)

// byCommand is who decided, in the record: the command line has no identities of its own yet.
const byCommand = "command line"

func (p *program) sessionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "session", Short: "Sessions: who is signed in, what became of a sign-out"}
	cmd.AddCommand(p.sessionList(), p.sessionShow(), p.sessionEnd())
	return cmd
}

// openHub is the hub as the configuration has it, without servers and loops. What ends here is told to partners by the hub that
// runs on the same store, or by the next one that does.
func (p *program) openHub(cmd *cobra.Command) (*hub.Hub, *bridge.Hub, error) {
	c, err := p.load()
	if err != nil {
		return nil, nil, err
	}
	h, err := hub.Open(cmd.Context(), hub.Options{Config: c, Log: slog.New(slog.DiscardHandler), Lab: p.lab})
	if err != nil {
		return nil, nil, startError(err)
	}
	core := *h.Core()
	core.Deferred = true
	return h, &core, nil
}

// chosen is how a command selects sessions.
type chosen struct {
	person, partner string
	limit           int
}

// query turns what was chosen into what the store is asked.
func (s chosen) query(h *hub.Hub) (bridge.SessionQuery, error) {
	q := bridge.SessionQuery{UID: s.person, Limit: s.limit}
	if s.partner == "" {
		return q, nil
	}
	partner, err := findPartner(h.Registry(), s.partner)
	q.Protocol, q.Partner = partner.Protocol, partner.ID
	return q, err
}

type sessionRow struct {
	ID      string    `json:"id"`
	Person  string    `json:"person"`
	Method  string    `json:"method"`
	Started time.Time `json:"started"`
	Seen    time.Time `json:"seen"`
	Role    string    `json:"role,omitempty"`
}

func (p *program) sessionList() *cobra.Command {
	var s chosen
	cmd := &cobra.Command{
		Use: "list", Short: "List sessions that have not ended, newest first", Args: cobra.NoArgs,
		Example: "  lanyard session list\n  lanyard session list --person 555021935107\n  lanyard session list --partner PAS --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.limit < 1 {
				return exitError{exitUsage, errors.New("--limit begins at 1")}
			}
			h, core, err := p.openHub(cmd)
			if err != nil {
				return err
			}
			defer h.Close(cmd.Context())
			q, err := s.query(h)
			if err != nil {
				return err
			}
			found, err := core.Roster.Living(cmd.Context(), q)
			if err != nil {
				return exitError{exitStore, err}
			}
			return p.printSessions(found)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.person, "person", "", "uid of the person")
	f.StringVar(&s.partner, "partner", "", "id or name of a partner that was told about the session")
	f.IntVar(&s.limit, "limit", 100, "at most so many")
	return cmd
}

func (p *program) printSessions(found []bridge.Session) error {
	rows := make([]sessionRow, len(found))
	for i, x := range found {
		rows[i] = sessionRow{x.ID, x.UID, string(x.Method), x.Started.UTC(), x.Seen.UTC(), x.RoleID}
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(rows)
	}
	if len(rows) == 0 {
		fmt.Fprintln(p.err, "no session")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SESSION\tPERSON\tMETHOD\tSTARTED\tLAST SEEN")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Person, r.Method, local(r.Started), local(r.Seen))
	}
	return w.Flush()
}

// local prints an instant as people of the place read it.
func local(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2 Jan 2006, 15:04:05")
}

func (p *program) sessionShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Print a session, who was told about it and what became of its sign-out", Args: cobra.ExactArgs(1),
		Example: "  lanyard session show qs4iy7bqe2pmzkbr4p6qk3z2ze",
		RunE: func(cmd *cobra.Command, args []string) error {
			h, core, err := p.openHub(cmd)
			if err != nil {
				return err
			}
			defer h.Close(cmd.Context())
			report, told, err := core.Report(cmd.Context(), args[0])
			if errors.Is(err, bridge.ErrNotFound) {
				return exitError{exitMissing, fmt.Errorf("there is no session %s; `lanyard session list` names those that live", args[0])}
			}
			if err != nil {
				return exitError{exitStore, err}
			}
			if p.json {
				return printReportJSON(p.out, report, told)
			}
			return printReport(p.out, report, told)
		},
	}
}
