package revocation

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
)

// signing is how a list may be signed.
type signing struct {
	hash crypto.Hash
	kind x509.PublicKeyAlgorithm
	pss  bool
}

// signingOf knows the accepted algorithms: none with SHA-1.
func signingOf(a x509.SignatureAlgorithm) (signing, error) {
	switch a {
	case x509.SHA256WithRSA:
		return signing{crypto.SHA256, x509.RSA, false}, nil
	case x509.SHA384WithRSA:
		return signing{crypto.SHA384, x509.RSA, false}, nil
	case x509.SHA512WithRSA:
		return signing{crypto.SHA512, x509.RSA, false}, nil
	case x509.SHA256WithRSAPSS:
		return signing{crypto.SHA256, x509.RSA, true}, nil
	case x509.SHA384WithRSAPSS:
		return signing{crypto.SHA384, x509.RSA, true}, nil
	case x509.SHA512WithRSAPSS:
		return signing{crypto.SHA512, x509.RSA, true}, nil
	case x509.ECDSAWithSHA256:
		return signing{crypto.SHA256, x509.ECDSA, false}, nil
	case x509.ECDSAWithSHA384:
		return signing{crypto.SHA384, x509.ECDSA, false}, nil
	case x509.ECDSAWithSHA512:
		return signing{crypto.SHA512, x509.ECDSA, false}, nil
	}
	return signing{}, fmt.Errorf("%w: signature algorithm %s", ErrList, a)
}

var errSignature = errors.New("revocation: signature does not match")

// verify checks a signature over a digest, because what was signed is not in memory any more.
func (s signing) verify(by *x509.Certificate, digest, signature []byte) error {
	switch key := by.PublicKey.(type) {
	case *rsa.PublicKey:
		switch {
		case s.kind != x509.RSA || key.N.BitLen() < 2048:
			return errSignature
		case s.pss:
			return rsa.VerifyPSS(key, s.hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.VerifyPKCS1v15(key, s.hash, digest, signature)
	case *ecdsa.PublicKey:
		if s.kind == x509.ECDSA && ecdsa.VerifyASN1(key, digest, signature) {
			return nil
		}
	}
	return errSignature
}
