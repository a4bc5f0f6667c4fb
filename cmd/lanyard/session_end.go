package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust/people"
)

func (p *program) sessionEnd() *cobra.Command {
	var s chosen
	var id, card string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "end --person UID | --id ID | --partner PARTNER | --card HANDLE", Short: "End sessions; the running hub tells their partners", Args: cobra.NoArgs,
		Long:    "The sessions end at once. Their partners are told by the hub that runs on this store, within seconds, or by the next one that does.",
		Example: "  lanyard session end --person 555021935107\n  lanyard session end --id qs4iy7bqe2pmzkbr4p6qk3z2ze\n  lanyard session end --partner PAS --dry-run\n  lanyard session end --card 9f3c02a1:1f",
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, core, err := p.openHub(cmd)
			if err != nil {
				return err
			}
			defer h.Close(cmd.Context())
			switch {
			case card != "":
				return p.endByCard(cmd.Context(), h, core, card, dryRun)
			case id != "":
				return p.endOne(cmd.Context(), core, id, dryRun)
			}
			q, err := s.query(h)
			if err != nil {
				return err
			}
			return p.endChosen(cmd.Context(), core, q, dryRun, nil, bridge.EndedByAdmin)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.person, "person", "", "uid: all sessions of this person")
	f.StringVar(&id, "id", "", "one session")
	f.StringVar(&s.partner, "partner", "", "id or name: all sessions that this partner was told about")
	f.StringVar(&card, "card", "", "handle of a card or key that left its reader: the sessions signed in with it, as the terms of their apps say")
	f.BoolVar(&dryRun, "dry-run", false, "print what would end, end nothing")
	cmd.MarkFlagsOneRequired("person", "id", "partner", "card")
	cmd.MarkFlagsMutuallyExclusive("person", "id", "partner", "card")
	return cmd
}

// endChosen ends all that the query and match select.
func (p *program) endChosen(ctx context.Context, core *bridge.Hub, q bridge.SessionQuery, dryRun bool, match func(bridge.Session) (bool, error), reason bridge.EndReason) error {
	if dryRun {
		n, err := countChosen(ctx, core, q, match)
		if err != nil {
			return exitError{exitStore, err}
		}
		fmt.Fprintf(p.out, "%s would end (dry run)\n", count(n, "session"))
		return nil
	}
	ended, err := core.EndAll(ctx, q, match, bridge.LogoutCause{Reason: reason, Ref: core.NewRef(), By: byCommand})
	if err != nil {
		return exitError{exitStore, fmt.Errorf("%s ended, then: %w", count(ended.Sessions, "session"), err)}
	}
	p.printEnded(ended)
	return nil
}

func countChosen(ctx context.Context, core *bridge.Hub, q bridge.SessionQuery, match func(bridge.Session) (bool, error)) (int, error) {
	n := 0
	err := core.EachLiving(ctx, q, func(page []bridge.Session) error {
		if match == nil {
			n += len(page)
			return nil
		}
		for _, s := range page {
			ok, err := match(s)
			if err != nil {
				return err
			}
			if ok {
				n++
			}
		}
		return nil
	})
	return n, err
}

// signedInWith matches sessions whose last proof was made with an authenticator.
func signedInWith(a people.Authenticator) func(bridge.Session) (bool, error) {
	return func(s bridge.Session) (bool, error) { return s.SignedInWith(a), nil }
}

func (p *program) printEnded(e bridge.Ended) {
	fmt.Fprintf(p.out, "%s ended, %s to tell\n", count(e.Sessions, "session"), count(e.Partners, "partner"))
	if e.Partners > 0 {
		fmt.Fprintln(p.err, "the running hub tells them; `lanyard session show ID` says what became of it")
	}
}

func (p *program) endOne(ctx context.Context, core *bridge.Hub, id string, dryRun bool) error {
	x, err := core.Sessions.Session(ctx, id)
	switch {
	case errors.Is(err, bridge.ErrNotFound):
		return exitError{exitMissing, fmt.Errorf("there is no session %s", id)}
	case err != nil:
		return exitError{exitStore, err}
	case !x.Ended.IsZero():
		fmt.Fprintf(p.out, "session %s has ended before, %s\n", id, local(x.Ended))
		return nil
	case dryRun:
		fmt.Fprintln(p.out, "1 session would end (dry run)")
		return nil
	}
	report, err := core.Logout(ctx, id, bridge.LogoutCause{Reason: bridge.EndedByAdmin, Ref: core.NewRef(), By: byCommand})
	if err != nil {
		return exitError{exitStore, err}
	}
	p.printEnded(bridge.Ended{Sessions: 1, Partners: len(report.Partners())})
	return nil
}

// endByCard says to the hub that a card left its reader.
func (p *program) endByCard(ctx context.Context, h *hub.Hub, core *bridge.Hub, handle string, dryRun bool) error {
	a, err := h.Store().Authenticator(ctx, people.Smartcard, handle)
	if errors.Is(err, people.ErrNotFound) {
		a, err = h.Store().Authenticator(ctx, people.FIDO2, handle)
	}
	if errors.Is(err, people.ErrNotFound) {
		return exitError{exitMissing, fmt.Errorf("no card or key is registered as %s; `lanyard people show UID` prints the handles", handle)}
	}
	if err != nil {
		return exitError{exitStore, err}
	}
	if dryRun {
		return p.endChosen(ctx, core, bridge.SessionQuery{UID: a.UID}, true, signedInWith(a), bridge.EndedByCard)
	}
	done, err := core.CardRemoved(ctx, a, bridge.Reader{}, bridge.LogoutCause{Ref: core.NewRef(), By: byCommand})
	if err != nil {
		return exitError{exitStore, fmt.Errorf("%s ended and %d suspended, then: %w", count(done.Ended.Sessions, "session"), done.Suspended.Sessions, err)}
	}
	if done.Suspended.Sessions > 0 {
		fmt.Fprintf(p.out, "%s suspended, %s to tell\n", count(done.Suspended.Sessions, "session"), count(done.Suspended.Partners, "partner"))
	}
	p.printEnded(done.Ended)
	if done.Left > 0 {
		fmt.Fprintf(p.err, "%s left, as session.on_card_removal says\n", count(done.Left, "session"))
	}
	return nil
}
