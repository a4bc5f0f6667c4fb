package jose

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// keySets lists sets and how many keys may verify; what is passed over, or why the set is refused, contains why.
func keySets(t *testing.T) {
	ec, rsaKey, ed := jwk(signers()[kindP256], ""), jwk(signers()[kindRSA], ""), jwk(signers()[kindEd25519], "")
	with := func(more string) string { return jwk(signers()[kindP256], more) }
	other := func(k kind, more string) string { return jwk(signers()[k], more) }
	x := strings.TrimPrefix(ec, `{"crv":"P-256","kty":"EC",`)
	for _, c := range []struct {
		name string
		keys []string
		left int
		why  string
	}{
		{"all kinds", []string{ec, rsaKey, ed, other(kindP384, ""), other(kindP521, "")}, 5, ""},
		{"for signatures", []string{with(`"use":"sig","key_ops":["verify"],"alg":"ES256","kid":"k","x5c":["AAAA"],"x5t":"y","ext":true,`)}, 1, ""},
		{"for encryption", []string{ec, with(`"use":"enc",`)}, 1, "use"},
		{"for encryption by key_ops", []string{ec, with(`"key_ops":["encrypt"],`)}, 1, "key_ops"},
		{"key_ops is a number", []string{ec, with(`"key_ops":1,`)}, 1, "key_ops"},
		{"only for encryption", []string{with(`"use":"enc",`)}, 0, "use"},
		{"for RSA-OAEP", []string{ec, jwk(signers()[kindRSA], `"alg":"RSA-OAEP",`)}, 1, "RSA-OAEP"},
		{"alg of another kind", []string{ec, with(`"alg":"RS256",`)}, 1, "RS256"},
		{"alg of another curve", []string{ec, with(`"alg":"ES384",`)}, 1, "ES384"},
		{"alg in small letters", []string{ec, with(`"alg":"es256",`)}, 1, "es256"},
		{"alg none", []string{ec, with(`"alg":"none",`)}, 1, "none"},
		{"alg is null", []string{ec, with(`"alg":null,`)}, 1, "alg"},
		{"unknown kind", []string{ec, `{"kty":"AKP","pub":"AAAA"}`}, 1, "AKP"},
		{"no kind", []string{ec, `{}`}, 1, "kty"},
		{"kind in small letters", []string{ec, `{"crv":"P-256","kty":"ec",` + x}, 1, "kty"},
		{"unknown curve", []string{ec, `{"crv":"secp256k1","kty":"EC",` + x}, 1, "secp256k1"},
		{"wrong curve", []string{ec, `{"crv":"P-384","kty":"EC",` + x}, 1, "48 bytes"},
		{"no curve", []string{ec, `{"kty":"EC",` + x}, 1, "crv"},
		{"X25519", []string{ec, strings.Replace(ed, "Ed25519", "X25519", 1)}, 1, "X25519"},
		{"off the curve", []string{ec, `{"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"}`}, 1, "no point"},
		{"short coordinate", []string{ec, `{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}`}, 1, "32 bytes"},
		{"no y", []string{ec, `{"kty":"EC","crv":"P-256","x":"AQ"}`}, 1, "y is missing"},
		{"padded", []string{ec, `{"kty":"EC","crv":"P-256","x":"AQ==","y":"AQ"}`}, 1, "base64url"},
		{"line end in base64", []string{ec, `{"kty":"EC","crv":"P-256","x":"A\nQ","y":"AQ"}`}, 1, "base64url"},
		{"kid is a number", []string{ec, with(`"kid":1,`)}, 1, "kid"},
		{"kid too long", []string{ec, with(`"kid":"` + strings.Repeat("k", 257) + `",`)}, 1, "kid"},
		{"private", []string{ec, with(`"d":"AQ",`)}, 0, "private"},
		{"private, for encryption", []string{ec, with(`"use":"enc","d":"AQ",`)}, 0, "private"},
		{"private, of an unknown kind", []string{ec, `{"kty":"AKP","priv":"AAAA"}`}, 0, "private"},
		{"prime", []string{jwk(signers()[kindRSA], `"p":"AQ",`)}, 0, "private"},
		{"symmetric", []string{ec, `{"kty":"oct","k":"AAAA"}`}, 0, "symmetric"},
		{"symmetric without a key", []string{ec, `{"kty":"oct"}`}, 0, "symmetric"},
		{"same kid", []string{with(`"kid":"k",`), with(`"kid":"k",`)}, 0, "two keys of the kid"},
		{"same kid, one for all of its kind", []string{other(kindRSA, `"kid":"k","alg":"PS256",`), other(kindRSA, `"kid":"k",`)}, 0, "two keys of the kid"},
		{"same kid, other kinds", []string{with(`"kid":"k",`), other(kindRSA, `"kid":"k",`), other(kindEd25519, `"kid":"k",`), other(kindP384, `"kid":"k",`)}, 4, ""},
		{"same kid, other algorithms", []string{other(kindRSA, `"kid":"k","alg":"PS256",`), other(kindRSA, `"kid":"k","alg":"RS256",`)}, 2, ""},
		{"same kid, one for encryption", []string{with(`"kid":"k",`), with(`"kid":"k","use":"enc",`)}, 1, "use"},
		{"no kids", []string{ec, ec}, 2, ""},
		{"a hundred", slices.Repeat([]string{ec}, 100), 100, ""},
		{"a hundred and one", slices.Repeat([]string{ec}, 101), 0, "more than 100"},
		{"none", nil, 0, "no key"},
		{"no object", []string{ec, "1"}, 0, "key 2 of the set is not a JSON object"},
		{"member twice", []string{with(`"kty":"EC",`)}, 0, "twice"},
		{"large", []string{with(`"x5c":["` + strings.Repeat("A", maxSet) + `"],`)}, 0, "256 KiB"},
	} {
		got, err := ReadKeySet([]byte(`{"keys":[` + strings.Join(c.keys, ",") + `]}`))
		if len(got.Keys()) != c.left || (err == nil) != (c.left > 0) || err != nil && !errors.Is(err, ErrKeys) {
			t.Errorf("%s: %d keys, %v", c.name, len(got.Keys()), err)
		}
		if why := fmt.Sprint(err, got.Skipped()); !strings.Contains(why, c.why) {
			t.Errorf("%s: %s, want %s", c.name, why, c.why)
		}
		if c.why == "" && len(got.Skipped()) > 0 {
			t.Errorf("%s: passed over: %v", c.name, got.Skipped())
		}
	}
	for _, set := range []string{``, `{}`, `[]`, `{"keys":null}`, `{"keys":{}}`, `{"keys":"x"}`, `{"Keys":[` + ec + `]}`, ec, `{"keys":[` + ec + `],"keys":[]}`, `{"keys":[` + ec + `]}x`} {
		if _, err := ReadKeySet([]byte(set)); !errors.Is(err, ErrKeys) {
			t.Errorf("%.40s: %v", set, err)
		}
	}
}

