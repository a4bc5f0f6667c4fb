package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Bounds of invitations.
const (
	mostUses   = 1000
	mostDays   = 365
	inviteDays = 7
)

func (p *program) partnerInvite() *cobra.Command {
	var i trust.Invitation
	var terms string
	var days int
	cmd := &cobra.Command{
		Use: "invite --name NAME", Short: "Let a supplier register an OIDC client: prints a token, once", Args: cobra.NoArgs,
		Example: "  lanyard partner invite --name EPR --contact dev@supplier.example\n  lanyard partner invite --name EPR --terms epr-terms.yaml --uses 3 --days 30",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if i.Uses < 1 || i.Uses > mostUses || days < 1 || days > mostDays {
				return exitError{exitUsage, fmt.Errorf("--uses is 1 to %d, --days 1 to %d", mostUses, mostDays)}
			}
			c, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			stage, err := p.inviteTerms(c, terms, &i)
			if err != nil {
				return err
			}
			i.Made = time.Now()
			i.Expires = i.Made.AddDate(0, 0, days)
			return p.invite(cmd.Context(), c, store, i, stage)
		},
	}
	cmd.Flags().StringVar(&i.Name, "name", "", "whom it is for")
	cmd.Flags().StringVar(&i.Contact, "contact", "", "how to reach them")
	cmd.Flags().StringVar(&terms, "terms", "", "what the client may have (YAML); without it what oidc.registration.template_file says")
	cmd.Flags().IntVar(&i.Uses, "uses", 1, "how many clients may be registered")
	cmd.Flags().IntVar(&days, "days", inviteDays, "how long it works")
	_ = cmd.MarkFlagRequired("name")
	return cmd
}

// inviteTerms reads what the client may have into the invitation, and says in which stage it will be.
func (p *program) inviteTerms(c config.Config, file string, i *trust.Invitation) (trust.Stage, error) {
	compiler, o, err := p.compiler(c)
	if err != nil {
		return "", err
	}
	if file == "" {
		t, err := hub.RegistrationTemplate(c.OIDC.Registration, compiler, o)
		if err != nil {
			return "", exitError{exitConfig, err}
		}
		return t.Document().Stage, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", exitError{exitMissing, err}
	}
	t, err := trust.ReadTemplate(data, true, compiler, o)
	if err != nil {
		return "", exitError{exitRefused, inFile(file, err, trust.ErrInvalid)}
	}
	i.Template, err = t.Document().Canonical()
	return t.Document().Stage, err
}

func (p *program) invite(ctx context.Context, c config.Config, store hub.Store, i trust.Invitation, stage trust.Stage) error {
	i, token := trust.NewInvitation(strings.ToLower(rand.Text()[:10]), rand.Text()+rand.Text(), i)
	event := ledger.Event{Time: i.Made, Kind: ledger.InvitationChanged, Detail: map[string]string{"change": "made", "invitation": i.ID, "uses": fmt.Sprint(i.Uses), "by": byCommand}}
	if _, err := store.SaveInvitation(ctx, i, 0, event); err != nil {
		return exitError{exitStore, err}
	}
	fmt.Fprintf(p.err, "for %s, %s, until %s; hand it over as a password\n", i.Name, count(i.Uses, "client"), i.Expires.Format("2 Jan 2006, 15:04"))
	if c.OIDC.Registration.Mode == "off" {
		fmt.Fprintln(p.err, "warning: oidc.registration.mode is off: it works once that is token or open")
	}
	fmt.Fprintf(p.err, "its clients will be in stage %s; they register at %s/oidc/register\n", stage, c.Issuer)
	fmt.Fprintln(p.out, token)
	return nil
}

func (p *program) partnerInvitations() *cobra.Command {
	return &cobra.Command{
		Use: "invitations", Short: "List invitations", Args: cobra.NoArgs,
		Example: "  lanyard partner invitations\n  lanyard partner invitations --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			all, err := store.Invitations(cmd.Context())
			if err != nil {
				return exitError{exitStore, err}
			}
			return p.printInvitations(all, time.Now())
		},
	}
}

// invitationRow is one invitation as it is printed.
type invitationRow struct {
	ID, Name, Contact, State string
	Used, Uses               int
	Expires                  time.Time
}

func (p *program) printInvitations(all []trust.Invitation, now time.Time) error {
	rows := make([]invitationRow, len(all))
	for n, i := range all {
		rows[n] = invitationRow{i.ID, i.Name, i.Contact, invitationState(i, now), i.Used, i.Uses, i.Expires.UTC()}
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(rows)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tUSED\tUNTIL\tNAME\tCONTACT")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\t%s\t%s\n", r.ID, r.State, r.Used, r.Uses, r.Expires.Format(time.DateOnly), r.Name, r.Contact)
	}
	return w.Flush()
}

func invitationState(i trust.Invitation, now time.Time) string {
	switch {
	case i.Revoked:
		return "revoked"
	case i.Used >= i.Uses:
		return "used"
	case !i.Open(now):
		return "over"
	}
	return "open"
}

func (p *program) partnerUninvite() *cobra.Command {
	return &cobra.Command{
		Use: "uninvite ID", Short: "Revoke an invitation; what was registered by it stays", Args: cobra.ExactArgs(1),
		Example: "  lanyard partner uninvite k7dq3m2a5x",
		RunE: func(cmd *cobra.Command, args []string) error {
			_, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			i, err := store.Invitation(cmd.Context(), args[0])
			if errors.Is(err, trust.ErrInvitation) {
				return exitError{exitMissing, fmt.Errorf("there is no invitation %q; `lanyard partner invitations` lists them", args[0])}
			}
			if err != nil {
				return exitError{exitStore, err}
			}
			if i.Revoked {
				fmt.Fprintln(p.out, "revoked already", i.ID)
				return nil
			}
			i.Revoked = true
			event := ledger.Event{Time: time.Now(), Kind: ledger.InvitationChanged, Detail: map[string]string{"change": "revoked", "invitation": i.ID, "by": byCommand}}
			if _, err := store.SaveInvitation(cmd.Context(), i, i.Revision, event); errors.Is(err, trust.ErrConflict) {
				return exitError{exitRefused, errors.New("it was used at this moment; try again")}
			} else if err != nil {
				return exitError{exitStore, err}
			}
			fmt.Fprintln(p.out, "revoked", i.ID)
			return nil
		},
	}
}
