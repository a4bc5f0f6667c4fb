package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/bridge"
)

func (p *program) emergencyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "emergency", Short: "Emergency access: what was opened, and its review"}
	cmd.AddCommand(p.emergencyList(), p.emergencyShow(), p.emergencyReview())
	return cmd
}

// emergencyRow is one opening as it is printed.
type emergencyRow struct {
	ID       string     `json:"id"`
	Person   string     `json:"person"`
	Partner  string     `json:"partner,omitempty"`
	Role     string     `json:"role,omitempty"`
	Refused  string     `json:"refused"`
	Reason   string     `json:"reason"`
	Note     string     `json:"note"`
	Session  string     `json:"session"`
	Ref      string     `json:"ref"`
	Peer     string     `json:"peer,omitempty"`
	Opened   time.Time  `json:"opened"`
	Until    time.Time  `json:"until"`
	Alert    string     `json:"alert"`
	Attempts int        `json:"attempts"`
	Review   *reviewRow `json:"review"`
}

type reviewRow struct {
	By      string    `json:"by"`
	Outcome string    `json:"outcome"`
	Note    string    `json:"note"`
	At      time.Time `json:"at"`
}

func rowOfEmergency(e bridge.Emergency) emergencyRow {
	row := emergencyRow{
		ID: e.ID, Person: e.UID, Partner: e.Partner, Role: e.Role, Refused: e.Refused, Reason: e.Reason, Note: e.Note, Session: e.Session, Ref: e.Ref,
		Peer: e.Peer, Opened: e.Opened.UTC(), Until: e.Until.UTC(), Alert: alertState(e), Attempts: e.Attempts,
	}
	if e.Reviewed() {
		row.Review = &reviewRow{e.Review.By, string(e.Review.Outcome), e.Review.Note, e.Review.At.UTC()}
	}
	return row
}

// alertState is what became of an alert: log where nobody else is to be told.
func alertState(e bridge.Emergency) string {
	switch {
	case !e.AlertDue.IsZero():
		return "waiting"
	case e.Attempts > 0:
		return "delivered"
	}
	return "log"
}

func (r emergencyRow) state() string {
	if r.Review == nil {
		return "waits for review"
	}
	return r.Review.Outcome
}

func (p *program) emergencyList() *cobra.Command {
	var all bool
	var limit int
	var past string
	cmd := &cobra.Command{
		Use: "list", Short: "List openings that wait for a review, newest first", Args: cobra.NoArgs,
		Example: "  lanyard emergency list\n  lanyard emergency list --all --json\n  lanyard emergency list --all --past qs4iy7bqe2pmzkbr4p6qk3z2ze",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return exitError{exitUsage, errors.New("--limit begins at 1")}
			}
			_, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			q := bridge.EmergencyQuery{Waiting: !all, Limit: limit}
			if past != "" {
				e, err := store.Emergency(cmd.Context(), past)
				if err != nil {
					return noEmergency(past, err)
				}
				q.Past = e.Place()
			}
			found, err := store.Emergencies(cmd.Context(), q)
			if err != nil {
				return exitError{exitStore, err}
			}
			if len(found) == limit {
				fmt.Fprintf(p.err, "there may be older ones: --past %s\n", found[len(found)-1].ID)
			}
			return p.printEmergencies(found)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "reviewed ones too")
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so many")
	cmd.Flags().StringVar(&past, "past", "", "id of an opening: list those that come after it")
	return cmd
}

func (p *program) printEmergencies(found []bridge.Emergency) error {
	rows := make([]emergencyRow, len(found))
	for i, e := range found {
		rows[i] = rowOfEmergency(e)
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(rows)
	}
	if len(rows) == 0 {
		fmt.Fprintln(p.err, "no opening of emergency access")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tPERSON\tOPENED\tREASON\tPARTNER\tALERT\tSTATE")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Person, local(r.Opened), r.Reason, r.Partner, r.Alert, r.state())
	}
	return w.Flush()
}

func (p *program) emergencyShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Print an opening: who, why, in their own words, and its review", Args: cobra.ExactArgs(1),
		Example: "  lanyard emergency show qs4iy7bqe2pmzkbr4p6qk3z2ze",
		RunE: func(cmd *cobra.Command, args []string) error {
			_, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			e, err := store.Emergency(cmd.Context(), args[0])
			if err != nil {
				return noEmergency(args[0], err)
			}
			return p.printEmergency(rowOfEmergency(e))
		},
	}
}

