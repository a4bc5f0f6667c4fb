package oidc

import (
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// profile is what the profile of a client decides about its requests. What it decides about its terms stands in
// trust/oidc_profile.go; all else that FAPI 2.0 Security Profile demands of a server is so for every client here.
type profile struct {
	algorithms []keyring.Algorithm // of whatever it signs: assertions, request objects, proofs
	audience   bool                // the aud of its assertions is the issuer alone, as one string
	alone      bool                // beside its request objects nothing counts, and they say for whom and for how long they are
	codeLife   time.Duration       // of its authorization codes, at most; 0: as long as the configuration says
}

// profile of a client. The figures are those of FAPI 2.0 Security Profile (Final): sections 5.4.1; 5.3.2.1, item 8; of FAPI 2.0
// Message Signing, section 5.3.1; and of the profile again, section 5.3.2.1, item 11.
func (c *client) profile() profile { return profileOf(c.terms.Profile) }

func profileOf(p trust.Profile) profile {
	if p == trust.ProfileFAPI2 {
		return profile{algorithms: []keyring.Algorithm{keyring.PS256, keyring.ES256, jose.EdDSA}, audience: true, alone: true, codeLife: trust.FAPICodeLife}
	}
	return profile{algorithms: jose.Algorithms()}
}

// signsWith are the algorithms of one kind of what a client signs: the one it is registered with, if there is one.
func (c *client) signsWith(registered string) []keyring.Algorithm {
	if registered != "" {
		return []keyring.Algorithm{keyring.Algorithm(registered)}
	}
	return c.profile().algorithms
}

// codeLife is how long a code of a client lives.
func (p *Provider) codeLife(c *client) time.Duration {
	if most := c.profile().codeLife; most > 0 {
		return min(most, p.life.Code)
	}
	return p.life.Code
}
