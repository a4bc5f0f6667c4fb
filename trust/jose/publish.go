package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// PublicSet is the JWK Set of keys (RFC 7517, section 5): one JWK for each key and algorithm that it can sign with.
func PublicSet(keys []keyring.Key) json.RawMessage {
	out := []byte(`{"keys":[`)
	for _, k := range keys {
		for _, alg := range k.Algorithms() {
			jwk := PublicJWK(k.Signer.Public(), KeyID(k, alg), alg)
			if jwk == nil {
				continue
			}
			if out[len(out)-1] != '[' {
				out = append(out, ',')
			}
			out = append(out, jwk...)
		}
	}
	return append(out, "]}"...)
}

// PublicJWK is one public key as a JWK for signatures, by the kid and algorithm given. Nil for what is no key that this room knows.
func PublicJWK(pub crypto.PublicKey, kid string, alg keyring.Algorithm) json.RawMessage {
	body, ok := required(pub)
	if !ok {
		return nil
	}
	return fmt.Appendf(nil, `{"use":"sig","kid":%q,"alg":"%s",%s}`, kid, alg, body)
}

// Thumbprint is the SHA-256 thumbprint of a public key (RFC 7638; RFC 8037, section 2), in base64url. Empty for
// what is no key that this room knows.
func Thumbprint(pub crypto.PublicKey) string {
	body, ok := required(pub)
	if !ok {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "{%s}", body))
	return b64.EncodeToString(sum[:])
}

// required writes the required members of a JWK in the order and form of RFC 7638, section 3.2.
func required(pub crypto.PublicKey) (body string, ok bool) {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return `"e":"` + b64.EncodeToString(big.NewInt(int64(k.E)).Bytes()) + `","kty":"RSA","n":"` + b64.EncodeToString(k.N.Bytes()) + `"`, true
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			return "", false
		}
		x, y := point[1:len(point)/2+1], point[len(point)/2+1:]
		return `"crv":"` + k.Params().Name + `","kty":"EC","x":"` + b64.EncodeToString(x) + `","y":"` + b64.EncodeToString(y) + `"`, true
	case ed25519.PublicKey:
		return `"crv":"Ed25519","kty":"OKP","x":"` + b64.EncodeToString(k) + `"`, true
	}
	return "", false
}
