package main

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/bridge"
)

func (p *program) workstationShow() *cobra.Command {
	return &cobra.Command{
		Use: "show WORKSTATION", Short: "Print a workstation and how many sessions are there", Args: cobra.ExactArgs(1),
		Example: "  lanyard workstation show \"Bay 4\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			h, core, err := p.openHub(cmd)
			if err != nil {
				return err
			}
			defer h.Close(cmd.Context())
			w, err := findStation(cmd.Context(), h.Store(), args[0])
			if err != nil {
				return err
			}
			n, err := countChosen(cmd.Context(), core, bridge.SessionQuery{At: w.ID}, nil)
			if err != nil {
				return exitError{exitStore, err}
			}
			r := rowOf(w, time.Now())
			if p.json {
				return json.NewEncoder(p.out).Encode(struct {
					stationRow
					Sessions int `json:"sessions"`
				}{r, n})
			}
			t := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
			fmt.Fprintf(t, "id\t%s\nname\t%s\nstate\t%s\nshared\t%s\non removal\t%s\n", r.ID, r.Name, r.State, yes(r.Shared), cmp.Or(string(r.OnRemoval), "hub"))
			fmt.Fprintf(t, "added\t%s\nkey (SHA-256)\t%s\nsessions\t%d\n", local(w.Added), cmp.Or(r.Key, "-"), n)
			if r.Until != nil {
				fmt.Fprintf(t, "enrolment until\t%s\n", local(*r.Until))
			}
			if r.Revoked != nil {
				fmt.Fprintf(t, "revoked\t%s\n", local(*r.Revoked))
			}
			return t.Flush()
		},
	}
}

func (p *program) workstationSet() *cobra.Command {
	var b bay
	var secret bool
	cmd := &cobra.Command{
		Use: "set WORKSTATION", Short: "Change a workstation, or let another agent enrol for it", Args: cobra.ExactArgs(1),
		Long:    "With --new-secret another agent may enrol, for a computer that was replaced or set up anew. The agent of before is believed until then.",
		Example: "  lanyard workstation set \"Bay 4\" --on-removal logout\n  lanyard workstation set \"Bay 4\" --new-secret",
		RunE: func(cmd *cobra.Command, args []string) error {
			_, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			w, err := findStation(cmd.Context(), store, args[0])
			if err != nil {
				return err
			}
			if !w.Revoked.IsZero() {
				return exitError{exitRefused, errors.New("it was revoked; register it anew with `lanyard workstation add`")}
			}
			changed, err := b.apply(cmd, &w)
			if err != nil {
				return err
			}
			token := ""
			if secret {
				w, token = w.OpenEnrolment(rand.Text()+rand.Text(), time.Now().Add(enrolmentLife))
				changed = append(changed, "secret")
			}
			if len(changed) == 0 {
				return misused(cmd, errors.New("nothing to change was given"))
			}
			if err := saveStation(cmd.Context(), store, w, strings.Join(changed, " ")); err != nil {
				return err
			}
			if secret {
				return p.printSecret(w, token)
			}
			fmt.Fprintln(p.out, "changed", w.ID)
			return nil
		},
	}
	b.flags(cmd)
	cmd.Flags().BoolVar(&secret, "new-secret", false, "print a new secret by which an agent enrols, once")
	return cmd
}

func (p *program) workstationRevoke() *cobra.Command {
	var end bool
	cmd := &cobra.Command{
		Use: "revoke WORKSTATION", Short: "Believe a workstation's agent no more, for good", Args: cobra.ExactArgs(1),
		Long:    "Partners learn it within five minutes. What the agent tells of cards is not heard any more: with --end-sessions the sessions there end too.",
		Example: "  lanyard workstation revoke \"Bay 4\" --end-sessions",
		RunE: func(cmd *cobra.Command, args []string) error {
			h, core, err := p.openHub(cmd)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			defer h.Close(ctx)
			w, err := findStation(ctx, h.Store(), args[0])
			if err != nil {
				return err
			}
			word := "revoked before"
			if w.Revoked.IsZero() {
				word, w.Revoked, w.Hash, w.Until = "revoked", time.Now(), nil, time.Time{}
				if err := saveStation(ctx, h.Store(), w, word); err != nil {
					return err
				}
			}
			fmt.Fprintln(p.out, w.ID, word)
			if !end {
				return nil
			}
			return p.endChosen(ctx, core, bridge.SessionQuery{At: w.ID}, false, nil, bridge.EndedByAdmin)
		},
	}
	cmd.Flags().BoolVar(&end, "end-sessions", false, "end the sessions at it")
	return cmd
}
