package hub

import (
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// NotForTrust is the name in every certificate that the demonstration makes.
const NotForTrust = "DEMO - DO NOT TRUST"

// ErrDemo: keys and authorities of the demonstration are not for patients.
var ErrDemo = errors.New("hub: made by the demonstration, not to be trusted")

// fenceKeys keeps the demonstration's keys out of a hub for patients.
func (h *Hub) fenceKeys(keys []keyring.Key) error {
	certs := map[keyring.Use][]*x509.Certificate{}
	for _, k := range keys {
		certs[k.Use] = append(certs[k.Use], k.Certificate)
	}
	return errors.Join(h.fence("signing key", certs[keyring.Signing]), h.fence("encryption key", certs[keyring.Encryption]))
}

func (h *Hub) fence(what string, certs []*x509.Certificate) error {
	if h.options.Lab {
		return nil
	}
	for _, c := range certs {
		if c.Subject.CommonName == NotForTrust {
			return fmt.Errorf("%w: %s", ErrDemo, what)
		}
	}
	return nil
}