func noEmergency(id string, err error) error {
	if errors.Is(err, bridge.ErrNotFound) {
		return exitError{exitMissing, fmt.Errorf("there is no opening %q; `lanyard emergency list --all` names them", id)}
	}
	return exitError{exitStore, err}
}

func (p *program) printEmergency(r emergencyRow) error {
	if p.json {
		return json.NewEncoder(p.out).Encode(r)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	lines := [][2]string{
		{"id", r.ID}, {"person", r.Person}, {"role", r.Role}, {"partner", r.Partner}, {"refused before", r.Refused}, {"reason", r.Reason}, {"note", fmt.Sprintf("%q", r.Note)},
		{"opened", local(r.Opened)}, {"until", local(r.Until)}, {"session", r.Session}, {"reference", r.Ref}, {"from", r.Peer},
		{"alert", fmt.Sprintf("%s, %s", r.Alert, count(r.Attempts, "attempt"))}, {"state", r.state()},
	}
	if r.Review != nil {
		lines = append(lines, [2]string{"reviewed by", r.Review.By}, [2]string{"reviewed", local(r.Review.At)}, [2]string{"review", fmt.Sprintf("%q", r.Review.Note)})
	}
	for _, l := range lines {
		if l[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", l[0], l[1])
		}
	}
	return w.Flush()
}

func (p *program) emergencyReview() *cobra.Command {
	var r bridge.Review
	var outcome, file string
	cmd := &cobra.Command{
		Use: "review ID --by UID --outcome justified|not_justified --note-file FILE", Short: "Record what somebody else found of an opening; once, and for good", Args: cobra.ExactArgs(1),
		Long:    "Nobody reviews what they opened themselves. The note is kept with the opening; who reviewed it and with what outcome is in the record too.",
		Example: "  lanyard emergency review qs4iy7bqe2pmzkbr4p6qk3z2ze --by 555021935108 --outcome justified --note-file note.txt\n  echo 'Cardiac arrest on the ward.' | lanyard emergency review qs4iy7bqe2pmzkbr4p6qk3z2ze --by 555021935108 --outcome justified --note-file -",
		RunE: func(cmd *cobra.Command, args []string) error {
			note, err := readInput(cmd, file, noteLimit)
			if err != nil {
				return exitError{exitMissing, err}
			}
			h, core, err := p.openHub(cmd)
			if err != nil {
				return err
			}
			defer h.Close(cmd.Context())
			r.Outcome, r.Note = bridge.Outcome(outcome), string(note)
			e, err := core.ReviewEmergency(cmd.Context(), args[0], r)
			if err != nil {
				return reviewRefused(args[0], r.By, err)
			}
			if p.json {
				return p.printEmergency(rowOfEmergency(e))
			}
			fmt.Fprintf(p.out, "reviewed %s: %s\n", e.ID, e.Review.Outcome)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.By, "by", "", "uid of who reviewed it")
	f.StringVar(&outcome, "outcome", "", "justified or not_justified")
	f.StringVar(&file, "note-file", "", "file with what was found, at most 2000 characters; - reads standard input")
	for _, name := range []string{"by", "outcome", "note-file"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

func reviewRefused(id, by string, err error) error {
	switch {
	case errors.Is(err, bridge.ErrOwnReview):
		return exitError{exitRefused, errors.New("nobody reviews what they opened themselves; ask somebody else")}
	case errors.Is(err, bridge.ErrSpent):
		return exitError{exitRefused, fmt.Errorf("it was reviewed already; `lanyard emergency show %s` prints the review", id)}
	case errors.Is(err, bridge.ErrReviewer):
		return exitError{exitRefused, fmt.Errorf("%s is not a registered, active person", by)}
	case errors.Is(err, bridge.ErrBadReview):
		return exitError{exitUsage, errors.New("--outcome is justified or not_justified, and the note has 1 to 2000 characters")}
	}
	return noEmergency(id, err)
}

// noteLimit bounds what is read of a note, in bytes.
const noteLimit = 16 << 10
