package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (p *program) ticketCommand() *cobra.Command {
	group := &cobra.Command{
		Use: "ticket", Short: "The Ticket API of the legacy world, as commands", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(
		p.ticketVerb("get", "Print the current ticket, or sign in for one", true),
		p.ticketVerb("get-no-auth", "Print the current ticket; fail if there is none", false),
		p.ticketVerb("get-new", "Sign in again and print the new ticket", true),
		p.ticketVerb("destroy", "End the current ticket, as pulling the card does", false))
	return group
}

func (p *program) ticketVerb(name, short string, role bool) *cobra.Command {
	var chosen string
	c := &cobra.Command{
		Use: name, Short: short, Args: noArgs,
		Example: "  lanyard-agent ticket " + name,
		RunE: func(cmd *cobra.Command, _ []string) error {
			running, err := p.running(cmd)
			if err != nil {
				return err
			}
			ticket, err := running.Ticket(cmd.Context(), name, chosen)
			if err != nil || ticket == "" {
				return err
			}
			_, err = fmt.Fprintln(p.out, ticket)
			return err
		},
	}
	if role {
		c.Flags().StringVar(&chosen, "role", "", "id of the role profile to take")
	}
	return c
}
