package jose

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	oracle "github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// FuzzVerify: nothing but what was signed is accepted, and go-jose says the same of it.
func FuzzVerify(f *testing.F) {
	keys := everyKey(f)
	signed := map[string]bool{}
	for _, alg := range Algorithms() {
		token := forge(f, alg, headerOf(alg, `,"typ":"JWT"`), claims)
		signed[token[:strings.LastIndexByte(token, '.')]] = true
		f.Add(token)
	}
	f.Add(b64.EncodeToString([]byte(`{"alg":"none"}`)) + "." + b64.EncodeToString([]byte(claims)) + ".")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		_ = ClaimedIssuer(token)
		got, err := Verify(token, keys, anyJWT())
		if err != nil {
			return
		}
		payload, err := second(token, got.Key.Public)
		if !signed[token[:strings.LastIndexByte(token, '.')]] || err != nil || !bytes.Equal(payload, got.Payload) {
			t.Fatalf("accepted %q: %q, %v", token, payload, err)
		}
	})
}

// FuzzKeySet: what is taken is public, reads back as the same keys, and go-jose takes it too.
func FuzzKeySet(f *testing.F) {
	for k, s := range signers() {
		f.Add([]byte(`{"keys":[` + jwk(s, `"kid":"k","use":"sig",`) + `]}`))
		if k == kindP256 {
			f.Add([]byte(`{"keys":[` + jwk(s, `"use":"enc",`) + `,` + jwk(s, `"d":"AQ",`) + `]}`))
		}
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := ReadKeySet(data)
		if err != nil {
			if !errors.Is(err, ErrKeys) || len(set.Keys()) > 0 {
				t.Fatalf("%v with %d keys", err, len(set.Keys()))
			}
			return
		}
		for _, k := range set.Keys() {
			body, ok := required(k.Public)
			if !ok {
				t.Fatalf("a key of type %T", k.Public)
			}
			again, err := ReadKeySet([]byte(`{"keys":[{` + body + `}]}`))
			if err != nil || Thumbprint(again.Keys()[0].Public) != Thumbprint(k.Public) {
				t.Fatalf("%s: %v", body, err)
			}
			var other oracle.JSONWebKey
			if err := json.Unmarshal([]byte("{"+body+"}"), &other); err != nil || !other.IsPublic() || !other.Valid() {
				t.Fatalf("%s: %v", body, err)
			}
		}
	})
}

// FuzzClaims: what is read is read by encoding/json too, to the same names and values.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(claims), "iss")
	f.Add([]byte(`{"a":{"b":[1,2.5e3,null,true,"\u00e9\""]},"\u0061b":{}}`), "a")
	f.Add([]byte(`{"a":1,"a":2}`), "a")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		c, err := ReadClaims(data)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil || len(want) != len(c.members) {
			t.Fatalf("%q: %d names, %d there, %v", data, len(c.members), len(want), err)
		}
		for n, raw := range c.All() {
			if !bytes.Equal(raw, want[n]) {
				t.Fatalf("%q: %s is %s, there %s", data, n, raw, want[n])
			}
		}
		if text, err := c.Text(name); err == nil {
			var there string
			if json.Unmarshal(want[name], &there) != nil || there != text {
				t.Fatalf("%q: %q, there %q", data, text, there)
			}
		}
		if n, err := c.Seconds(name); err == nil {
			var there float64
			if json.Unmarshal(want[name], &there) != nil || there != n {
				t.Fatalf("%q: %v, there %v", data, n, there)
			}
		}
		_, _ = c.Texts(name)
		_, _ = c.Whole(name)
		_, _ = c.Bool(name)
		_, _ = c.Object(name)
	})
}

// FuzzProof: no proof is accepted but those that were made.
func FuzzProof(f *testing.F) {
	signed := map[string]bool{}
	for _, alg := range []keyring.Algorithm{keyring.ES256, keyring.ES384, keyring.ES512, EdDSA} {
		token := proofWith(f, alg, nil)
		signed[token[:strings.LastIndexByte(token, '.')]] = true
		f.Add(token)
	}
	f.Add(strings.Replace(proofWith(f, keyring.ES256, nil), ".", "..", 1))
	f.Fuzz(func(t *testing.T, token string) {
		got, err := VerifyProof(token, asked())
		if err == nil && !signed[token[:strings.LastIndexByte(token, '.')]] || err != nil && got != (Proof{}) {
			t.Fatalf("%q: %+v, %v", token, got, err)
		}
	})
}

// FuzzTarget: an address is the same as itself, and what is the same has the same path and host.
func FuzzTarget(f *testing.F) {
	f.Add("https://a.example:443/t?q#f", "HTTPS://A.example/t")
	f.Add("https://a.example", "https://a.example/")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, ok := bareTarget(a)
		if ok != sameTarget(a, a) || sameTarget(a, b) != sameTarget(b, a) {
			t.Fatalf("%q and %q", a, b)
		}
		if ok && (x.host == "" || !strings.HasPrefix(x.path, "/") || x.scheme != "https" && x.scheme != "http") {
			t.Fatalf("%q: %+v", a, x)
		}
	})
}
