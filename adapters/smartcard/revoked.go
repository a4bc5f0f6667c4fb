package smartcard

import (
	"bytes"
	"crypto/x509"
	"math/big"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

var _ bridge.Revocations = (*Cards)(nil)

// Revoked implements bridge.Revocations, by the same rule as Accept. A registration names its issuer by its key: every authority that has
// this key is asked, under each name that the key has, and one that says no is enough. That it cannot be told is nothing against a card.
func (c *Cards) Revoked(a people.Authenticator, now time.Time) (bridge.Revoked, bool) {
	keyID, serial, ok := people.ParseCardHandle(a.Handle)
	if !ok {
		return bridge.Revoked{}, false
	}
	var found bridge.Revoked
	for i := range c.authorities {
		authority := &c.authorities[i]
		for _, issuers := range authority.paths {
			if !c.named(issuers[0], keyID) {
				continue
			}
			said, ok := authority.against(issuers, serial, now)
			if ok && (found.Why == nil || said.Ends) {
				found = said
			}
			if found.Ends {
				return found, true
			}
		}
	}
	return found, found.Why != nil
}

// named reports whether cards are registered under this identifier for the issuer's key.
func (c *Cards) named(issuer *x509.Certificate, keyID []byte) bool {
	if bytes.Equal(IssuerKeyID(issuer), keyID) {
		return true
	}
	return slices.ContainsFunc(c.otherIDs(issuer), func(id []byte) bool { return bytes.Equal(id, keyID) })
}

// against is what the authority's evidence holds against the card of this number, whose issuer is the first of a path. Where another
// than the card itself was revoked, or its responder does not know the card, nothing new is opened, and what runs goes on.
func (a *knownAuthority) against(issuers []*x509.Certificate, serial *big.Int, now time.Time) (bridge.Revoked, bool) {
	leaf := &x509.Certificate{SerialNumber: serial}
	k := &card{leaf: leaf, authority: a, chain: append([]*x509.Certificate{leaf}, issuers...), now: now}
	why := k.revoked()
	if why == nil || why.Reason == bridge.RevocationUnknown {
		return bridge.Revoked{}, false
	}
	return bridge.Revoked{Why: why, Evidence: k.evidence(), Ends: k.decision.Evidence.Revoked && !a.KeepSessions}, true
}

// pathsOf finds the path from every certificate of an authority up to a root, each starting with that certificate.
func pathsOf(a Authority) [][]*x509.Certificate {
	all := slices.Concat(a.Intermediates, a.Roots)
	var out [][]*x509.Certificate
	for _, c := range all {
		path := []*x509.Certificate{c}
		for above := c; !slices.Contains(a.Roots, above) && len(path) <= len(all); {
			i := slices.IndexFunc(all, func(other *x509.Certificate) bool {
				return other != above && bytes.Equal(other.RawSubject, above.RawIssuer) && above.CheckSignatureFrom(other) == nil
			})
			if i < 0 {
				break
			}
			above = all[i]
			path = append(path, above)
		}
		out = append(out, path)
	}
	return out
}
