package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

const claims = `{"iss":"a","sub":"b"}`

// everyKey is a set with a key of each kind, named by it.
func everyKey(t testing.TB) KeySet {
	t.Helper()
	var keys []string
	for _, k := range []kind{kindRSA, kindP256, kindP384, kindP521, kindEd25519} {
		keys = append(keys, jwk(signers()[k], fmt.Sprintf(`"kid":"k%d",`, k)))
	}
	return setOf(t, keys...)
}

func anyJWT() Rules { return Rules{Algorithms: Algorithms(), Types: []string{"", "JWT"}} }

// TestEveryAlgorithm: each verifies with its key, with a kid and without, with no other key, and nothing of it may be altered.
func TestEveryAlgorithm(t *testing.T) {
	keys := everyKey(t)
	for _, alg := range Algorithms() {
		m, _ := methodOf(alg)
		for _, more := range []string{``, fmt.Sprintf(`,"typ":"JWT","kid":"k%d"`, m.kind)} {
			token := forge(t, alg, headerOf(alg, more), claims)
			got, err := Verify(token, keys, anyJWT())
			if err != nil || string(got.Payload) != claims || got.Algorithm != alg || got.Key.ID != fmt.Sprintf("k%d", m.kind) {
				t.Errorf("%s: %+v, %v", alg, got, err)
			}
			parts := strings.Split(token, ".")
			for i, at := range []int{len(parts[0]) + 5, len(parts[0]) + len(parts[1]) + 30} { // in the payload, in the signature
				altered := token[:at] + string(next(token[at])) + token[at+1:]
				if _, err := Verify(altered, keys, anyJWT()); !errors.Is(err, ErrSignature) {
					t.Errorf("%s altered in part %d: %v", alg, i+2, err)
				}
			}
			raw, err := decode(parts[2])
			must(t, err)
			for _, signature := range [][]byte{nil, {0}, raw[1:], raw[:len(raw)-1], append(slices.Clone(raw), 0), append([]byte{0}, raw...)} {
				if _, err := Verify(parts[0]+"."+parts[1]+"."+b64.EncodeToString(signature), keys, anyJWT()); !errors.Is(err, ErrSignature) {
					t.Errorf("%s with a signature of %d bytes: %v", alg, len(signature), err)
				}
			}
		}
		stranger := seal(t, alg, signerOf(alg), b64.EncodeToString([]byte(headerOf(alg, "")))+"."+b64.EncodeToString([]byte(claims)))
		for _, k := range keys.Keys() {
			_, err := Verify(stranger, KeySet{keys: []Key{k}}, anyJWT())
			if want := kindOf(k.Public) == m.kind; want != (err == nil) || !want && !errors.Is(err, ErrKeyID) {
				t.Errorf("%s with the key %s: %v", alg, k.ID, err)
			}
		}
	}
}

func next(c byte) byte {
	if c == 'A' {
		return 'B'
	}
	return 'A'
}

// kindsAreNotMixed: what signed with one algorithm of a key is no signature of another.
func kindsAreNotMixed(t *testing.T) {
	keys := everyKey(t)
	for _, signed := range Algorithms() {
		for _, said := range Algorithms() {
			if signed == said {
				continue
			}
			input := b64.EncodeToString([]byte(headerOf(said, ""))) + "." + b64.EncodeToString([]byte(claims))
			if _, err := Verify(seal(t, signed, signerOf(signed), input), keys, anyJWT()); !errors.Is(err, ErrSignature) {
				t.Errorf("%s that says %s: %v", signed, said, err)
			}
		}
	}
}

