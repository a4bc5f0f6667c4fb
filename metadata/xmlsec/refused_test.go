package xmlsec

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"
)

// TestRefusedSignatures: an algorithm that is refused is as good as unknown, by either way to sign; others are not touched.
func TestRefusedSignatures(t *testing.T) {
	octets := []byte("SAMLRequest=abc&SigAlg=x")
	for algorithm, signer := range signers(t) {
		doc := signedBy(t, authnRequest, SigningKey{Signer: signer, Algorithm: algorithm})
		sig, err := SignDetached(octets, SigningKey{Signer: signer, Algorithm: algorithm}, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, refused := range []string{algorithm, "urn:other"} {
			l := MessageLimits()
			l.Refused = []string{"urn:x", refused}
			right := func(err error) bool {
				return err == nil && refused != algorithm || codeOf(err) == CodeAlgorithm && refused == algorithm
			}
			keys := []crypto.PublicKey{signer.Public()}
			if _, err := VerifyEnveloped([]byte(doc), l, keys); !right(err) {
				t.Errorf("%s enveloped, refused %s: %v", algorithm, refused, err)
			}
			if _, err := VerifyDetached([]byte(authnRequest), l, octets, algorithm, sig, keys); !right(err) {
				t.Errorf("%s detached, refused %s: %v", algorithm, refused, err)
			}
		}
	}
}

// TestRefusedEncryption: what is refused is not made, listed or not, and where nothing is left there is an error.
func TestRefusedEncryption(t *testing.T) {
	ec := newEC(t, elliptic.P256())
	for name, c := range map[string]struct {
		ec              bool
		listed, refused []string
		want            []string // empty: nothing can be made
	}{
		"content":                      {refused: []string{AES128GCM}, want: []string{AES192GCM, RSAOAEPMGF1P}},
		"two of content":               {refused: []string{AES128GCM, AES192GCM}, want: []string{AES256GCM}},
		"all content":                  {refused: []string{AES128GCM, AES192GCM, AES256GCM}},
		"listed content":               {listed: []string{AES128GCM, AES256GCM}, refused: []string{AES128GCM}, want: []string{AES256GCM}},
		"the only listed content":      {listed: []string{AES128GCM}, refused: []string{AES128GCM}},
		"transport":                    {refused: []string{RSAOAEPMGF1P}, want: []string{AES128GCM, RSAOAEP, MGF1SHA256}},
		"both transports":              {refused: []string{RSAOAEPMGF1P, RSAOAEP}},
		"listed transport":             {listed: []string{RSAOAEP, RSAOAEPMGF1P}, refused: []string{RSAOAEP}, want: []string{RSAOAEPMGF1P}},
		"the only listed transport":    {listed: []string{RSAOAEP}, refused: []string{RSAOAEP}},
		"another":                      {refused: []string{"urn:x", AES256GCM}, want: []string{AES128GCM, RSAOAEPMGF1P}},
		"agreement":                    {ec: true, refused: []string{ECDHES}},
		"transport of an EC key":       {ec: true, refused: []string{RSAOAEP, RSAOAEPMGF1P}, want: []string{ECDHES}},
		"content of an EC key, listed": {ec: true, listed: []string{AES256GCM}, refused: []string{AES256GCM}},
	} {
		to := recipient(c.listed...)
		if to.Refused = c.refused; c.ec {
			to.Public = &ec.PublicKey
		}
		out, err := Encrypt([]byte("<a></a>"), to, rand.Reader)
		if to.Usable() != (len(c.want) > 0) || len(c.want) == 0 && codeOf(err) != CodeAlgorithm || len(c.want) > 0 && err != nil {
			t.Errorf("%s: usable %v, %v", name, to.Usable(), err)
		}
		for _, uri := range c.want {
			if !strings.Contains(string(out), `Algorithm="`+uri+`"`) {
				t.Errorf("%s: no %s in %s", name, uri, out)
			}
		}
	}
}

// TestRefusedDecryption: what is refused is not read, and no error says so.
func TestRefusedDecryption(t *testing.T) {
	e := element(t, encrypted(t, recipient(AES256GCM, RSAOAEPMGF1P)))
	for refused, reads := range map[string]bool{AES256GCM: false, RSAOAEPMGF1P: false, AES128GCM: true, "": true} {
		l := MessageLimits()
		l.Refused = []string{refused}
		if _, err := DecryptElement(e, l, partnerKey()); (err == nil) != reads || !reads && codeOf(err) != CodeDecrypt {
			t.Errorf("refused %s: %v", refused, err)
		}
	}
}
