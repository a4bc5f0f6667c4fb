package fido

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/webauthn"
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

// FuzzMetadata: no BLOB that nobody trusted signed is ever taken, and what is in a signed one never panics or invents models.
func FuzzMetadata(f *testing.F) {
	root, leaf := fuzzChain(f)
	signer := Signer{Roots: []*x509.Certificate{root}, Host: "mds.example"}
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","x5c":["` + base64.StdEncoding.EncodeToString(leaf) + `"]}`))
	payload := `{"no":1,"nextUpdate":"2026-11-01","entries":[{"aaguid":"ee882879-721c-4913-9775-3dfcce97072a","metadataStatement":{"attestationRootCertificates":["AAAA"]},"statusReports":[{"status":"REVOKED","effectiveDate":"2026-01-01"}]}]}`
	f.Add([]byte(header + "." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))))
	f.Add([]byte(payload))
	f.Add([]byte(`eyJhbGciOiJub25lIn0.e30.`))
	now := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := signer.ReadMetadata(data, now); err == nil {
			t.Errorf("taken: %+v", m)
		} else if !errors.Is(err, ErrMetadata) {
			t.Errorf("another error: %v", err)
		}
		m, err := readPayload(data)
		if err != nil {
			return
		}
		if m.Number < 0 || m.NextUpdate.IsZero() || m.Models() > bytes.Count(data, []byte("{")) {
			t.Errorf("taken: %+v", m)
		}
		for id, k := range m.models {
			if id == (AAGUID{}) || len(k.name) > maxName || !utf8.ValidString(k.name) {
				t.Errorf("model %s, %q", id, k.name)
			}
			k.certification(now)
			k.withdrawnBy(DefaultWithdrawing(), func() [][]byte { return nil }, now)
		}
	})
}

// fuzzChain makes a root, and a certificate of the right name whose key nobody has any more.
func fuzzChain(f *testing.F) (root *x509.Certificate, leaf []byte) {
	f.Helper()
	issue := func(template, parent *x509.Certificate, public any, signer *ecdsa.PrivateKey) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
		if err != nil {
			f.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			f.Fatal(err)
		}
		return c
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	lost, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	from, until := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root = issue(authority, authority, key.Public(), key)
	end := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: until, DNSNames: []string{"mds.example"}}
	return root, issue(end, root, lost.Public(), key).Raw
}

// FuzzTrustPath: an attestation object that the library took once, or never saw, gives certificates or nothing, and proves no model.
func FuzzTrustPath(f *testing.F) {
	root, leaf := fuzzChain(f)
	object := append([]byte("\xa3cfmtfpackedgattStmt\xa1cx5c\x81\x59"), byte(len(leaf)>>8), byte(len(leaf)))
	f.Add(append(append(object, leaf...), []byte("hauthData\x41\x00")...))
	f.Add([]byte("\xa1gattStmt\xa1cx5c\x80"))
	f.Add([]byte("\xa1gattStmt\xa1cx5c\x82\x40\x01"))
	now := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	other, _ := fuzzChain(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := trustPath(data)
		if len(path) > maxChain {
			t.Errorf("%d certificates", len(path))
		}
		c := webauthn.Credential{AttestationFormat: "packed"}
		c.Attestation.Object = data
		if vouched(&c, AAGUID{1}, nil, []*x509.Certificate{other}, now) {
			t.Error("vouched for by somebody who never certified anything")
		}
		if vouched(&c, AAGUID{1}, nil, []*x509.Certificate{root}, now) {
			t.Error("a certificate that names no model proves one")
		}
	})
}

// FuzzKeyDescription: what is read of Android's key description is in it: each authorization once, in a list, and nothing behind it.
func FuzzKeyDescription(f *testing.F) {
	f.Add([]byte("\x30\x1d\x02\x01\x04\x0a\x01\x01\x02\x01\x29\x0a\x01\x01\x04\x02hi\x04\x00\x30\x00\x30\x07\xbf\x85\x3e\x03\x02\x01\x00"))
	f.Add([]byte("\x30\x1b\x02\x01\x04\x0a\x01\x01\x02\x01\x29\x0a\x01\x01\x04\x00\x04\x00\x30\x00\x30\x07\xa1\x05\x31\x03\x02\x01\x02"))
	f.Add([]byte("\x30\x80\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readKeyDescription(data)
		if err != nil {
			return
		}
		if len(d.challenge) > len(data) || len(d.challenge) > 0 && !bytes.Contains(data, d.challenge) {
			t.Error("a challenge that is not there")
		}
		size := 0
		for _, list := range []authorizations{d.software, d.tough} {
			for tag, value := range list {
				if size += len(value); !bytes.Contains(data, value) {
					t.Errorf("member %d is not there", tag)
				}
				if numbers, ok := list.numbers(tag); ok && len(numbers) > len(value) {
					t.Errorf("%d numbers in %d bytes", len(numbers), len(value))
				}
			}
		}
		if size >= len(data) {
			t.Error("more was read than there is")
		}
	})
}
