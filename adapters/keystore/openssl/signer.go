package openssl

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"
)

// signer is a crypto.Signer, and a crypto.Decrypter as the key it replaces was.
type signer struct {
	library *Library
	handle  uintptr
	key     *rsa.PrivateKey
}

// Public implements crypto.Signer.
func (s *signer) Public() crypto.PublicKey { return s.key.Public() }

// Sign implements crypto.Signer. The library draws its own randomness. What does not verify is not handed out.
func (s *signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	how, err := schemeOf(opts, digest)
	if err != nil {
		return nil, err
	}
	out := make([]byte, s.key.Size())
	s.library.slots <- struct{}{}
	err = s.library.engine.sign(s.handle, how, digest, out)
	<-s.library.slots
	runtime.KeepAlive(s) // the handle is dropped with s
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSign, err)
	}
	if err := how.verify(&s.key.PublicKey, digest, out); err != nil {
		return nil, fmt.Errorf("%w: it does not verify", ErrSign)
	}
	return out, nil
}

// Decrypt implements crypto.Decrypter, by Go.
func (s *signer) Decrypt(random io.Reader, message []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	return s.key.Decrypt(random, message, opts)
}

// test signs once in each way; Sign itself verifies.
func (s *signer) test() error {
	digest := sha256.Sum256([]byte("lanyard self-test"))
	for _, opts := range []crypto.SignerOpts{crypto.SHA256, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}} {
		if _, err := s.Sign(rand.Reader, digest[:], opts); err != nil {
			return fmt.Errorf("openssl: self-test: %w", err)
		}
	}
	return nil
}
