package metadata

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// pssCertificate is a certificate whose key says that it is for RSA-PSS: one for RSA with the identifier changed in place.
func pssCertificate(t *testing.T) []byte {
	t.Helper()
	type keyInfo struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	public := x509.MarshalPKCS1PublicKey(&testKey().PublicKey)
	info, err := asn1.Marshal(keyInfo{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}}, asn1.BitString{Bytes: public, BitLength: 8 * len(public)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var outer struct {
		TBS struct {
			Version                              asn1.RawValue `asn1:"optional,explicit,tag:0"`
			Serial                               *big.Int
			Algorithm, Issuer, Validity, Subject asn1.RawValue
			PublicKey                            asn1.RawValue
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(86400, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, testKey().Public(), testKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		t.Fatal(err)
	}
	outer.TBS.PublicKey = asn1.RawValue{FullBytes: info}
	if der, err = asn1.Marshal(outer); err != nil {
		t.Fatal(err)
	}
	return der
}

// TestPSSKey: a key for RSA-PSS alone verifies signatures and is never encrypted to; a key whose certificate is only signed by
// RSA-PSS is like any other.
func TestPSSKey(t *testing.T) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(86400, 0), SignatureAlgorithm: x509.SHA256WithRSAPSS}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, testKey().Public(), testKey())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		der        []byte
		encryption int
	}{"for PSS alone": {pssCertificate(t), 0}, "signed by PSS": {signed, 1}} {
		e := parsed(t, withKeys(`<md:KeyDescriptor>`+keyInfo(c.der)+`</md:KeyDescriptor>`))
		if len(e.SP.SigningKeys) != 1 || len(e.SP.EncryptionKeys) != c.encryption || codes(e.Notes, Error) != "" {
			t.Errorf("%s: %d keys sign, %d decrypt, %s", name, len(e.SP.SigningKeys), len(e.SP.EncryptionKeys), codes(e.Notes, Error))
			continue
		}
		if key, ok := e.SP.SigningKeys[0].(*rsa.PublicKey); !ok || !key.Equal(testKey().Public()) {
			t.Errorf("%s: another key", name)
		}
	}
}
