package saml2

import (
	"fmt"
	"slices"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// signingKey is the hub's key for a partner, with the algorithms that its terms and metadata choose.
func (p *Provider) signingKey(partner trust.Partner) (xmlsec.SigningKey, error) {
	k, alg, err := partner.SAML.SigningKey(p.Keys())
	if err != nil {
		return xmlsec.SigningKey{}, fmt.Errorf("saml2: %w", err)
	}
	key := keyFor(k, alg)
	key.Digest = partner.SAML.Digest
	return key, nil
}

func keyFor(k keyring.Key, alg keyring.Algorithm) xmlsec.SigningKey {
	return xmlsec.SigningKey{Signer: k.Signer, Algorithm: trust.SignatureURI(alg), Certificate: k.Certificate.Raw}
}

// algorithms are those of signatures that are not refused, the most widely understood first.
func (p *Provider) algorithms() []keyring.Algorithm {
	return slices.DeleteFunc(keyring.Algorithms(), func(alg keyring.Algorithm) bool { return slices.Contains(p.Refused, trust.SignatureURI(alg)) })
}

// metadataKey signs the metadata: with what the most partners can verify.
func (p *Provider) metadataKey(ring keyring.Ring) (xmlsec.SigningKey, error) {
	for _, alg := range p.algorithms() {
		k, err := ring.Signing(alg)
		if err == nil {
			return keyFor(k, alg), nil
		}
	}
	return xmlsec.SigningKey{}, fmt.Errorf("saml2: %w", keyring.ErrNoKey)
}

// published are the signing keys in the order of the metadata. Some libraries read only the first, or trip over an EC key that
// comes before the RSA key they want: what signs by default comes first, then the other active keys, what signs next, and what
// has signed.
func published(ring keyring.Ring, standard keyring.Algorithm) []keyring.Key {
	all := ring.Published()
	out := make([]keyring.Key, 0, len(all))
	for _, state := range []keyring.State{keyring.Active, keyring.Next, keyring.Retired} {
		for _, first := range []bool{true, false} {
			for _, k := range all {
				if k.State == state && k.Can(standard) == first {
					out = append(out, k)
				}
			}
		}
	}
	return out
}
