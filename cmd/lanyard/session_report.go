package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// printReport prints a session and its participants: of one that has ended, what became of telling each.
func printReport(out io.Writer, report bridge.LogoutReport, told []bridge.Participant) error {
	s := report.Session
	fmt.Fprintf(out, "session %s of %s by %s\n", s.ID, s.UID, s.Method)
	fmt.Fprintf(out, "  started %s, last seen %s\n", local(s.Started), local(s.Seen))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if s.Ended.IsZero() {
		fmt.Fprintln(out, "  it lives")
		if len(told) > 0 {
			fmt.Fprintln(w, "PARTNER\tPROTOCOL\tTOLD ABOUT IT")
		}
		for _, t := range bridge.LastTold(told) {
			fmt.Fprintf(w, "%s\t%s\t%s\n", t.Partner, t.Protocol, local(t.Since))
		}
		return w.Flush()
	}
	fmt.Fprintf(out, "  ended %s%s\n", local(s.Ended), because(report.Deliveries))
	if len(report.Deliveries) > 0 {
		fmt.Fprintln(w, "PARTNER\tPROTOCOL\tSTATE\tATTEMPTS\tCHANGED\tNEXT")
	}
	for _, d := range report.Partners() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", d.Participant.Partner, d.Participant.Protocol, d.State, d.Attempts, local(d.Updated), local(d.Next))
	}
	return w.Flush()
}

func because(ds []bridge.Delivery) string {
	if len(ds) == 0 || ds[0].Reason == "" {
		return ""
	}
	return ": " + string(ds[0].Reason)
}

func printReportJSON(out io.Writer, report bridge.LogoutReport, told []bridge.Participant) error {
	type participant struct {
		Partner  string     `json:"partner"`
		Protocol string     `json:"protocol"`
		Since    time.Time  `json:"since"`
		State    string     `json:"state,omitempty"`
		Attempts int        `json:"attempts"`
		Changed  *time.Time `json:"changed,omitempty"`
		Next     *time.Time `json:"next,omitempty"`
	}
	s := report.Session
	x := struct {
		sessionRow
		Ended        *time.Time    `json:"ended,omitempty"`
		Reason       string        `json:"reason,omitempty"`
		Everywhere   bool          `json:"everywhere"`
		Participants []participant `json:"participants"`
	}{sessionRow: sessionRow{s.ID, s.UID, string(s.Method), s.Started.UTC(), s.Seen.UTC(), s.RoleID}, Ended: moment(s.Ended), Participants: []participant{}}
	for _, d := range report.Partners() {
		x.Reason = string(d.Reason)
		x.Participants = append(x.Participants, participant{d.Participant.Partner, string(d.Participant.Protocol), d.Participant.Since.UTC(), string(d.State), d.Attempts, moment(d.Updated), moment(d.Next)})
	}
	x.Everywhere = x.Ended != nil && report.Everywhere()
	if x.Ended == nil {
		for _, t := range bridge.LastTold(told) {
			x.Participants = append(x.Participants, participant{Partner: t.Partner, Protocol: string(t.Protocol), Since: t.Since.UTC()})
		}
	}
	return json.NewEncoder(out).Encode(x)
}

// moment leaves out the time that is none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}
