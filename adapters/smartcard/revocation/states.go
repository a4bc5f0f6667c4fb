package revocation

import (
	"bytes"
	"crypto/x509"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/lanyard-hub/lanyard/bridge"
)

// State is what an operator may see of one issuer of an authority. It names no card.
type State struct {
	Authority  string
	Issuer     string    // its subject
	Expires    time.Time // of its certificate
	Mode       Mode
	Standing   bridge.Standing // of a card that nobody revoked; empty: its lists are not needed, it issues no cards
	Then       Then            // what becomes of cards of unknown standing
	Number     string          // of the complete list
	Delta      string          // of the delta that goes with it
	Entries    int             // revoked certificates in the lists
	ThisUpdate time.Time       // of the evidence that Standing is about
	NextUpdate time.Time
	Until      time.Time // when Standing gets worse without other evidence; zero: it is the worst
	Cards      int       // that OCSP answers are wanted for
	Answers    int       // that are held and not too old
	Refused    int       // of those, that say revoked or unknown
	Fault      string    // the last one of the authority's addresses and files; empty: none
}

// States tells of every issuer of the authority, in the order of the options.
func (c *Cache) States() []State {
	now := c.options.Clock()
	fault := c.fault()
	cards, answers := c.answers.count()
	var out []State
	for _, issuer := range c.options.Issuers {
		s := State{
			Authority: c.options.Name, Issuer: issuer.Subject.String(), Expires: issuer.NotAfter,
			Mode: c.options.Policy.Mode, Then: c.options.Policy.Then, Fault: fault,
		}
		if s.Then == "" {
			s.Then = Deny
		}
		c.stateOf(&s, issuer, now)
		if s.Mode.Answers() {
			key := keyOf(issuer)
			s.Cards = cards[key]
			c.stateOfAnswers(&s, answers[key], now)
		}
		s.Until = c.options.Policy.until(s.Standing, s.ThisUpdate, s.NextUpdate)
		if s.Standing == bridge.StandingUnknown && c.issuesAuthorities(issuer) {
			s.Standing = ""
		}
		out = append(out, s)
	}
	return out
}

func (c *Cache) stateOf(s *State, issuer *x509.Certificate, now time.Time) {
	if s.Mode == ModeOff {
		s.Standing = bridge.StandingOff
		return
	}
	s.Standing = bridge.StandingUnknown
	if s.Mode.Lists() {
		var e Evidence
		s.Standing, e = c.standingOfLists(issuer, now)
		s.Number, s.Delta, s.ThisUpdate, s.NextUpdate = e.Number, e.Delta, e.ThisUpdate, e.NextUpdate
		if p := (*c.pairs.Load())[keyOf(issuer)]; p.complete != nil {
			if s.Entries = p.complete.entries; p.combined() {
				s.Entries += p.delta.entries
			}
		}
	}
}

// stateOfAnswers counts. The standing is that of the best answer: it says whether the responder is heard.
func (c *Cache) stateOfAnswers(s *State, all []*answer, now time.Time) {
	for _, a := range all {
		e := a.evidence()
		rung := c.options.Policy.rung(e, now)
		if rung != bridge.StandingUnknown {
			s.Answers++
		}
		if a.status != ocsp.Good {
			s.Refused++
		}
		if height(rung) > height(s.Standing) {
			s.Standing = rung
			s.ThisUpdate, s.NextUpdate = e.ThisUpdate, e.NextUpdate
		}
	}
}

// issuesAuthorities reports whether another certificate of the authority is this issuer's: then it will issue no cards.
func (c *Cache) issuesAuthorities(issuer *x509.Certificate) bool {
	for _, other := range c.options.Issuers {
		if other != issuer && bytes.Equal(other.RawIssuer, issuer.RawSubject) && other.CheckSignatureFrom(issuer) == nil {
			return true
		}
	}
	return false
}

func (c *Cache) fault() string {
	c.sources.mu.Lock()
	defer c.sources.mu.Unlock()
	for _, s := range c.sources.all {
		if s.fault != "" {
			return s.fault
		}
	}
	return c.sources.answer.fault
}
