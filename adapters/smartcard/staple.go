package smartcard

import (
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"time"
)

// Stapler takes OCSP answers that come with a card. A Decider of an Authority may be one.
type Stapler interface {
	// Staple returns an error when the answer is not acceptable, or about another certificate.
	Staple(issuer *x509.Certificate, serial *big.Int, answer []byte, now time.Time) error
}

// Staple takes an OCSP answer that came along with a card, from the handshake or from an agent, and says whether it is of use. The
// card must be good but for its revocation: for others nothing is held. What the answer says counts at the next Accept.
func (c *Cards) Staple(presented []*x509.Certificate, answer []byte, now time.Time) bool {
	k := &card{presented: presented, now: now}
	if _, r := k.keeps(rules()); r != nil {
		return false
	}
	if r := c.choose(k); r != nil {
		return false
	}
	to, ok := k.authority.Revocation.(Stapler)
	return ok && to.Staple(k.issuer(), k.leaf.SerialNumber, answer, now) == nil
}

// stapled looks for an answer in the handshake, which TLS 1.3 lets the client send (RFC 8446, section 4.4.2.1). Nothing in it, or in
// its absence, fails the handshake: the page says what is wrong.
func (c *Cards) stapled(state tls.ConnectionState) error {
	if len(state.OCSPResponse) > 0 && len(state.PeerCertificates) > 0 {
		c.Staple(state.PeerCertificates, state.OCSPResponse, c.options.Clock())
	}
	return nil
}
