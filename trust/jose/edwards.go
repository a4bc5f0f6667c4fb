package jose

import (
	"crypto/ed25519"
	"math/big"
	"slices"
)

// isEd25519 reports whether x encodes a point of the curve (RFC 8032, section 5.1.3), in its one encoding, and of large order:
// with a point of small order one signature can fit many messages. It takes its time: keys are read once.
func isEd25519(x []byte) bool {
	if len(x) != ed25519.PublicKeySize {
		return false
	}
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	mod := func(n *big.Int) *big.Int { return n.Mod(n, p) }
	mul := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Mul(a, b)) }
	one := big.NewInt(1)
	d := mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), p))

	big255 := slices.Clone(x)
	slices.Reverse(big255)
	big255[0] &= 0x7f // the sign of u does not matter here
	v := new(big.Int).SetBytes(big255)
	if v.Cmp(p) >= 0 {
		return false
	}
	// u^2 = (v^2 - 1) / (d v^2 + 1); the divisor is never zero, for d is no square.
	vv := mul(v, v)
	uu := mul(new(big.Int).Sub(vv, one), new(big.Int).ModInverse(mod(new(big.Int).Add(mul(d, vv), one)), p))
	u := new(big.Int).ModSqrt(uu, p)
	if u == nil {
		return false
	}
	for range 3 { // eight times the point is the neutral one, if its order is small
		k := mul(d, mul(mul(u, u), mul(v, v)))
		u2 := mul(mul(big.NewInt(2), mul(u, v)), new(big.Int).ModInverse(mod(new(big.Int).Add(one, k)), p))
		v2 := mul(mod(new(big.Int).Add(mul(v, v), mul(u, u))), new(big.Int).ModInverse(mod(new(big.Int).Sub(one, k)), p))
		u, v = u2, v2
	}
	return u.Sign() != 0 || v.Cmp(one) != 0
}
