package softkey

import (
	"crypto"
	"crypto/sha256"
	"fmt"
	"slices"
)

// attest makes the attestation object of a new credential (WebAuthn Level 3, section 6.5.4).
func (k *Key) attest(authData, client []byte) ([]byte, error) {
	if k.Attest == nil {
		return attestationObject("none", pairs(), authData), nil
	}
	hash := sha256.Sum256(client)
	format, statement, err := k.Attest(authData, hash[:])
	if err != nil {
		return nil, err
	}
	return attestationObject(format, statement, authData), nil
}

// Packed attests by a key of the maker's and its certificates in DER, leaf first (section 8.2). The signer is of P-256.
func Packed(signer crypto.Signer, chain ...[]byte) func(authData, clientDataHash []byte) (string, []byte, error) {
	return func(authData, clientDataHash []byte) (string, []byte, error) {
		digest := sha256.Sum256(append(slices.Clone(authData), clientDataHash...))
		signature, err := signer.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			return "", nil, fmt.Errorf("softkey: attest: %w", err)
		}
		items := make([][]byte, 0, len(chain))
		for _, c := range chain {
			items = append(items, octets(c))
		}
		return "packed", pairs(text("alg"), integer(es256), text("sig"), octets(signature), text("x5c"), array(items...)), nil
	}
}

// Self attests by the newest credential's own key (section 8.2, self attestation).
func (k *Key) Self(authData, clientDataHash []byte) (string, []byte, error) {
	private, err := k.credentials[len(k.credentials)-1].private()
	if err != nil {
		return "", nil, err
	}
	digest := sha256.Sum256(append(slices.Clone(authData), clientDataHash...))
	signature, err := private.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return "", nil, fmt.Errorf("softkey: attest: %w", err)
	}
	return "packed", pairs(text("alg"), integer(es256), text("sig"), octets(signature)), nil
}
