package jose

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

func orderOf(t testing.TB, alg keyring.Algorithm) *big.Int {
	t.Helper()
	pub, ok := signerOf(alg).Public().(*ecdsa.PublicKey)
	if !ok {
		t.Fatal(alg)
	}
	return pub.Params().N
}

// TestSignAndPublish: what is signed with each algorithm verifies with the one published key of its kid, which states the algorithm.
func TestSignAndPublish(t *testing.T) {
	r := ring(t)
	published, err := ReadKeySet(PublicSet(r.Published()))
	must(t, err)
	if len(published.Keys()) != len(keyring.Algorithms()) || len(published.Skipped()) > 0 {
		t.Fatalf("%d keys are published; %v", len(published.Keys()), published.Skipped())
	}
	for _, alg := range keyring.Algorithms() {
		key, err := r.Signing(alg)
		must(t, err)
		token, err := Sign(key, alg, "at+jwt", []byte(claims))
		must(t, err)
		for name, keys := range map[string]KeySet{"published": published, "own": OwnKeys(r.Published())} {
			got, err := Verify(token, keys, Rules{Algorithms: Algorithms(), Types: []string{"at+jwt"}})
			if err != nil || string(got.Payload) != claims || got.Key.ID != KeyID(key, alg) || got.Key.Algorithm != alg || got.Type != "at+jwt" {
				t.Errorf("%s, %s: %+v, %v", alg, name, got, err)
			}
		}
		head, err := decode(token[:strings.IndexByte(token, '.')])
		must(t, err)
		if want := `{"alg":"` + string(alg) + `","kid":"` + KeyID(key, alg) + `","typ":"at+jwt"}`; string(head) != want {
			t.Errorf("header %s, want %s", head, want)
		}
	}
	if rs, err := r.Signing(keyring.RS256); err != nil || KeyID(rs, keyring.RS256) != rs.ID {
		t.Error("RS256 has a kid of its own")
	}
}

// badSigner returns what it is told to.
type badSigner struct {
	crypto.Signer
	signature []byte
	err       error
}

func (b badSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return b.signature, b.err
}

func TestSignRefuses(t *testing.T) {
	r := ring(t)
	key, err := r.Signing(keyring.ES256)
	must(t, err)
	for _, alg := range []keyring.Algorithm{keyring.RS256, keyring.ES384, EdDSA, "none", "HS256", ""} {
		if token, err := Sign(key, alg, "JWT", []byte(claims)); err == nil {
			t.Errorf("%s: %s", alg, token)
		}
	}
	key.Signer = badSigner{signers()[kindP256], nil, errors.New("the module is gone")}
	if _, err := Sign(key, keyring.ES256, "JWT", nil); err == nil || !strings.Contains(err.Error(), "the module is gone") {
		t.Error(err)
	}
	key.Signer = badSigner{signers()[kindP256], []byte{1, 2, 3}, nil}
	if _, err := Sign(key, keyring.ES256, "JWT", nil); !errors.Is(err, errNoPoint) {
		t.Error(err)
	}
}

// TestFixedWidth: what is no DER of two positive numbers of the right size is refused.
func TestFixedWidth(t *testing.T) {
	for text, good := range map[string]bool{
		"3006020101020102": true, "300702020080020101": true, "30080202008002020081": true,
		"": false, "30": false, "3006": false, "3106020101020102": false, "300602010102010200": false, "3005020101020102": false, "3007020101020102": false,
		"3006030101020102": false, "3006020101030102": false, "3003020101": false, "300602018102010100": false, "3006020100020101": false, "3006020101020100": false,
		"3005020002020102": false, "3006020181020101": false, "30820006020101020102": false, "3080020101020102": false, "3009020101020102020103": false,
	} {
		der, err := hex.DecodeString(text)
		must(t, err)
		out := make([]byte, 64)
		if err := fixedWidth(out, der); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
	long := append([]byte{0x30, 0x26, 0x02, 0x21}, slices.Repeat([]byte{1}, 33)...)
	if err := fixedWidth(make([]byte, 64), append(long, 2, 1, 1)); err == nil {
		t.Error("33 bytes are taken for 32")
	}
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.SampledFrom([]int{32, 48, 66}).Draw(t, "width")
		number := func(name string) *big.Int {
			n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 1, width).Draw(t, name))
			return n.Add(n, big.NewInt(1))
		}
		r, s := number("r"), number("s")
		if r.BitLen() > 8*width || s.BitLen() > 8*width {
			t.Skip()
		}
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, 2*width)
		if err := fixedWidth(out, der); err != nil || new(big.Int).SetBytes(out[:width]).Cmp(r) != 0 || new(big.Int).SetBytes(out[width:]).Cmp(s) != 0 {
			t.Fatalf("%x: %x, %v", der, out, err)
		}
	})
}

// TestHalfHash has the values of OpenID Connect Core 1.0, appendix A, and lengths by algorithm.
func TestHalfHash(t *testing.T) {
	for value, want := range map[string]string{
		"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y":                "77QmUPtjPfzWtF2AnpK9RQ",
		"Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk": "LDktKdoQak3Pk0cnXxCltA",
	} {
		if got := HalfHash(keyring.RS256, value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
	for alg, size := range map[keyring.Algorithm]int{"RS256": 22, "PS256": 22, "ES256": 22, "RS384": 32, "PS384": 32, "ES384": 32, "RS512": 43, "PS512": 43, "ES512": 43, EdDSA: 0, "none": 0} {
		if got := HalfHash(alg, "x"); len(got) != size {
			t.Errorf("%s: %s", alg, got)
		}
	}
}

// TestThumbprints has the examples of RFC 7638, section 3.1, and RFC 8037, appendix A.3; a zero in front of a modulus changes nothing.
func TestThumbprints(t *testing.T) {
	const n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	raw, err := decode(n)
	must(t, err)
	for in, want := range map[string]string{
		`{"kty":"RSA","n":"` + n + `","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`:              "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		`{"kty":"RSA","n":"` + b64.EncodeToString(append([]byte{0}, raw...)) + `","e":"AAEAAQ"}`: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`:        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
	} {
		if got := Thumbprint(setOf(t, in).Keys()[0].Public); got != want {
			t.Errorf("%.60s: %s, want %s", in, got, want)
		}
	}
	if Thumbprint("x") != "" || Thumbprint(&ecdsa.PublicKey{}) != "" {
		t.Error("what is no key has a thumbprint")
	}
}

// TestPublicSet: nothing private, one kid a key and algorithm, and JSON.
func TestPublicSet(t *testing.T) {
	var set struct{ Keys []map[string]string }
	must(t, json.Unmarshal(PublicSet(ring(t).Published()), &set))
	seen := map[string]bool{}
	for _, k := range set.Keys {
		for name := range k {
			if slices.Contains(privateMembers[:], name) {
				t.Errorf("%s is published", name)
			}
		}
		if k["use"] != "sig" || k["alg"] == "" || seen[k["kid"]] {
			t.Errorf("%v", k)
		}
		seen[k["kid"]] = true
	}
	if got := string(PublicSet(nil)); got != `{"keys":[]}` {
		t.Error(got)
	}
}
