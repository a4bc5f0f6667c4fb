package fido

import (
	"bytes"
	"crypto/subtle"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
)

// rule is one requirement on an answer. It reports whether it holds.
type rule struct {
	code  string // of the refusal when it does not
	holds func(*Keys, state, answer) bool
}

// rules is what both ceremonies require (WebAuthn Level 3, sections 7.1 and 7.2), in order.
func rules() []rule {
	return []rule{
		{"key_type", func(_ *Keys, s state, a answer) bool { return a.client.kind == string(s.Ceremony) }},
		{"key_challenge", sameChallenge},
		{"key_origin", func(k *Keys, _ state, a answer) bool { return slices.Contains(k.options.Origins, a.client.origin) }},
		{"key_cross_origin", func(_ *Keys, _ state, a answer) bool { return !a.client.crossOrigin && !a.client.embedded }},
		{"key_rpid", func(k *Keys, _ state, a answer) bool { return bytes.Equal(a.auth.RPIDHash, k.rpIDHash[:]) }},
		{"key_presence", func(_ *Keys, _ state, a answer) bool { return a.auth.Flags.HasUserPresent() }},
		{"key_uv", func(_ *Keys, _ state, a answer) bool { return a.auth.Flags.HasUserVerified() }},
		{"key_backup", backupPossible},
	}
}

func sameChallenge(_ *Keys, s state, a answer) bool {
	return s.Session.Challenge != "" && subtle.ConstantTimeCompare([]byte(a.client.challenge), []byte(s.Session.Challenge)) == 1
}

// backupPossible: what cannot be backed up is not backed up (section 6.1.3).
func backupPossible(_ *Keys, _ state, a answer) bool {
	return a.auth.Flags.HasBackupEligible() || !a.auth.Flags.HasBackupState()
}

// check runs the table.
func (k *Keys) check(s state, a answer) *bridge.Refusal {
	for _, r := range rules() {
		if !r.holds(k, s, a) {
			return refuse(r.code)
		}
	}
	return nil
}
