package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

func (p *program) peopleClear() *cobra.Command {
	return &cobra.Command{
		Use: "clear UID HANDLE", Short: "Let a suspected FIDO key be used again: you are sure that there is no copy of it", Args: cobra.ExactArgs(2),
		Long: "A key whose counter did not move on may be one of two, and nobody can tell which is the owner's. If there may be a copy\n" +
			"at all, use `lanyard people revoke` and register another. A cleared key counts on from its next use.",
		Example: "  lanyard people clear 555021935107 Zr0c8q1F",
		RunE: func(cmd *cobra.Command, args []string) error {
			h, core, err := p.openHub(cmd)
			if err != nil {
				return err
			}
			defer h.Close(cmd.Context())
			if _, err := registered(cmd.Context(), h.Store(), args[0]); err != nil {
				return err
			}
			a, err := changeHeld(cmd.Context(), h, core, args[0], args[1], ledger.AuthenticatorCleared, clearKey)
			if err != nil && !errors.Is(err, errAsItIs) {
				return err
			}
			word := "is accepted again"
			if err != nil {
				word = "was not suspected"
			}
			fmt.Fprintf(p.out, "%s %s %s\n", a.Kind, a.Label, word)
			return nil
		},
	}
}

func clearKey(a people.Authenticator) (people.Authenticator, error) {
	switch {
	case a.Kind != people.FIDO2:
		return a, exitError{exitUsage, errors.New("only FIDO keys are ever suspected")}
	case !a.Revoked.IsZero():
		return a, exitError{exitUsage, errors.New("this key was revoked, and that is for good: register another")}
	}
	cleared, err := fido.Clear(a)
	if errors.Is(err, fido.ErrNotSuspect) {
		return a, errAsItIs
	}
	return cleared, err
}
