package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust/people"
)

func (p *program) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check and show the configuration"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "validate", Short: "Report every error at once; exit 3 if there is one", Args: cobra.NoArgs,
			Example: "  lanyard config validate --config /etc/lanyard/lanyard.yaml",
			RunE: func(*cobra.Command, []string) error {
				c, err := p.load()
				if err != nil {
					return err
				}
				if _, err := hub.ReadRBAC(c.RBAC); err != nil {
					return exitError{exitConfig, inFile(c.RBAC.File, err, people.ErrImport)}
				}
				fmt.Fprintln(p.out, "configuration is valid")
				return nil
			},
		},
		&cobra.Command{
			Use: "show", Short: "Print the effective values and where each comes from", Args: cobra.NoArgs,
			Example: "  lanyard config show --config /etc/lanyard/lanyard.yaml",
			RunE: func(*cobra.Command, []string) error {
				c, err := p.load()
				if err != nil {
					return err
				}
				fmt.Fprint(p.out, config.Show(c))
				return nil
			},
		},
		&cobra.Command{
			Use: "schema", Short: "Print the JSON Schema of the configuration file", Args: cobra.NoArgs,
			Example: "  lanyard config schema",
			RunE: func(*cobra.Command, []string) error {
				_, err := p.out.Write(config.Schema())
				return err
			},
		},
	)
	return cmd
}