// rsaKeys: what is short can be broken, what is long is dear, and a small or even exponent makes forgeries easy.
func rsaKeys(t *testing.T) {
	sized := func(bits uint, add int64) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.Add(n, big.NewInt(add))
	}
	write := func(n, e *big.Int, zero string) string {
		return `{"kty":"RSA","n":"` + b64.EncodeToString(append([]byte(zero), n.Bytes()...)) + `","e":"` + b64.EncodeToString(e.Bytes()) + `"}`
	}
	f4 := big.NewInt(65537)
	for name, c := range map[string]struct {
		jwk  string
		good bool
	}{
		"2048":               {write(sized(2048, 1), f4, ""), true},
		"8192":               {write(sized(8192, 1), f4, ""), true},
		"a zero in front":    {write(sized(8192, 1), f4, "\x00"), true},
		"2047":               {write(sized(2047, 1), f4, ""), false},
		"8193":               {write(sized(8193, 1), f4, ""), false},
		"1024":               {write(sized(1024, 1), f4, ""), false},
		"16384":              {write(sized(16384, 1), f4, ""), false},
		"1024 after zeros":   {write(sized(1024, 1), f4, strings.Repeat("\x00", 128)), false},
		"even modulus":       {write(sized(2048, 2), f4, ""), false},
		"exponent 1":         {write(sized(2048, 1), big.NewInt(1), ""), false},
		"exponent 3":         {write(sized(2048, 1), big.NewInt(3), ""), false},
		"even exponent":      {write(sized(2048, 1), big.NewInt(65538), ""), false},
		"exponent 2^31 - 1":  {write(sized(2048, 1), big.NewInt(1<<31-1), ""), true},
		"exponent 2^31 + 1":  {write(sized(2048, 1), big.NewInt(1<<31+1), ""), false},
		"exponent of 65 bit": {write(sized(2048, 1), sized(65, 1), ""), false},
		"no exponent":        {`{"kty":"RSA","n":"` + b64.EncodeToString(sized(2048, 1).Bytes()) + `"}`, false},
		"no modulus":         {`{"kty":"RSA","e":"AQAB"}`, false},
	} {
		if _, err := ReadKeySet([]byte(`{"keys":[` + c.jwk + `]}`)); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestROCA: a modulus of that generator is k*M + (65537^a mod M), M the product of the primes. A set with it is refused.
func TestROCA(t *testing.T) {
	m := big.NewInt(1)
	for _, p := range rocaPrimes {
		m.Mul(m, new(big.Int).SetUint64(p))
	}
	n := new(big.Int).Exp(big.NewInt(65537), big.NewInt(987654321), m)
	k := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 2047), m)
	for k.Add(k, big.NewInt(1)); ; k.Add(k, big.NewInt(1)) { // the first that makes it odd
		if odd := new(big.Int).Add(n, new(big.Int).Mul(m, k)); odd.Bit(0) == 1 {
			n = odd
			break
		}
	}
	for _, c := range []struct {
		n    *big.Int
		weak bool
	}{{n, true}, {new(big.Int).Add(n, big.NewInt(2)), false}, {signers()[kindRSA].Public().(*rsa.PublicKey).N, false}} {
		_, err := ReadKeySet([]byte(`{"keys":[{"kty":"RSA","e":"AQAB","n":"` + b64.EncodeToString(c.n.Bytes()) + `"}]}`))
		if weak := err != nil && strings.Contains(err.Error(), "CVE-2017-15361"); weak != c.weak || c.n.BitLen() != 2048 {
			t.Errorf("%x, %d bits: %v", c.n, c.n.BitLen(), err)
		}
	}
}

