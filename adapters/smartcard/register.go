package smartcard

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// register finds whose card it is by the identifier that its authority wrote into it, and registers the card, so that it can be
// withdrawn here like any other. A card that is registered already is found by its issuer and number, whatever it says.
func (c *Cards) register(ctx context.Context, k *card) (people.Authenticator, error) {
	uid, err := k.authority.Identifier.read(k.leaf)
	switch {
	case errors.Is(err, errNoIdentifier):
		return people.Authenticator{}, unregistered().Because(err)
	case err != nil:
		return people.Authenticator{}, untrusted("card_identifier", "It cannot be told whose card this is: its certificate names its holder in a way that is not accepted. Ask your Registration Authority to register it.").Because(err)
	}
	person, err := c.options.People.Person(ctx, uid)
	switch {
	case errors.Is(err, people.ErrNotFound), err == nil && person.Status != people.Active:
		return people.Authenticator{}, unregistered()
	case err != nil:
		return people.Authenticator{}, fmt.Errorf("smartcard: find holder: %w", err)
	}
	a := people.Authenticator{
		ID: c.options.NewID(), UID: uid, Kind: people.Smartcard, Handle: k.handle(), Label: "Smartcard of " + k.authority.Name,
		Added: k.now, Expires: k.leaf.NotAfter,
	}
	if k.emergency != nil {
		return a, unregistered() // what opens emergency access was used before
	}
	k.named = true
	err = c.options.Journal.Commit(ctx, bridge.AddAuthenticator{Authenticator: a}, bridge.Append{Event: k.enrolled(ctx, a)})
	if errors.Is(err, people.ErrConflict) {
		return people.Authenticator{}, bridge.Refuse(bridge.CredentialUnknown, "This card was registered at this moment. Try again.").WithCode("card_registered_now")
	}
	if err != nil {
		return people.Authenticator{}, fmt.Errorf("smartcard: register card: %w", err)
	}
	return a, nil
}

// enrolled is the record of it, written with it: a card may be registered in a sign-in that is then refused.
func (k *card) enrolled(ctx context.Context, a people.Authenticator) ledger.Event {
	detail := k.evidence()
	detail["by"], detail["authenticator"] = "identifier", a.ID
	return ledger.Event{
		Time: k.now, Kind: ledger.Enrolled, Ref: bridge.Ref(ctx), Subject: a.UID, Peer: bridge.Peer(ctx), Method: string(a.Kind), Detail: detail,
	}
}
