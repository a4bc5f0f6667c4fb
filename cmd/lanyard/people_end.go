package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

func (p *program) peopleSuspend() *cobra.Command {
	return &cobra.Command{
		Use: "suspend UID", Short: "Suspend a person: no sign-in any more, sessions end, partners are told", Args: cobra.ExactArgs(1),
		Example: "  lanyard people suspend 555021935107",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.setStatus(cmd, args[0], people.Suspended) },
	}
}

func (p *program) peopleReinstate() *cobra.Command {
	return &cobra.Command{
		Use: "reinstate UID", Short: "Let a suspended person sign in again", Args: cobra.ExactArgs(1),
		Example: "  lanyard people reinstate 555021935107",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.setStatus(cmd, args[0], people.Active) },
	}
}

// setStatus is durable before sessions end: a command that dies in between is repeated, and ends what is left.
func (p *program) setStatus(cmd *cobra.Command, uid string, status people.Status) error {
	h, core, err := p.openHub(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	defer h.Close(ctx)
	person, err := registered(ctx, h.Store(), uid)
	if err != nil {
		return err
	}
	word := "already "
	if person.Status != status {
		word, person.Status = "", status
		event := ledger.Event{Time: time.Now(), Kind: ledger.PersonChanged, Reason: string(status), Subject: uid, Detail: map[string]string{"by": byCommand}}
		if err := core.Journal.Commit(ctx, bridge.SavePersons{Persons: []people.Person{person}}, bridge.Append{Event: event}); err != nil {
			return exitError{exitStore, err}
		}
	}
	fmt.Fprintf(p.out, "%s is %s%s\n", person.Name, word, status)
	if status != people.Suspended {
		return nil
	}
	return p.endChosen(ctx, core, bridge.SessionQuery{UID: uid}, false, nil, bridge.EndedBySuspension)
}

// registered finds a person, or says with which status the command ends.
func registered(ctx context.Context, store bridge.Directory, uid string) (people.Person, error) {
	person, err := store.Person(ctx, uid)
	if errors.Is(err, people.ErrNotFound) {
		return person, exitError{exitMissing, fmt.Errorf("nobody is registered as %s", uid)}
	}
	if err != nil {
		return person, exitError{exitStore, err}
	}
	return person, nil
}

func (p *program) peopleRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke UID HANDLE", Short: "Revoke a card or key for good: sessions signed in with it end, partners are told", Args: cobra.ExactArgs(2),
		Long:    "`lanyard people show UID` prints the handles.",
		Example: "  lanyard people revoke 555021935107 9f3c02a1:1f",
		RunE: func(cmd *cobra.Command, args []string) error {
			h, core, err := p.openHub(cmd)
			if err != nil {
				return err
			}
			defer h.Close(cmd.Context())
			if _, err := registered(cmd.Context(), h.Store(), args[0]); err != nil {
				return err
			}
			return p.revoke(cmd.Context(), h, core, args[0], args[1])
		},
	}
}

func (p *program) revoke(ctx context.Context, h *hub.Hub, core *bridge.Hub, uid, handle string) error {
	word := "revoked before"
	a, err := changeHeld(ctx, h, core, uid, handle, ledger.AuthenticatorRevoked, func(a people.Authenticator) (people.Authenticator, error) {
		if !a.Revoked.IsZero() {
			return a, errAsItIs
		}
		word, a.Revoked = "revoked", time.Now()
		return a, nil
	})
	if err != nil && !errors.Is(err, errAsItIs) {
		return err
	}
	fmt.Fprintf(p.out, "%s %s %s\n", a.Kind, a.Label, word)
	return p.endChosen(ctx, core, bridge.SessionQuery{UID: uid}, false, signedInWith(a), bridge.EndedByRevocation)
}

// endSuspended ends what sessions the suspended among persons have.
func (p *program) endSuspended(cmd *cobra.Command, persons []people.Person) error {
	var suspended []string
	for _, x := range persons {
		if x.Status == people.Suspended {
			suspended = append(suspended, x.UID)
		}
	}
	if len(suspended) == 0 {
		return nil
	}
	h, core, err := p.openHub(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	defer h.Close(ctx)
	n := 0
	for _, uid := range suspended {
		ended, err := core.EndAll(ctx, bridge.SessionQuery{UID: uid}, nil, bridge.LogoutCause{Reason: bridge.EndedBySuspension, Ref: core.NewRef(), By: byCommand})
		if err != nil {
			return exitError{exitStore, err}
		}
		n += ended.Sessions
	}
	if n > 0 {
		fmt.Fprintf(p.err, "%s of suspended persons ended; the running hub tells the partners\n", count(n, "session"))
	}
	return nil
}
