package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func (p *program) auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "The record of every access"}
	var q ledger.Query
	var kind string
	query := &cobra.Command{
		Use: "query", Short: "Print audit events, one JSON object a line", Args: cobra.NoArgs,
		Example: "  lanyard audit query --subject 555021935107 --limit 50",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if q.Limit < 1 || q.After < 0 {
				return exitError{exitUsage, fmt.Errorf("--limit begins at 1, and --after at 0")}
			}
			_, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			q.Kind = ledger.Kind(kind)
			events, err := store.Events(cmd.Context(), q)
			if err != nil {
				return exitError{exitStore, err}
			}
			enc := json.NewEncoder(p.out)
			for _, e := range events {
				if err := enc.Encode(e); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f := query.Flags()
	f.StringVar(&q.Subject, "subject", "", "uid")
	f.StringVar(&q.Partner, "partner", "", "partner id")
	f.StringVar(&q.Ref, "ref", "", "reference")
	f.StringVar(&kind, "kind", "", "kind of event, such as signed_in, refused or enrolled")
	f.Int64Var(&q.After, "after", 0, "only events after this sequence number")
	f.IntVar(&q.Limit, "limit", 100, "at most so many")
	cmd.AddCommand(query)
	return cmd
}
