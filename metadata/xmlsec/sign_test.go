package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
)

// signers has one key for each algorithm.
func signers(t testing.TB) map[string]crypto.Signer {
	return map[string]crypto.Signer{
		RSASHA256: partnerKey(), RSASHA384: partnerKey(), RSASHA512: partnerKey(),
		RSAPSSSHA256: partnerKey(), RSAPSSSHA384: partnerKey(), RSAPSSSHA512: partnerKey(),
		ECDSASHA256: newEC(t, elliptic.P256()), ECDSASHA384: newEC(t, elliptic.P384()), ECDSASHA512: newEC(t, elliptic.P521()),
	}
}

func TestSignEnvelopedVerifies(t *testing.T) {
	for algorithm, signer := range signers(t) {
		t.Run(algorithm, func(t *testing.T) {
			doc := signedBy(t, authnRequest, SigningKey{Signer: signer, Algorithm: algorithm, Certificate: certificate(t, signer)})
			keys := []crypto.PublicKey{foreignKey().Public(), signer.Public()}
			v, err := VerifyEnveloped([]byte(doc), MessageLimits(), keys)
			if err != nil {
				t.Fatal(err)
			}
			if v.By() != signer.Public() && v.By() != keys[1] {
				t.Error("verified by another key")
			}
			if got := string(v.Root().Raw()); got != authnRequest {
				t.Errorf("read back %s", got)
			}
			again, err := Canonicalize([]byte(doc), MessageLimits())
			if err != nil || string(again) != doc {
				t.Errorf("the signed document is not canonical: %v", err)
			}
		})
	}
}

func TestSignDetachedVerifies(t *testing.T) {
	octets := []byte("SAMLRequest=abc&SigAlg=x")
	for algorithm, signer := range signers(t) {
		t.Run(algorithm, func(t *testing.T) {
			sig, err := SignDetached(octets, SigningKey{Signer: signer, Algorithm: algorithm}, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			keys := []crypto.PublicKey{foreignKey().Public(), signer.Public()}
			if _, err := VerifyDetached([]byte(authnRequest), MessageLimits(), octets, algorithm, sig, keys); err != nil {
				t.Error(err)
			}
			sig[len(sig)/2] ^= 1
			_, err = VerifyDetached([]byte(authnRequest), MessageLimits(), octets, algorithm, sig, keys)
			if codeOf(err) != CodeSignature {
				t.Errorf("a broken signature: %v", err)
			}
		})
	}
}

func TestSignEnvelopedRefusesMisuse(t *testing.T) {
	key := SigningKey{Signer: partnerKey(), Algorithm: RSASHA256}
	for name, c := range map[string]struct {
		id  string
		at  int
		key SigningKey
	}{
		"another ID":      {"_other", afterIssuer(authnRequest), key},
		"inside a tag":    {"_request", 5, key},
		"inside text":     {"_request", afterIssuer(authnRequest) - len(issuerEnd) - 3, key},
		"past the end":    {"_request", len(authnRequest), key},
		"SHA-1":           {"_request", afterIssuer(authnRequest), SigningKey{Signer: partnerKey(), Algorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}},
		"no signer":       {"_request", afterIssuer(authnRequest), SigningKey{Algorithm: RSASHA256}},
		"wrong key kind":  {"_request", afterIssuer(authnRequest), SigningKey{Signer: partnerKey(), Algorithm: ECDSASHA256}},
		"too small a key": {"_request", afterIssuer(authnRequest), SigningKey{Signer: newRSA(1024), Algorithm: RSASHA256}},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := SignEnveloped([]byte(authnRequest), c.id, c.at, c.key, rand.Reader); err == nil {
				t.Errorf("signed: %s", out)
			}
		})
	}
}

// TestReferenceDigest: the digest of the content may differ from that of the signature; SHA-1 is no digest.
func TestReferenceDigest(t *testing.T) {
	for algorithm, signer := range signers(t) {
		for digest, ok := range map[string]bool{SHA256: true, SHA384: true, SHA512: true, SHA1: false, "": true, RSASHA256: false} {
			canonical, err := Canonicalize([]byte(authnRequest), MessageLimits())
			if err != nil {
				t.Fatal(err)
			}
			at := bytes.Index(canonical, []byte("</saml:Issuer>")) + len("</saml:Issuer>")
			doc, err := SignEnveloped(canonical, "_request", at, SigningKey{Signer: signer, Algorithm: algorithm, Digest: digest}, rand.Reader)
			if (err == nil) != ok {
				t.Errorf("%s with digest %q: %v", algorithm, digest, err)
			}
			if err != nil {
				continue
			}
			if digest != "" && !bytes.Contains(doc, []byte(`<ds:DigestMethod Algorithm="`+digest+`">`)) {
				t.Errorf("%s: not digested with %s", algorithm, digest)
			}
			if _, err := VerifyEnveloped(doc, MessageLimits(), []crypto.PublicKey{signer.Public()}); err != nil {
				t.Errorf("%s with digest %q: %v", algorithm, digest, err)
			}
		}
	}
}
