package oidc

import (
	"github.com/lanyard-hub/lanyard/protocols/oidc/jose"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// algorithms are those a client may sign with, whatever it signs.
func (c *client) algorithms() []keyring.Algorithm {
	if c.terms.Profile == trust.ProfileFAPI2 {
		return []keyring.Algorithm{keyring.PS256, keyring.ES256, jose.EdDSA}
	}
	return jose.Algorithms()
}

// assertionAlgorithms are those of its client assertions: the one it is registered with, if there is one.
func (c *client) assertionAlgorithms() []keyring.Algorithm {
	if c.terms.AuthAlgorithm != "" {
		return []keyring.Algorithm{keyring.Algorithm(c.terms.AuthAlgorithm)}
	}
	return c.algorithms()
}
