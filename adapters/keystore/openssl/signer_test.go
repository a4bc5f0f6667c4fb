package openssl

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"sync"
	"testing"
)

// fake signs by Go and can be told to be faulty.
type fake struct {
	mu      sync.Mutex
	key     *rsa.PrivateKey
	calls   int
	wrongAt int // 1: the first signature has one bit turned
	wrong   func(s scheme) bool
	fail    error
	dropped int
}

func (f *fake) version() string { return "fake" }

func (f *fake) adopt(der []byte) (uintptr, error) {
	key, err := x509.ParsePKCS1PrivateKey(der)
	f.key = key
	return 1, err
}

func (f *fake) drop(uintptr) { f.dropped++ }

func (f *fake) sign(_ uintptr, s scheme, digest, out []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls++; f.fail != nil {
		return f.fail
	}
	opts := crypto.SignerOpts(s.hash)
	if s.pss {
		opts = &rsa.PSSOptions{Hash: s.hash, SaltLength: s.salt}
	}
	b, err := f.key.Sign(rand.Reader, digest, opts)
	copy(out, b)
	if f.calls == f.wrongAt || f.wrong != nil && f.wrong(s) {
		out[len(out)/2] ^= 1
	}
	return err
}

var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func key(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A signature with a fault in one half of the key gives the key away (Boneh, DeMillo, Lipton): none may come out.
func TestFaultySignatureIsNotHandedOut(t *testing.T) {
	f := &fake{}
	s, err := newLibrary(f).Signer(key(t))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("x"))
	for _, opts := range []crypto.SignerOpts{crypto.SHA256, &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: rsa.PSSSaltLengthEqualsHash}} {
		if _, err := s.Sign(nil, digest[:], opts); err != nil {
			t.Fatalf("%T: %v", opts, err)
		}
		f.wrongAt = f.calls + 1
		if b, err := s.Sign(nil, digest[:], opts); !errors.Is(err, ErrSign) || b != nil {
			t.Errorf("%T: handed out %d bytes, %v", opts, len(b), err)
		}
		if _, err := s.Sign(nil, digest[:], opts); err != nil {
			t.Errorf("%T: not usable after one fault: %v", opts, err)
		}
	}
	f.fail = errors.New("no")
	if b, err := s.Sign(nil, digest[:], crypto.SHA256); !errors.Is(err, ErrSign) || !errors.Is(err, f.fail) || b != nil {
		t.Errorf("failed: %d bytes, %v", len(b), err)
	}
	if len(s.(*signer).library.slots) != 0 {
		t.Error("a slot was not given back")
	}
}

func TestSelfTestRefuses(t *testing.T) {
	for name, f := range map[string]*fake{
		"first signature wrong": {wrongAt: 1},
		"PSS wrong":             {wrong: func(s scheme) bool { return s.pss }},
		"fails":                 {fail: errors.New("no")},
	} {
		if s, err := newLibrary(f).Signer(key(t)); err == nil || s != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOptions(t *testing.T) {
	s, err := newLibrary(&fake{}).Signer(key(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		size int
		opts crypto.SignerOpts
		fine bool
	}{
		"SHA-256":              {32, crypto.SHA256, true},
		"SHA-384":              {48, crypto.SHA384, true},
		"SHA-512":              {64, crypto.SHA512, true},
		"SHA-1":                {20, crypto.SHA1, false},
		"MD5":                  {16, crypto.MD5, false},
		"no hash":              {32, crypto.Hash(0), false},
		"digest too short":     {31, crypto.SHA256, false},
		"digest of another":    {32, crypto.SHA512, false},
		"no digest":            {0, crypto.SHA256, false},
		"PSS":                  {32, &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: rsa.PSSSaltLengthEqualsHash}, true},
		"PSS, longest salt":    {32, &rsa.PSSOptions{Hash: crypto.SHA256}, true},
		"PSS, salt of 20":      {64, &rsa.PSSOptions{Hash: crypto.SHA512, SaltLength: 20}, true},
		"PSS, impossible salt": {32, &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: -7}, false},
		"PSS, SHA-1":           {20, &rsa.PSSOptions{Hash: crypto.SHA1, SaltLength: 20}, false},
	} {
		how, err := schemeOf(c.opts, make([]byte, c.size))
		if c.fine != (err == nil) || err != nil && !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %+v, %v", name, how, err)
		}
		if b, err := s.Sign(nil, make([]byte, c.size), c.opts); !c.fine && (b != nil || !errors.Is(err, ErrOptions)) {
			t.Errorf("%s: signed: %v", name, err)
		}
	}
}

func TestSignerStillDecrypts(t *testing.T) {
	s, err := newLibrary(&fake{}).Signer(key(t))
	if err != nil {
		t.Fatal(err)
	}
	secret, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &key(t).PublicKey, []byte("secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	d, ok := s.(crypto.Decrypter)
	if !ok {
		t.Fatal("no Decrypter")
	}
	if got, err := d.Decrypt(rand.Reader, secret, &rsa.OAEPOptions{Hash: crypto.SHA256}); err != nil || string(got) != "secret" {
		t.Errorf("%q, %v", got, err)
	}
	if !key(t).PublicKey.Equal(s.Public()) {
		t.Error("another public key")
	}
}
