package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
)

func (p *program) cardsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "cards", Short: "Authorities of Smartcards"}
	cmd.AddCommand(p.cardsStatus())
	return cmd
}

func (p *program) cardsStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Say how sure it is that cards were not revoked, for each authority", Args: cobra.NoArgs,
		Example: "  lanyard cards status\n  lanyard cards status --json",
		RunE: func(*cobra.Command, []string) error {
			c, err := p.load()
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(p.err, nil))
			states, err := hub.CardStates(hub.Options{Config: c, Log: log, Lab: p.lab})
			if err != nil {
				return exitError{exitRefused, err}
			}
			if err := p.printCardStates(states, time.Now()); err != nil {
				return err
			}
			for _, s := range states {
				if s.Standing == bridge.StandingUnknown {
					return exitError{exitVerify, fmt.Errorf("of cards of %s (%s) it cannot be told whether they were revoked", s.Authority, s.Issuer)}
				}
			}
			return nil
		},
	}
}

// cardRow is one issuer as `cards status` prints it.
type cardRow struct {
	Authority, Issuer, Mode, Rung, Then string
	CRL, Delta                          string     `json:",omitempty"`
	Entries                             int        `json:",omitempty"`
	ThisUpdate, NextUpdate              *time.Time `json:",omitempty"`
	Cards, Answers, Refused             int        `json:",omitempty"` // of OCSP
	Expires                             time.Time
}

func (p *program) printCardStates(states []revocation.State, now time.Time) error {
	rows := []cardRow{}
	for _, s := range states {
		rows = append(rows, cardRow{
			s.Authority, s.Issuer, string(s.Mode), string(s.Standing), string(s.Then), s.Number, s.Delta, s.Entries,
			moment(s.ThisUpdate), moment(s.NextUpdate), s.Cards, s.Answers, s.Refused, s.Expires,
		})
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(rows)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "AUTHORITY\tISSUER\tMODE\tRUNG\tTHEN\tCRL\tDELTA\tREVOKED\tOCSP\tAGE\tNEXT UPDATE\tCERTIFICATE")
	for _, r := range rows {
		answers := "-"
		if revocation.Mode(r.Mode).Answers() {
			answers = fmt.Sprintf("%d/%d", r.Answers, r.Cards)
		}
		age, next := "-", "-"
		if r.ThisUpdate != nil {
			age = now.Sub(*r.ThisUpdate).Round(time.Minute).String()
		}
		if r.NextUpdate != nil {
			next = r.NextUpdate.UTC().Format("2 Jan 15:04")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", r.Authority, r.Issuer, r.Mode, cmp.Or(r.Rung, "-"), r.Then, cmp.Or(r.CRL, "-"), cmp.Or(r.Delta, "-"),
			r.Entries, answers, age, next, lasts(r.Expires, now))
	}
	return w.Flush()
}

// lasts says how long a certificate lasts: loud where somebody must act.
func lasts(until, now time.Time) string {
	days := int(until.Sub(now).Hours() / 24)
	switch {
	case now.After(until):
		return "EXPIRED " + until.UTC().Format("2 Jan 2006")
	case days < 90:
		return fmt.Sprintf("EXPIRES IN %d DAYS", days)
	}
	return "until " + until.UTC().Format("2 Jan 2006")
}
