package jose

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// Sign makes a compact JWS of a payload (RFC 7515, section 3.1). The header is written by hand: it is known, and this runs once or
// twice for every sign-on. typ is one of ours and needs no escape; empty: none.
func Sign(key keyring.Key, alg keyring.Algorithm, typ string, payload []byte) (string, error) {
	m, known := methodOf(alg)
	if !known || !key.Can(alg) {
		return "", fmt.Errorf("jose: key %s cannot sign with %s", key.ID, alg)
	}
	header := `{"alg":"` + string(alg) + `","kid":"` + KeyID(key, alg)
	if typ != "" {
		header += `","typ":"` + typ
	}
	header += `"}`
	buf := make([]byte, 0, 4*(len(header)+len(payload))/3+8+4*signatureSize(key)/3)
	buf = b64.AppendEncode(buf, []byte(header))
	buf = append(buf, '.')
	buf = b64.AppendEncode(buf, payload)
	var opts crypto.SignerOpts = m.hash
	if m.pss {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.hash}
	}
	signature, err := key.Signer.Sign(rand.Reader, m.digest(buf), opts)
	if err != nil {
		return "", fmt.Errorf("jose: sign: %w", err)
	}
	if m.kind != kindRSA {
		var fixed [2 * 66]byte
		width := (key.Bits() + 7) / 8
		if err := fixedWidth(fixed[:2*width], signature); err != nil {
			return "", err
		}
		signature = fixed[:2*width]
	}
	buf = append(buf, '.')
	return string(b64.AppendEncode(buf, signature)), nil
}

// signatureSize bounds a signature of a key, in bytes.
func signatureSize(key keyring.Key) int { return max(key.Bits()/8, 2*66) }

// KeyID is the kid under which a key of the hub signs with an algorithm, and is published for it: its own for the algorithm that
// a key of its kind is expected to use, and one of its own for every other.
func KeyID(key keyring.Key, alg keyring.Algorithm) string {
	if m, _ := methodOf(alg); m.kind == kindRSA && alg != keyring.RS256 {
		return key.ID + "." + string(alg)
	}
	return key.ID
}

var errNoPoint = errors.New("jose: key returned no signature of its curve")

// fixedWidth turns the DER form of an ECDSA signature into r and s side by side, each half of out (RFC 7518, section 3.4).
func fixedWidth(out, der []byte) error {
	body, rest, ok := element(der, 0x30)
	if !ok || len(rest) > 0 {
		return errNoPoint
	}
	half := len(out) / 2
	for _, to := range [][]byte{out[:half], out[half:]} {
		var n []byte
		if n, body, ok = element(body, 0x02); !ok || len(n) == 0 || n[0] >= 0x80 {
			return errNoPoint
		}
		for len(n) > 0 && n[0] == 0 {
			n = n[1:]
		}
		if len(n) == 0 || len(n) > half {
			return errNoPoint
		}
		clear(to)
		copy(to[half-len(n):], n)
	}
	if len(body) > 0 {
		return errNoPoint
	}
	return nil
}

// element reads one DER element of a tag, of at most 255 bytes.
func element(der []byte, tag byte) (body, rest []byte, ok bool) {
	if len(der) < 2 || der[0] != tag {
		return nil, nil, false
	}
	n, from := int(der[1]), 2
	if n == 0x81 && len(der) > 2 {
		n, from = int(der[2]), 3
	} else if n >= 0x80 {
		return nil, nil, false
	}
	if len(der) < from+n {
		return nil, nil, false
	}
	return der[from : from+n], der[from+n:], true
}

// HalfHash is at_hash, c_hash or s_hash of a value, in an ID token signed with alg (OpenID Connect Core 1.0, section 3.1.3.6): the
// left half of the hash that alg uses.
func HalfHash(alg keyring.Algorithm, value string) string {
	m, known := methodOf(alg)
	if !known || m.hash == 0 {
		return ""
	}
	sum := m.digest([]byte(value))
	return b64.EncodeToString(sum[:len(sum)/2])
}
