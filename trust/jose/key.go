package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// Bounds of RSA keys: what is shorter can be broken, what is longer is dear to verify with.
const (
	minRSA      = 2048 // bits of the modulus
	maxRSA      = 8192
	minExponent = 65537
)

// Key is one public key that may verify.
type Key struct {
	ID        string            // its kid; may be empty
	Algorithm keyring.Algorithm // the only one it may verify; empty: any of its kind
	Public    crypto.PublicKey  // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey

	certificate []byte // the only one that certifies it, in DER; nil: any
}

// fits reports whether the key may verify signatures of an algorithm: by its kind, and by what it says itself.
func (k Key) fits(m method) bool {
	return kindOf(k.Public) == m.kind && (k.Algorithm == "" || k.Algorithm == m.name)
}

var errSecret = errors.New("it is a private or symmetric key, which nobody else may know (RFC 7517, section 9.2)")

// privateMembers are the names of JWK that hold what is secret: of RSA, EC, OKP and symmetric keys, and of post-quantum ones.
var privateMembers = [...]string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// readKey reads one public JWK (RFC 7517, section 4). What carries a secret is errSecret; other errors say why the key cannot
// verify here.
func readKey(c Claims) (Key, error) {
	for _, name := range privateMembers {
		if c.Has(name) {
			return Key{}, errSecret
		}
	}
	kty, err := c.Text("kty")
	if err != nil {
		return Key{}, err
	}
	k, err := readPurpose(c)
	if err != nil {
		return Key{}, err
	}
	switch kty {
	case "RSA":
		k.Public, err = readRSA(c)
	case "EC":
		k.Public, err = readEC(c)
	case "OKP":
		k.Public, err = readOKP(c)
	case "oct":
		return Key{}, errSecret
	default:
		return Key{}, fmt.Errorf("kty %s is not known", shown(kty))
	}
	if err != nil {
		return Key{}, err
	}
	k.certificate = readCertificate(c)
	if m, known := methodOf(k.Algorithm); k.Algorithm != "" && (!known || m.kind != kindOf(k.Public)) {
		return Key{}, fmt.Errorf("alg %s cannot be verified with this kind of key", shown(string(k.Algorithm)))
	}
	return k, nil
}

// readPurpose reads what a JWK says about itself: its name, and what it may be used for.
func readPurpose(c Claims) (Key, error) {
	var k Key
	for name, to := range map[string]*string{"kid": &k.ID, "use": new(string), "alg": (*string)(&k.Algorithm)} {
		text, err := c.Text(name)
		if errors.Is(err, ErrMissing) {
			continue
		}
		if err != nil {
			return k, err
		}
		if name == "use" && text != "sig" {
			return k, fmt.Errorf("use is %s, not sig", shown(text))
		}
		*to = text
	}
	if len(k.ID) > maxKeyID {
		return k, fmt.Errorf("kid is longer than %d bytes", maxKeyID)
	}
	if !c.Has("key_ops") {
		return k, nil
	}
	ops, err := c.Texts("key_ops")
	if err == nil && !slices.Contains(ops, "verify") {
		err = errors.New("key_ops does not allow to verify")
	}
	return k, err
}

// bytesOf reads a member in base64url.
func bytesOf(c Claims, name string) ([]byte, error) {
	text, err := c.Text(name)
	if err != nil {
		return nil, err
	}
	out, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not base64url", name)
	}
	return out, nil
}

func readRSA(c Claims) (crypto.PublicKey, error) {
	modulus, err := bytesOf(c, "n")
	if err != nil {
		return nil, err
	}
	exponent, err := bytesOf(c, "e")
	if err != nil {
		return nil, err
	}
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	switch bits := n.BitLen(); {
	case bits < minRSA || bits > maxRSA:
		return nil, fmt.Errorf("RSA key has %d bits, not %d to %d", bits, minRSA, maxRSA)
	case n.Bit(0) == 0:
		return nil, errors.New("RSA key has an even modulus")
	case e.BitLen() > 31 || e.Bit(0) == 0 || e.Int64() < minExponent:
		return nil, fmt.Errorf("RSA key needs an odd exponent of at least %d and at most 31 bits", minExponent)
	case isROCA(n):
		return nil, errors.New("RSA key was made by a generator that is broken (CVE-2017-15361)")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

func readEC(c Claims) (crypto.PublicKey, error) {
	name, err := c.Text("crv")
	if err != nil {
		return nil, err
	}
	var curve elliptic.Curve
	switch name {
	case "P-256":
		curve = elliptic.P256()
	case "P-384":
		curve = elliptic.P384()
	case "P-521":
		curve = elliptic.P521()
	default:
		return nil, fmt.Errorf("crv %s is not known", shown(name))
	}
	x, err := bytesOf(c, "x")
	if err != nil {
		return nil, err
	}
	y, err := bytesOf(c, "y")
	if err != nil {
		return nil, err
	}
	if width := (curve.Params().BitSize + 7) / 8; len(x) != width || len(y) != width {
		return nil, fmt.Errorf("x and y must have %d bytes on %s (RFC 7518, section 6.2.1.2)", width, name)
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, fmt.Errorf("x and y are no point on %s", name)
	}
	return pub, nil
}

func readOKP(c Claims) (crypto.PublicKey, error) {
	name, err := c.Text("crv")
	if err != nil {
		return nil, err
	}
	if name != "Ed25519" {
		return nil, fmt.Errorf("crv %s is not known", shown(name))
	}
	x, err := bytesOf(c, "x")
	if err != nil {
		return nil, err
	}
	if !isEd25519(x) {
		return nil, errors.New("x is no point of the large group of Ed25519")
	}
	return ed25519.PublicKey(x), nil
}
