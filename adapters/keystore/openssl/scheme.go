package openssl

import (
	"crypto"
	"crypto/rsa"
	"fmt"
)

// maxSalt stands for the longest salt that fits, as rsa.PSSSaltLengthAuto does.
const maxSalt = -1

// scheme is how a digest is padded and signed.
type scheme struct {
	hash crypto.Hash // SHA256, SHA384 or SHA512
	pss  bool
	salt int // bytes of PSS salt, or maxSalt
}

// schemeOf reads the options as crypto/rsa does, and refuses what the hub has no use for.
func schemeOf(o crypto.SignerOpts, digest []byte) (scheme, error) {
	s := scheme{hash: o.HashFunc()}
	switch s.hash {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
	default:
		return scheme{}, fmt.Errorf("%w: %s", ErrOptions, s.hash)
	}
	if len(digest) != s.hash.Size() {
		return scheme{}, fmt.Errorf("%w: a digest of %d bytes is not of %s", ErrOptions, len(digest), s.hash)
	}
	pss, ok := o.(*rsa.PSSOptions)
	if !ok {
		return s, nil
	}
	s.pss = true
	switch {
	case pss.SaltLength == rsa.PSSSaltLengthAuto:
		s.salt = maxSalt
	case pss.SaltLength == rsa.PSSSaltLengthEqualsHash:
		s.salt = s.hash.Size()
	case pss.SaltLength > 0:
		s.salt = pss.SaltLength
	default:
		return scheme{}, fmt.Errorf("%w: salt of %d bytes", ErrOptions, pss.SaltLength)
	}
	return s, nil
}

// verify is Go's public operation: about a thirtieth of its private one.
func (s scheme) verify(key *rsa.PublicKey, digest, signature []byte) error {
	if !s.pss {
		return rsa.VerifyPKCS1v15(key, s.hash, digest, signature)
	}
	length := s.salt
	if length == maxSalt {
		length = rsa.PSSSaltLengthAuto
	}
	return rsa.VerifyPSS(key, s.hash, digest, signature, &rsa.PSSOptions{SaltLength: length})
}
