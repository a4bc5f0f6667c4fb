package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// errAsItIs says that there is nothing to change.
var errAsItIs = errors.New("nothing to change")

// heldTries is how often a change is made anew because a sign-in has written to the card or key meanwhile.
const heldTries = 20

// changeHeld changes one card or key of a person, named by its handle or id, and records it with an event, both or neither. An error
// of change is returned with the card or key as it stands.
func changeHeld(ctx context.Context, h *hub.Hub, core *bridge.Hub, uid, handle string, kind ledger.Kind, change func(people.Authenticator) (people.Authenticator, error)) (people.Authenticator, error) {
	for range heldTries {
		a, err := held(ctx, h.Store(), uid, handle)
		if err != nil {
			return a, err
		}
		changed, err := change(a)
		if err != nil {
			return a, err
		}
		event := ledger.Event{Time: time.Now(), Kind: kind, Subject: uid, Method: string(a.Kind), Detail: map[string]string{"by": byCommand, "authenticator": a.ID}}
		err = core.Journal.Commit(ctx, bridge.ChangeAuthenticator{Authenticator: changed, Was: a.Record}, bridge.Append{Event: event})
		switch {
		case err == nil:
			return changed, nil
		case !errors.Is(err, people.ErrConflict):
			return a, exitError{exitStore, err}
		}
	}
	return people.Authenticator{}, exitError{exitStore, errors.New("the card or key is in use all the time; try again")}
}

// held finds a card or key of a person, or says with which status the command ends.
func held(ctx context.Context, store hub.Store, uid, handle string) (people.Authenticator, error) {
	all, err := store.AuthenticatorsOf(ctx, uid)
	if err != nil {
		return people.Authenticator{}, exitError{exitStore, err}
	}
	for _, a := range all {
		if a.Handle == handle || a.ID == handle {
			return a, nil
		}
	}
	return people.Authenticator{}, exitError{exitMissing, fmt.Errorf("%s has no card or key %s; `lanyard people show %s` prints the handles", uid, handle, uid)}
}