// headers breaks one rule of the header at a time; want nil is accepted.
func headers(t *testing.T) {
	keys := setOf(t, jwk(signers()[kindP256], `"kid":"k",`))
	es := []keyring.Algorithm{keyring.ES256}
	for _, c := range []struct {
		name, header string
		rules        Rules
		want         error
	}{
		{"bare", `{"alg":"ES256"}`, anyJWT(), nil},
		{"typ", `{"alg":"ES256","typ":"JWT"}`, anyJWT(), nil},
		{"typ in small letters", `{"alg":"ES256","typ":"jwt"}`, anyJWT(), nil},
		{"typ in full", `{"alg":"ES256","typ":"application/jwt"}`, anyJWT(), nil},
		{"what is not known", `{"alg":"ES256","cty":"JWT","x":{"y":[]},"jku":"https://evil.example","x5u":"https://evil.example","x5c":["AAAA"],"jwk":{"kty":"oct","k":"AAAA"}}`, anyJWT(), nil},
		{"kid", `{"alg":"ES256","kid":"k"}`, anyJWT(), nil},
		{"blanks", "\t{ \"alg\" :\n\"ES256\" }\r", anyJWT(), nil},
		{"no alg", `{}`, anyJWT(), ErrAlgorithm},
		{"alg null", `{"alg":null}`, anyJWT(), ErrAlgorithm},
		{"alg is a list", `{"alg":["ES256"]}`, anyJWT(), ErrAlgorithm},
		{"alg in small letters", `{"alg":"es256"}`, anyJWT(), ErrAlgorithm},
		{"alg with a blank", `{"alg":"ES256 "}`, anyJWT(), ErrAlgorithm},
		{"alg by another name", `{"ALG":"ES256"}`, anyJWT(), ErrAlgorithm},
		{"alg not on the list", `{"alg":"ES256"}`, Rules{Algorithms: []keyring.Algorithm{keyring.PS256}, Types: []string{""}}, ErrAlgorithm},
		{"nothing on the list", `{"alg":"ES256"}`, Rules{Types: []string{""}}, ErrAlgorithm},
		{"the caller's mistake", `{"alg":"HS256"}`, Rules{Algorithms: []keyring.Algorithm{"HS256", "none", ""}, Types: []string{""}}, ErrAlgorithm},
		{"another of the caller's mistakes", `{"alg":""}`, Rules{Algorithms: []keyring.Algorithm{"HS256", "none", ""}, Types: []string{""}}, ErrAlgorithm},
		{"none", `{"alg":"none"}`, Rules{Algorithms: []keyring.Algorithm{"none"}, Types: []string{""}}, ErrAlgorithm},
		{"crit", `{"alg":"ES256","crit":["exp"],"exp":1}`, anyJWT(), ErrExtension},
		{"empty crit", `{"alg":"ES256","crit":[]}`, anyJWT(), ErrExtension},
		{"crit null", `{"alg":"ES256","crit":null}`, anyJWT(), ErrExtension},
		{"b64 false", `{"alg":"ES256","b64":false}`, anyJWT(), ErrExtension},
		{"b64 true", `{"alg":"ES256","b64":true}`, anyJWT(), ErrExtension},
		{"another typ", `{"alg":"ES256","typ":"at+jwt"}`, anyJWT(), ErrType},
		{"typ of a family", `{"alg":"ES256","typ":"text/jwt"}`, anyJWT(), ErrType},
		{"typ twice in full", `{"alg":"ES256","typ":"application/application/jwt"}`, anyJWT(), ErrType},
		{"empty typ", `{"alg":"ES256","typ":""}`, anyJWT(), ErrType},
		{"typ null", `{"alg":"ES256","typ":null}`, anyJWT(), ErrType},
		{"no typ where one is wanted", `{"alg":"ES256"}`, Rules{Algorithms: es, Types: []string{"JWT"}}, ErrType},
		{"no typ is wanted", `{"alg":"ES256","typ":"JWT"}`, Rules{Algorithms: es, Types: []string{""}}, ErrType},
		{"no list of types", `{"alg":"ES256"}`, Rules{Algorithms: es}, ErrType},
		{"kid is a number", `{"alg":"ES256","kid":1}`, anyJWT(), ErrKeyID},
		{"unknown kid", `{"alg":"ES256","kid":"../../dev/null"}`, anyJWT(), ErrKeyID},
		{"longest kid", `{"alg":"ES256","kid":"` + strings.Repeat("k", 256) + `"}`, anyJWT(), ErrKeyID},
		{"too long a kid", `{"alg":"ES256","kid":"` + strings.Repeat("k", 257) + `"}`, anyJWT(), ErrKeyID},
		{"alg twice", `{"alg":"ES256","alg":"ES256"}`, anyJWT(), ErrMalformed},
		{"deep", `{"alg":"ES256","x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, anyJWT(), ErrMalformed},
		{"not an object", `"ES256"`, anyJWT(), ErrMalformed},
		{"something after it", `{"alg":"ES256"}{}`, anyJWT(), ErrMalformed},
		{"not UTF-8", "{\"alg\":\"ES256\",\"x\":\"\xff\"}", anyJWT(), ErrMalformed},
		{"a chain of certificates", `{"alg":"ES256","x5c":["` + strings.Repeat("A", 9000) + `"]}`, anyJWT(), nil},
	} {
		if _, err := Verify(forge(t, "", c.header, claims), keys, c.rules); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// forms is about the outside of a token.
func forms(t *testing.T) {
	keys := everyKey(t)
	good := forge(t, keyring.ES256, headerOf(keyring.ES256, ""), claims)
	parts := strings.Split(good, ".")
	head, payload, signature := parts[0], parts[1], parts[2]
	stray := func(part string) string { return part[:len(part)-1] + string(strayBit(part[len(part)-1])) }
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"good":                    {good, nil},
		"empty":                   {"", ErrSize},
		"too long":                {good + strings.Repeat("A", MaxToken), ErrSize},
		"2 MB of dots":            {strings.Repeat(".", 2<<20), ErrSize},
		"16 KiB of dots":          {strings.Repeat(".", MaxToken), ErrMalformed},
		"one part":                {head, ErrMalformed},
		"two parts":               {head + "." + payload, ErrMalformed},
		"four parts":              {good + ".AAAA", ErrMalformed},
		"five parts":              {"a.b.c.d.e", ErrMalformed},
		"no header":               {"." + payload + "." + signature, ErrMalformed},
		"padded header":           {head + "=." + payload + "." + signature, ErrMalformed},
		"padded payload":          {head + "." + payload + "=." + signature, ErrMalformed},
		"padded signature":        {good + "==", ErrMalformed},
		"line end in the header":  {head[:4] + "\n" + head[4:] + "." + payload + "." + signature, ErrMalformed},
		"line end in the payload": {head + "." + payload[:4] + "\r\n" + payload[4:] + "." + signature, ErrMalformed},
		"line end at the end":     {good + "\n", ErrMalformed},
		"blank in front":          {" " + good, ErrMalformed},
		"stray bits at the end":   {head + "." + payload + "." + stray(signature), ErrMalformed},
		"other alphabet":          {head + "." + payload + "." + strings.NewReplacer("-", "+", "_", "/").Replace("-_"+signature[2:]), ErrMalformed},
		"JSON form":               {`{"payload":"` + payload + `","protected":"` + head + `","signature":"` + signature + `"}`, ErrMalformed},
		"no payload":              {head + ".." + signature, ErrSignature},
	} {
		if _, err := Verify(c.token, keys, anyJWT()); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	r := anyJWT()
	for most, want := range map[int]error{len(good): nil, len(good) - 1: ErrSize} {
		r.MaxBytes = most
		if _, err := Verify(good, keys, r); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("at most %d bytes: %v", most, err)
		}
	}
	if _, err := Verify(good, KeySet{}, anyJWT()); !errors.Is(err, ErrKeyID) {
		t.Errorf("with no keys: %v", err)
	}
}

// strayBit sets a bit of the last character of base64 that stands for nothing: of 64 bytes two bits of 6 are used.
func strayBit(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)|1]
}

// TestMethodsKnowTheirKeys: a signature that holds in itself, by a key of another kind than the algorithm's, is none.
func TestMethodsKnowTheirKeys(t *testing.T) {
	for _, m := range methods {
		for _, key := range signers() {
			if m.hash == 0 || kindOf(key.Public()) == m.kind {
				continue
			}
			signature, err := key.Sign(rand.Reader, m.digest([]byte(claims)), m.hash)
			if kindOf(key.Public()) == kindEd25519 {
				signature, err = key.Sign(rand.Reader, []byte(claims), crypto.Hash(0))
			}
			must(t, err)
			if pub, elliptic := key.Public().(*ecdsa.PublicKey); elliptic {
				fixed := make([]byte, 2*((pub.Params().BitSize+7)/8))
				must(t, fixedWidth(fixed, signature))
				signature = fixed
			}
			if m.verify(key.Public(), []byte(claims), signature) {
				t.Errorf("%s takes a signature of a key of kind %d", m.name, kindOf(key.Public()))
			}
		}
		if m.verify("no key", []byte(claims), nil) || m.verify(nil, nil, nil) {
			t.Errorf("%s verifies without a key", m.name)
		}
	}
}

// TestSalt: of RSA-PSS the salt has the length of the hash (RFC 7518, section 3.5).
func TestSalt(t *testing.T) {
	for _, salt := range []int{0, 20, 33, rsa.PSSSaltLengthAuto} {
		input := b64.EncodeToString([]byte(headerOf(keyring.PS256, ""))) + "." + b64.EncodeToString([]byte(claims))
		digest := sha256.Sum256([]byte(input))
		signature, err := signers()[kindRSA].Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: salt, Hash: crypto.SHA256})
		must(t, err)
		if _, err := Verify(input+"."+b64.EncodeToString(signature), everyKey(t), anyJWT()); !errors.Is(err, ErrSignature) {
			t.Errorf("salt of %d bytes: %v", salt, err)
		}
	}
}

// TestLongNames: a kid that is too long does not even find a key without a name.
func TestLongNames(t *testing.T) {
	keys := setOf(t, jwk(signers()[kindP256], ""))
	for n, want := range map[int]error{maxKeyID: nil, maxKeyID + 1: ErrKeyID} {
		token := forge(t, keyring.ES256, headerOf(keyring.ES256, `,"kid":"`+strings.Repeat("k", n)+`"`), claims)
		if _, err := Verify(token, keys, anyJWT()); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("kid of %d bytes: %v", n, err)
		}
	}
}

// ecdsaValues: r and s have their full width and lie between 1 and the order of the curve.
func ecdsaValues(t *testing.T) {
	keys := everyKey(t)
	for _, alg := range []keyring.Algorithm{keyring.ES256, keyring.ES384, keyring.ES512} {
		good := forge(t, alg, headerOf(alg, ""), claims)
		at := strings.LastIndexByte(good, '.') + 1
		raw, err := decode(good[at:])
		must(t, err)
		half := len(raw) / 2
		order := orderOf(t, alg)
		r, s := new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])
		join := func(r, s *big.Int, width int) []byte {
			return slices.Concat(r.FillBytes(make([]byte, width)), s.FillBytes(make([]byte, width)))
		}
		zero, one := big.NewInt(0), big.NewInt(1)
		for name, signature := range map[string][]byte{
			"r = s = 0": join(zero, zero, half), "r = 0": join(zero, s, half), "s = 0": join(r, zero, half), "r = s = 1": join(one, one, half),
			"r = s = order": join(order, order, half), "r = order": join(order, s, half), "s = order": join(r, order, half),
			"wider": join(r, s, half+1), "s wider": slices.Concat(raw[:half], []byte{0}, raw[half:]), "a byte more": append(slices.Clone(raw), 0), "a byte less": raw[:len(raw)-1], "r and s exchanged": join(s, r, half),
		} {
			if _, err := Verify(good[:at]+b64.EncodeToString(signature), keys, anyJWT()); !errors.Is(err, ErrSignature) {
				t.Errorf("%s, %s: %v", alg, name, err)
			}
		}
		if len(raw)%2 != 0 || half*8 < order.BitLen() {
			t.Errorf("%s: a signature of %d bytes", alg, len(raw))
		}
	}
}

func TestClaimedIssuer(t *testing.T) {
	payload := b64.EncodeToString([]byte(claims))
	for token, want := range map[string]string{
		"x." + payload + ".": "a", "x." + payload: "", payload: "", "x." + payload + ".y.z": "", "x.!.y": "", "x.e30.y": "",
		"x." + b64.EncodeToString([]byte(`{"iss":1}`)) + ".y": "", "x." + payload + "." + strings.Repeat("A", MaxToken): "",
	} {
		if got := ClaimedIssuer(token); got != want {
			t.Errorf("%.40s: %q, want %q", token, got, want)
		}
	}
}

// TestMessagesAreShown: what somebody else wrote stands in a message short and printable.
func TestMessagesAreShown(t *testing.T) {
	for in, want := range map[string]string{
		"RS1": `'RS1'`, "a\"b\\c'\n\x00ü": `'abc'`, strings.Repeat("x", 60): `'` + strings.Repeat("x", 48) + `...'`, "": `''`,
	} {
		if got := shown(in); got != want {
			t.Errorf("%q is shown as %s, want %s", in, got, want)
		}
	}
	if got := Names([]keyring.Algorithm{"A", "B", "C"}); got != "A, B or C" {
		t.Error(got)
	}
}
