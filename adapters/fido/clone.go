package fido

import (
	"context"
	"errors"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// A counter that did not move on says that there may be two of a key (WebAuthn Level 3, section 6.1.1). It does not say whose answer it was:
// whoever used theirs more often is ahead, owner or thief. So the key itself is suspect from then on, whichever of the two answers,
// until somebody who has the owner before them decides. What a suspect key is good for is the policy's: nothing, or assurance 2 at most.

// possibleClone is the ground of what a suspect key is worth, and the code of the alarm.
const possibleClone = "possible_clone"

// overtakes is by how many uses of a key an answer may be overtaken.
const overtakes = 8

// overtaken reports whether an answer whose counter is too low may have been made before the last one that was accepted, and come after it:
// two pages of one person, the first of them slow. Its ceremony had begun by then, and its counter is lower by few; that of a copy in a ceremony of
// its own is not excused, and no counter is ever seen twice.
func overtaken(s state, owner people.Authenticator, counter, stored uint32) bool {
	return counter > 0 && counter < stored && stored-counter <= overtakes && s.began().Before(owner.Used)
}

// ErrNotSuspect is the answer of Clear for a key that is not suspect.
var ErrNotSuspect = errors.New("fido: nothing says that there are two of this key")

// suspect marks a key of whose answer nothing else is kept.
func (k *Keys) suspect(ctx context.Context, owner people.Authenticator) error {
	r, err := decodeRecord(owner)
	if err != nil {
		return err
	}
	r.credential.Authenticator.CloneWarning = true
	return k.remember(ctx, owner, r)
}

// Clear returns a suspect key as one that is not. Its counter begins anew, at that of its next answer: the one that is stored may be of
// a copy, and its owner would be refused again.
func Clear(a people.Authenticator) (people.Authenticator, error) {
	r, err := decodeRecord(a)
	if err != nil {
		return a, err
	}
	if !r.credential.Authenticator.CloneWarning {
		return a, ErrNotSuspect
	}
	r.credential.Authenticator.CloneWarning, r.credential.Authenticator.SignCount = false, 0
	a.Record, err = r.encode()
	return a, err
}
