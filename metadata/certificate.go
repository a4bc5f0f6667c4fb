package metadata

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
)

// certificateKey takes the public key out of a certificate and looks at nothing else in it.
func certificateKey(der []byte) (crypto.PublicKey, error) {
	info, err := publicKeyInfo(der)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(info)
	if err == nil {
		return key, nil
	}
	if pss := pssKey(info); pss != nil {
		return pss, nil
	}
	return nil, errors.Join(errKeyInfo, err)
}

// publicKeyInfo is the SubjectPublicKeyInfo of a certificate (RFC 5280, 4.1).
func publicKeyInfo(der []byte) ([]byte, error) {
	var certificate struct {
		TBS struct {
			Version    asn1.RawValue `asn1:"optional,explicit,tag:0"`
			Serial     asn1.RawValue
			Algorithm  asn1.RawValue
			Issuer     asn1.RawValue
			Validity   asn1.RawValue
			Subject    asn1.RawValue
			PublicKey  asn1.RawValue
			Extensions asn1.RawValue `asn1:"optional"`
		}
	}
	if rest, err := asn1.Unmarshal(der, &certificate); err != nil || len(rest) > 0 {
		return nil, errKeyInfo
	}
	return certificate.TBS.PublicKey.FullBytes, nil
}

// pssKey reads an RSA key that says of itself that it is for RSA-PSS (RFC 4055, 1.2), which crypto/x509 does not; nil for any
// other. Parameters, if there are any, bound hash and salt: a signature that they do not fit is not made by such a key.
func pssKey(spki []byte) *rsa.PublicKey {
	var info struct {
		Algorithm struct {
			ID         asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Key asn1.BitString
	}
	rest, err := asn1.Unmarshal(spki, &info)
	if err != nil || len(rest) > 0 || !info.Algorithm.ID.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}) {
		return nil
	}
	key, err := x509.ParsePKCS1PublicKey(info.Key.RightAlign())
	if err != nil {
		return nil
	}
	return key
}

// onlySigns reports whether a certificate carries a key for RSA-PSS, which must not be used otherwise (RFC 4055, 1.2).
func onlySigns(der []byte) bool {
	info, err := publicKeyInfo(der)
	return err == nil && pssKey(info) != nil
}
