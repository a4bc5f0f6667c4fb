package fido

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzCheckJSON: whatever is accepted has no member twice at any level, by a count that is made differently.
func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"a":2}`, `{"a":{"b":1,"B":2}}`, `[{"x":null},{"x":1}]`, `{"a":1}{}`, "\xff", `"a`, `[[[[[[[[[]]]]]]]]]`, ``, `{"\u0061":1,"a":2}`, `{"K":1,"k":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if checkJSON(data) != nil {
			return
		}
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatalf("accepted what is not JSON: %v", err)
		}
		// A member that was there twice would be lost in the map.
		colons := 0
		d := json.NewDecoder(bytes.NewReader(data))
		for tok, err := d.Token(); err == nil; tok, err = d.Token() {
			if _, ok := tok.(json.Delim); !ok {
				colons++
			}
		}
		if n := leaves(value); n != colons {
			t.Errorf("%d tokens, %d in the decoded value", colons, n)
		}
	})
}

// leaves counts names and scalars.
func leaves(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			n += 1 + leaves(inner)
		}
	case []any:
		for _, inner := range v {
			n += leaves(inner)
		}
	default:
		n = 1
	}
	return n
}

// FuzzResponse: hostile answers never panic, and none is taken for a credential nobody made.
func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AAAA","signature":"AA","userHandle":"AA"}}`))
	f.Add([]byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YUA"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, parsed, err := parseAssertion(data); err == nil && (len(a.auth.RPIDHash) != 32 || len(parsed.RawID) == 0) {
			t.Error("assertion without its fixed parts accepted")
		}
		if a, parsed, err := parseCreation(data); err == nil {
			if len(a.auth.RPIDHash) != 32 || len(parsed.RawID) == 0 {
				t.Error("attestation without its fixed parts accepted")
			}
			if len(a.auth.AttData.CredentialID) > maxCredentialID {
				t.Error("credential id too long")
			}
		}
	})
}