// ed25519Points: the points of small order in all their encodings, what is no point, and keys as they are made.
func ed25519Points(t *testing.T) {
	const (
		order8a = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
		order8b = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
	)
	bad := []string{
		strings.Repeat("00", 32), "01" + strings.Repeat("00", 31), order8a, order8b, // order 4, 1, 8, 8
		"ec" + strings.Repeat("ff", 30) + "7f", "ed" + strings.Repeat("ff", 30) + "7f", "ee" + strings.Repeat("ff", 30) + "7f", // p-1, p, p+1
		"02" + strings.Repeat("00", 31), strings.Repeat("ff", 32), // no point; no reduced coordinate
	}
	for _, text := range bad {
		for _, sign := range []byte{0, 0x80} {
			x, err := hex.DecodeString(text)
			must(t, err)
			x[31] ^= sign
			if isEd25519(x) {
				t.Errorf("%x is taken", x)
			}
		}
	}
	for _, n := range []int{0, 31, 33} {
		if isEd25519(make([]byte, n)) {
			t.Errorf("%d bytes are taken", n)
		}
	}
	for i := range 20 {
		pub := ed25519.NewKeyFromSeed(slices.Repeat([]byte{byte(i)}, 32)).Public().(ed25519.PublicKey)
		if !isEd25519(pub) {
			t.Errorf("%x is refused", pub)
		}
	}
}

// TestCandidates: which keys a header can mean.
func TestCandidates(t *testing.T) {
	named := func(id string) Key { return Key{ID: id, Public: signers()[kindP256].Public()} }
	bound := Key{ID: "r", Algorithm: keyring.PS256, Public: signers()[kindRSA].Public()}
	for name, c := range map[string]struct {
		keys []Key
		kid  string
		alg  keyring.Algorithm
		want int // 0: refused
	}{
		"by kid":                        {[]Key{named("a"), named("b")}, "a", keyring.ES256, 1},
		"unknown kid":                   {[]Key{named("a"), named("b")}, "c", keyring.ES256, 0},
		"kid in other letters":          {[]Key{named("a")}, "A", keyring.ES256, 0},
		"kid of another kind":           {[]Key{named("a")}, "a", keyring.RS256, 0},
		"kid of another curve":          {[]Key{named("a")}, "a", keyring.ES384, 0},
		"the JWK's alg":                 {[]Key{bound}, "r", keyring.PS256, 1},
		"not the JWK's alg":             {[]Key{bound}, "r", keyring.RS256, 0},
		"no kid, one fits":              {[]Key{named("a"), bound}, "", keyring.ES256, 1},
		"no kid, four fit":              {[]Key{named("a"), named("b"), named("c"), named("d"), bound}, "", keyring.ES256, 4},
		"no kid, five fit":              {[]Key{named("a"), named("b"), named("c"), named("d"), named("e")}, "", keyring.ES256, 0},
		"a key without a name":          {[]Key{named("")}, "a", keyring.ES256, 1},
		"a key without a name, another": {[]Key{named(""), named("a")}, "a", keyring.ES256, 1},
		"one name, five without":        {[]Key{named(""), named(""), named(""), named(""), named(""), named("a")}, "a", keyring.ES256, 1},
		"no kid, names or none":         {[]Key{named("a"), named("")}, "", keyring.ES256, 2},
		"five without a name":           {[]Key{named(""), named(""), named(""), named(""), named("")}, "a", keyring.ES256, 0},
		"no keys":                       {nil, "", keyring.ES256, 0},
	} {
		m, _ := methodOf(c.alg)
		fit, err := KeySet{keys: c.keys}.candidates(c.kid, m)
		if len(fit) != c.want || (err == nil) != (c.want > 0) || err != nil && !errors.Is(err, ErrKeyID) {
			t.Errorf("%s: %d, %v", name, len(fit), err)
		}
	}
}
