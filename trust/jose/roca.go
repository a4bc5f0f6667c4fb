package jose

import "math/big"

// rocaPrimes are those modulo which keys of that generator show it: all odd ones up to 167.
var rocaPrimes = [...]uint64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139,
	149, 151, 157, 163, 167,
}

// isROCA reports whether a modulus comes from the generator of Infineon's chips, whose keys can be factored (CVE-2017-15361): modulo
// each of the small primes it is then a power of 65537. Of other moduli one in more than 2^27 is.
func isROCA(n *big.Int) bool {
	var rest, prime big.Int
	for _, p := range rocaPrimes {
		want := rest.Mod(n, prime.SetUint64(p)).Uint64()
		power, base := uint64(1), 65537%p
		for power != want {
			if power = power * base % p; power == 1 {
				return false
			}
		}
	}
	return true
}
