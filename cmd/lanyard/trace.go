package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func (p *program) traceCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "trace", Short: "What happened in a transaction"}
	cmd.AddCommand(&cobra.Command{
		Use: "show REF", Short: "Print the story behind a reference that a user reads out", Args: cobra.ExactArgs(1),
		Example: "  lanyard trace show 7K4M-2Q9X",
		RunE: func(cmd *cobra.Command, args []string) error {
			ref := normalRef(args[0])
			if len(ref) != 9 {
				return exitError{exitUsage, fmt.Errorf("%q is not a reference: it has eight letters and digits, such as 7K4M-2Q9X", args[0])}
			}
			return p.showTrace(cmd, ref)
		},
	})
	return cmd
}

// normalRef accepts a reference as people say it: lower case, without the hyphen, O for 0, I or L for 1.
func normalRef(s string) string {
	s = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
	if len(s) == 8 {
		return s[:4] + "-" + s[4:]
	}
	return s
}

func (p *program) showTrace(cmd *cobra.Command, ref string) error {
	_, store, err := p.open(cmd)
	if err != nil {
		return err
	}
	defer store.Close()
	entries, err := store.Traces(cmd.Context(), ref)
	if err != nil {
		return exitError{exitStore, err}
	}
	events, err := store.Events(cmd.Context(), ledger.Query{Ref: ref, Limit: 1000})
	if err != nil {
		return exitError{exitStore, err}
	}
	if len(entries) == 0 && len(events) == 0 {
		return exitError{exitMissing, fmt.Errorf("nothing is known of %s: it is older than trace.keep, was misheard, or its page did nothing that is recorded", ref)}
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(map[string]any{"ref": ref, "steps": entries, "events": events})
	}
	fmt.Fprintf(p.out, "%s\n", ref)
	for _, e := range entries {
		fmt.Fprintf(p.out, "  %s  %-20s", e.At.UTC().Format("15:04:05.000"), e.Step)
		for i := 0; i+1 < len(e.Fields); i += 2 {
			fmt.Fprintf(p.out, "  %s=%s", e.Fields[i], e.Fields[i+1])
		}
		fmt.Fprintln(p.out)
	}
	for _, e := range events {
		fmt.Fprintf(p.out, "  audit #%d  %s  %s", e.Seq, e.Time.Format("15:04:05.000"), e.Kind)
		for _, f := range [][2]string{{"reason", e.Reason}, {"partner", e.Partner}, {"role", e.Role}, {"method", e.Method}} {
			if f[1] != "" {
				fmt.Fprintf(p.out, "  %s=%s", f[0], f[1])
			}
		}
		fmt.Fprintln(p.out)
	}
	return nil
}
