package revocation

import (
	"crypto/x509"
	"math/big"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// What evidence is.
const (
	SourceList   = "crl"
	SourceAnswer = "ocsp"
)

// Evidence is what was found about one certificate, and what says so.
type Evidence struct {
	Source     string // SourceList or SourceAnswer; empty: there is none
	Revoked    bool
	Unheard    bool   // its issuer's responder says that it does not know the certificate
	Number     string // cRLNumber of the complete list, decimal
	Delta      string // cRLNumber of the delta that was taken together with it
	ThisUpdate time.Time
	NextUpdate time.Time // zero: it does not say
	ProducedAt time.Time // of an OCSP answer
	Responder  string    // of an OCSP answer: SHA-256 over the public key that signed it, in hex
}

// Decision is what a policy makes of evidence.
type Decision struct {
	Standing bridge.Standing
	Evidence Evidence
	Then     Then             // what becomes of a card of unknown standing
	Most     bridge.Assurance // that a proof may have; 0: no limit
	Age      time.Duration    // of the evidence
}

// Decider knows how certificates stand. It answers from memory.
type Decider interface {
	Decide(issuer *x509.Certificate, serial *big.Int, now time.Time) Decision
	// Listed reports whether a list says that the certificate was revoked: of authorities, about which nobody else is asked.
	Listed(issuer *x509.Certificate, serial *big.Int) bool
}

// Off is a Decider that switches the check off. A proof made without it has assurance 2 at most.
type Off struct{}

// Decide says that nobody is meant to look.
func (Off) Decide(*x509.Certificate, *big.Int, time.Time) Decision {
	return Decision{Standing: bridge.StandingOff, Most: staleAssurance}
}

// Listed says no.
func (Off) Listed(*x509.Certificate, *big.Int) bool { return false }

// Details are what the audit record keeps of a decision: enough to prove later what was known then.
func (d Decision) Details() map[string]string {
	e := d.Evidence
	out := map[string]string{"revocation": d.word(), "revocation_rung": string(d.Standing)}
	put := func(key, value string) {
		if value != "" {
			out[key] = value
		}
	}
	at := func(key string, t time.Time) {
		if !t.IsZero() {
			put(key, t.UTC().Format(time.RFC3339))
		}
	}
	put("revocation_source", e.Source)
	if e.Source != "" {
		put("revocation_age_s", strconv.FormatInt(int64(d.Age/time.Second), 10))
	}
	put("crl_number", e.Number)
	put("crl_delta_number", e.Delta)
	prefix := "crl_"
	if e.Source == SourceAnswer {
		prefix = "ocsp_"
	}
	at(prefix+"this_update", e.ThisUpdate)
	at(prefix+"next_update", e.NextUpdate)
	at("ocsp_produced_at", e.ProducedAt)
	put("ocsp_responder", e.Responder)
	return out
}

// word is the outcome in the words of earlier records: good, unknown or off; revoked where nobody signed in by it.
func (d Decision) word() string {
	if d.Evidence.Revoked {
		return "revoked"
	}
	switch d.Standing {
	case bridge.StandingFresh, bridge.StandingStale:
		return "good"
	case bridge.StandingOff:
		return "off"
	default:
		return "unknown"
	}
}
