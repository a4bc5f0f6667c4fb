//go:build openssl && linux && (amd64 || arm64)

package openssl

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"sync"
	"testing"
)

func library(t testing.TB) *Library {
	t.Helper()
	l, err := Open()
	if errors.Is(err, ErrAbsent) && os.Getenv("LANYARD_COMPONENTS") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestVersion(t *testing.T) {
	if v := library(t).Version(); !regexp.MustCompile(`^3\.\d+\.\d+$`).MatchString(v) {
		t.Errorf("version %q", v)
	}
}

func TestSignaturesVerify(t *testing.T) {
	l := library(t)
	for _, bits := range []int{2048, 3072, 4096} {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Signer(k)
		if err != nil {
			t.Fatalf("RSA-%d: %v", bits, err)
		}
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			h := hash.New()
			h.Write([]byte("message"))
			digest := h.Sum(nil)
			got, err := s.Sign(rand.Reader, digest, hash)
			if err != nil {
				t.Fatal(err)
			}
			if want, err := rsa.SignPKCS1v15(nil, k, hash, digest); err != nil || !bytes.Equal(got, want) {
				t.Errorf("RSA-%d %s: not the signature that Go makes, %v", bits, hash, err)
			}
			for _, salt := range []int{rsa.PSSSaltLengthEqualsHash, rsa.PSSSaltLengthAuto, 20} {
				opts := &rsa.PSSOptions{Hash: hash, SaltLength: salt}
				got, err := s.Sign(rand.Reader, digest, opts)
				if err != nil {
					t.Fatalf("RSA-%d PSS %s, salt %d: %v", bits, hash, salt, err)
				}
				if err := rsa.VerifyPSS(&k.PublicKey, hash, digest, got, opts); err != nil {
					t.Errorf("RSA-%d PSS %s, salt %d: %v", bits, hash, salt, err)
				}
			}
		}
	}
}

// A salt that does not fit is OpenSSL's own refusal: its words come through, and the next signature is not disturbed.
func TestErrorsOfTheLibrary(t *testing.T) {
	s, err := library(t).Signer(key(t))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(nil)
	for range 3 {
		_, err = s.Sign(nil, digest[:], &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: 4000})
		if !errors.Is(err, ErrSign) || !regexp.MustCompile(`EVP_PKEY_sign: error:.*rsa routines`).MatchString(err.Error()) {
			t.Errorf("impossible salt: %v", err)
		}
		if _, err := s.Sign(nil, digest[:], crypto.SHA256); err != nil {
			t.Errorf("after a failure: %v", err)
		}
	}
	if _, err := library(t).engine.adopt([]byte("not a key")); err == nil {
		t.Error("took what is no key")
	}
}

func TestManyAtOnceWhileMemoryMoves(t *testing.T) {
	s, err := library(t).Signer(key(t))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 40 {
				digest := sha256.Sum256(fmt.Appendf(nil, "%d %d", i, j))
				deep(i+j, func() {
					if _, err := s.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
						t.Error(err)
					}
				})
				if j%10 == 0 {
					runtime.GC()
				}
			}
		})
	}
	wg.Wait()
}

// deep makes the stack grow, and so move, before the call.
func deep(n int, do func()) {
	var room [512]byte
	if n > 0 {
		deep(n-1, do)
		runtime.KeepAlive(&room)
		return
	}
	do()
}

// A key that nobody holds any more is dropped, and one that signs is not.
func TestKeysAreDropped(t *testing.T) {
	l := library(t)
	for range 50 {
		s, err := l.Signer(key(t))
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		digest := sha256.Sum256(nil)
		if _, err := s.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	digest := sha256.Sum256([]byte("message"))
	for _, bits := range []int{2048, 3072, 4096} {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			b.Fatal(err)
		}
		s, err := library(b).Signer(k)
		if err != nil {
			b.Fatal(err)
		}
		for name, signer := range map[string]crypto.Signer{"Go": k, "OpenSSL": s} {
			b.Run(fmt.Sprintf("RSA-%d/%s", bits, name), func(b *testing.B) {
				for b.Loop() {
					if _, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("P-256/Go", func(b *testing.B) {
		for b.Loop() {
			if _, err := ec.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("RSA-2048/Verify", func(b *testing.B) {
		k := key(b)
		signature, err := k.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := rsa.VerifyPKCS1v15(&k.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
				b.Fatal(err)
			}
		}
	})
}
