package softkey

import "encoding/binary"

// The few CBOR items that a key writes (RFC 8949), in CTAP2 canonical form.

const (
	cborUint     = 0 << 5
	cborNegative = 1 << 5
	cborBytes    = 2 << 5
	cborText     = 3 << 5
	cborArray    = 4 << 5
	cborMap      = 5 << 5
)

func head(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major | byte(n)}
	case n < 1<<8:
		return []byte{major | 24, byte(n)}
	default:
		return binary.BigEndian.AppendUint16([]byte{major | 25}, uint16(n))
	}
}

func integer(n int) []byte {
	if n < 0 {
		return head(cborNegative, -1-n)
	}
	return head(cborUint, n)
}

func octets(b []byte) []byte { return append(head(cborBytes, len(b)), b...) }

func text(s string) []byte { return append(head(cborText, len(s)), s...) }

func pairs(items ...[]byte) []byte {
	out := head(cborMap, len(items)/2)
	for _, item := range items {
		out = append(out, item...)
	}
	return out
}

// es256 is the COSE name of ECDSA with SHA-256.
const es256 = -7

// coseKey is a P-256 public key for ES256 (RFC 9053, section 7.1.1).
func coseKey(x, y []byte) []byte {
	return pairs(integer(1), integer(2), integer(3), integer(es256), integer(-1), integer(1), integer(-2), octets(x), integer(-3), octets(y))
}

func array(items ...[]byte) []byte {
	out := head(cborArray, len(items))
	for _, item := range items {
		out = append(out, item...)
	}
	return out
}

// attestationObject encloses a statement (WebAuthn Level 3, section 6.5.4).
func attestationObject(format string, statement, authData []byte) []byte {
	return pairs(text("fmt"), text(format), text("attStmt"), statement, text("authData"), octets(authData))
}
