package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/protocols/ticket"
	"github.com/lanyard-hub/lanyard/trust"
)

func (p *program) ticketCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "ticket", Short: "Legacy tickets: what one stands for, what a system would be told, the end of one"}
	cmd.AddCommand(p.ticketInspect(), p.ticketVerify(), p.ticketRevoke())
	return cmd
}

// maxTicket bounds what is read from standard input; tickets have less than 256 bytes.
const maxTicket = 4 << 10

// ticketOf is the argument, or standard input for "-": a ticket is a secret that others may read in a list of processes.
func ticketOf(cmd *cobra.Command, args []string) (string, error) {
	if args[0] != "-" {
		return args[0], nil
	}
	data, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxTicket))
	return strings.TrimSpace(string(data)), err
}

// onTicket does something with the ticket that a command is given, beside the hub.
func (p *program) onTicket(do func(cmd *cobra.Command, h *hub.Hub, core *bridge.Hub, token string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		token, err := ticketOf(cmd, args)
		if err != nil {
			return err
		}
		h, core, err := p.openHub(cmd)
		if err != nil {
			return err
		}
		defer h.Close(cmd.Context())
		return do(cmd, h, core, token)
	}
}

// ticketError gives an error its exit code.
func ticketError(err error) error {
	refusal, refused := errors.AsType[*bridge.Refusal](err)
	switch {
	case ticket.Unknown(err):
		return exitError{exitMissing, errors.New("no such ticket is valid: it is mistyped, or it has expired, was destroyed, or its session has ended")}
	case refused && !refusal.OurFault():
		return exitError{exitRefused, fmt.Errorf("%s (%s)", refusal.Detail, refusal.AuditCode())}
	}
	return exitError{exitStore, err}
}

// ticketRow is a ticket as `ticket inspect --json` prints it.
type ticketRow struct {
	Partner   string    `json:"partner,omitempty"`
	Agent     bool      `json:"agent"`
	Session   string    `json:"session"`
	Person    string    `json:"person"`
	Role      string    `json:"role,omitempty"`
	Suspended bool      `json:"suspended"`
	Ref       string    `json:"ref"`
	Expires   time.Time `json:"expires"`
}

func (p *program) ticketInspect() *cobra.Command {
	return &cobra.Command{
		Use: "inspect TICKET|-", Short: "Print what a ticket stands for", Args: cobra.ExactArgs(1),
		Example: "  lanyard ticket inspect 'AQIC5w...@AAJTSQACMDE=#'\n  pbpaste | lanyard ticket inspect -",
		RunE: p.onTicket(func(cmd *cobra.Command, _ *hub.Hub, core *bridge.Hub, token string) error {
			f, err := ticket.Inspect(cmd.Context(), core, token)
			if err != nil {
				return ticketError(err)
			}
			return p.printTicket(ticketRow{f.Partner, f.Partner == "", f.Session.ID, f.Session.UID, f.Role, !f.Session.Suspended.IsZero(), f.Issued, f.Expires.UTC()})
		}),
	}
}

func (p *program) printTicket(r ticketRow) error {
	if p.json {
		return json.NewEncoder(p.out).Encode(r)
	}
	system, role := r.Partner, r.Role
	if r.Agent {
		system = "every system, by an agent"
	}
	if role == "" {
		role = "none chosen"
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "FOR\t%s\nSESSION\t%s\nPERSON\t%s\nROLE\t%s\nREFERENCE\t%s\nEXPIRES\t%s\n", system, r.Session, r.Person, role, r.Ref, local(r.Expires))
	if r.Suspended {
		fmt.Fprintln(w, "SUSPENDED\tnothing is said of it until its person proves anew")
	}
	return w.Flush()
}

func (p *program) ticketVerify() *cobra.Command {
	var partner string
	cmd := &cobra.Command{
		Use: "verify TICKET|- [--partner PARTNER]", Short: "Print what a system would be told if it presented a ticket now", Args: cobra.ExactArgs(1),
		Long:    "Nothing is told or recorded. Where the system calls from is not asked.",
		Example: "  lanyard ticket verify 'AQIC5w...@AAJTSQACMDE=#' --partner pathology",
		RunE: p.onTicket(func(cmd *cobra.Command, h *hub.Hub, core *bridge.Hub, token string) error {
			var found trust.Partner
			if partner != "" {
				var err error
				if found, err = findPartner(h.Registry(), partner); err != nil {
					return err
				}
			}
			iss, err := ticket.Verify(cmd.Context(), core, token, found.ID)
			switch {
			case err != nil:
				return ticketError(err)
			case p.json:
				return printIssuanceJSON(p.out, iss)
			}
			return printIssuance(p.out, iss)
		}),
	}
	cmd.Flags().StringVar(&partner, "partner", "", "id or name of the system; needed for a ticket of an agent")
	return cmd
}

func (p *program) ticketRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke TICKET|-", Short: "End a ticket, and with one of an agent its session", Args: cobra.ExactArgs(1),
		Long:    "A ticket that a browser was given ends alone. One of an agent ends with its session, and its systems are told by the hub that runs on this store.",
		Example: "  lanyard ticket revoke 'AQIC5w...@AAJTSQACMDE=#'",
		RunE: p.onTicket(func(cmd *cobra.Command, _ *hub.Hub, core *bridge.Hub, token string) error {
			if err := ticket.Revoke(bridge.WithRef(cmd.Context(), core.NewRef()), core, token, byCommand); err != nil {
				return ticketError(err)
			}
			fmt.Fprintln(p.out, "the ticket is dead")
			return nil
		}),
	}
}
