package revocation

import (
	"errors"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Mode says what evidence is asked for.
type Mode string

// The modes.
const (
	ModeLists   Mode = "crl"
	ModeAnswers Mode = "ocsp"
	ModeBoth    Mode = "crl+ocsp" // a revocation by either counts; else the better of the two
	ModeOff     Mode = "off"
)

// Lists reports whether revocation lists count.
func (m Mode) Lists() bool { return m == ModeLists || m == ModeBoth }

// Answers reports whether OCSP answers count.
func (m Mode) Answers() bool { return m == ModeAnswers || m == ModeBoth }

// Then says what becomes of a card past the last rung.
type Then string

// What may become of it. Allow is an earlier setting that knows no rungs.
const (
	Deny      Then = "deny"
	Emergency Then = "emergency" // emergency access (break-glass) alone
	Allow     Then = "allow"     // signs in, at StaleAssurance
)

// staleAssurance is what a proof may have at most unless its evidence is fresh, if the policy does not say.
const staleAssurance = 2

// skew is how far the clock of an authority may be ahead.
const skew = 5 * time.Minute

// Policy is the ladder of one authority.
type Policy struct {
	Mode           Mode
	Fresh          time.Duration    // evidence this old at most is fresh, if its own dates agree; counted from its thisUpdate
	Stale          time.Duration    // evidence this old at most is still permitted; 0: none that is not fresh
	Then           Then             // past that; empty: Deny
	StaleAssurance bridge.Assurance // at most, where the evidence is stale; 0: 2
}

// Check reports a policy that says nothing sensible.
func (p Policy) Check() error {
	switch p.Mode {
	case ModeOff:
		return nil
	case ModeLists, ModeAnswers, ModeBoth:
	default:
		return errors.New("revocation: unknown mode")
	}
	switch p.Then {
	case "", Deny, Emergency, Allow:
	default:
		return errors.New("revocation: unknown policy for cards of unknown standing")
	}
	switch {
	case p.Fresh <= 0:
		return errors.New("revocation: the policy does not say how long evidence is fresh")
	case p.Stale != 0 && p.Stale < p.Fresh:
		return errors.New("revocation: evidence is stale before it is no longer fresh")
	case p.StaleAssurance < 0 || p.StaleAssurance > 3:
		return errors.New("revocation: assurance is from 1 to 3")
	}
	return nil
}

// rung says on which rung evidence stands. What comes from the future was refused when it was taken.
func (p Policy) rung(e Evidence, now time.Time) bridge.Standing {
	if e.Source == "" {
		return bridge.StandingUnknown
	}
	age := now.Sub(e.ThisUpdate)
	switch {
	case age <= p.Fresh && (e.NextUpdate.IsZero() || !now.After(e.NextUpdate)):
		return bridge.StandingFresh
	case age <= p.Stale:
		return bridge.StandingStale
	}
	return bridge.StandingUnknown
}

// until is when evidence leaves a rung.
func (p Policy) until(standing bridge.Standing, thisUpdate, nextUpdate time.Time) time.Time {
	switch standing {
	case bridge.StandingFresh:
		if end := thisUpdate.Add(p.Fresh); nextUpdate.IsZero() || end.Before(nextUpdate) {
			return end
		}
		return nextUpdate
	case bridge.StandingStale:
		return thisUpdate.Add(p.Stale)
	default:
		return time.Time{}
	}
}

// judge makes a decision of evidence. That a certificate was revoked stays true, however old the evidence.
func (p Policy) judge(e Evidence, now time.Time) Decision {
	d := Decision{Standing: p.rung(e, now), Evidence: e, Then: p.Then}
	if e.Source != "" {
		d.Age = max(now.Sub(e.ThisUpdate), 0)
	}
	if d.Then == "" {
		d.Then = Deny
	}
	if d.Standing != bridge.StandingFresh {
		if d.Most = p.StaleAssurance; d.Most == 0 {
			d.Most = staleAssurance
		}
	}
	if d.Standing == bridge.StandingUnknown {
		d.Evidence.Unheard = false // an answer that is too old to say that a card is good cannot say that it is not one
		d.Most = min(d.Most, staleAssurance)
	}
	return d
}

// better picks the decision to go by of two about the same certificate.
func better(a, b Decision) Decision {
	switch {
	case a.Evidence.Revoked:
		return a
	case b.Evidence.Revoked:
		return b
	case a.Evidence.Unheard:
		return a
	case b.Evidence.Unheard:
		return b
	}
	if x, y := height(a.Standing), height(b.Standing); x > y || x == y && a.Evidence.ThisUpdate.After(b.Evidence.ThisUpdate) {
		return a
	}
	return b
}

func height(s bridge.Standing) int {
	switch s {
	case bridge.StandingFresh:
		return 2
	case bridge.StandingStale:
		return 1
	default:
		return 0
	}
}
