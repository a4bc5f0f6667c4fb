package jose

import (
	"bytes"
	"crypto"
	"encoding/json"
	"testing"

	oracle "github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// go-jose is a second reader and writer of the same standards. It is less strict than this room: what is accepted here it accepts
// too, with the same payload.

// second reads a token with go-jose and a key.
func second(token string, key crypto.PublicKey) ([]byte, error) {
	var algs []oracle.SignatureAlgorithm
	for _, a := range Algorithms() {
		algs = append(algs, oracle.SignatureAlgorithm(a))
	}
	jws, err := oracle.ParseSignedCompact(token, algs)
	if err != nil {
		return nil, err
	}
	return jws.Verify(key)
}

func TestOracleReadsOurs(t *testing.T) {
	r := ring(t)
	var set oracle.JSONWebKeySet
	must(t, json.Unmarshal(PublicSet(r.Published()), &set))
	for _, alg := range keyring.Algorithms() {
		key, err := r.Signing(alg)
		must(t, err)
		token, err := Sign(key, alg, "JWT", []byte(claims))
		must(t, err)
		keys := set.Key(KeyID(key, alg))
		if len(keys) != 1 || keys[0].Algorithm != string(alg) || !keys[0].Valid() || !keys[0].IsPublic() {
			t.Fatalf("%s: published as %+v", alg, keys)
		}
		if payload, err := second(token, keys[0].Key); err != nil || string(payload) != claims {
			t.Errorf("%s: %s, %v", alg, payload, err)
		}
	}
}

func TestOursReadsOracle(t *testing.T) {
	for _, alg := range Algorithms() {
		key := signerOf(alg)
		s, err := oracle.NewSigner(oracle.SigningKey{Algorithm: oracle.SignatureAlgorithm(alg), Key: key}, (&oracle.SignerOptions{}).WithType("JWT").WithHeader("kid", "k"))
		must(t, err)
		jws, err := s.Sign([]byte(claims))
		must(t, err)
		token, err := jws.CompactSerialize()
		must(t, err)
		set, err := json.Marshal(oracle.JSONWebKeySet{Keys: []oracle.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: string(alg), Use: "sig"}}})
		must(t, err)
		keys, err := ReadKeySet(set)
		must(t, err)
		got, err := Verify(token, keys, anyJWT())
		if err != nil || string(got.Payload) != claims {
			t.Errorf("%s: %+v, %v", alg, got, err)
		}
		thumb, err := (&oracle.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
		must(t, err)
		if b64.EncodeToString(thumb) != Thumbprint(key.Public()) {
			t.Errorf("%s: thumbprint %s", alg, Thumbprint(key.Public()))
		}
	}
}

// TestOracleOnMutants changes good tokens: what is still accepted says the same to both.
func TestOracleOnMutants(t *testing.T) {
	keys := everyKey(t)
	rapid.Check(t, func(rt *rapid.T) {
		alg := rapid.SampledFrom(Algorithms()).Draw(rt, "alg")
		token := []byte(forge(t, alg, headerOf(alg, `,"typ":"JWT"`), claims))
		for range rapid.IntRange(0, 2).Draw(rt, "changes") {
			at := rapid.IntRange(0, len(token)-1).Draw(rt, "at")
			c := []byte(rapid.SampledFrom([]string{"A", "B", "-", "_", ".", "=", "\n", "+", "/", "8", " "}).Draw(rt, "character"))
			switch rapid.IntRange(0, 2).Draw(rt, "how") {
			case 0:
				token[at] = c[0]
			case 1:
				token = bytes.Join([][]byte{token[:at], token[at:]}, c)
			case 2:
				token = append(token[:at:at], token[at+1:]...)
			}
		}
		got, err := Verify(string(token), keys, anyJWT())
		if err != nil {
			return
		}
		payload, err := second(string(token), got.Key.Public)
		if err != nil || !bytes.Equal(payload, got.Payload) {
			rt.Fatalf("%s: here %q, there %q, %v", token, got.Payload, payload, err)
		}
	})
}
