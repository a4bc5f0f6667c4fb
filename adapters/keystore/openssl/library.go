package openssl

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
)

// Why OpenSSL does not sign.
var (
	ErrNotBuilt = errors.New("openssl: this program was built without the tag openssl")
	ErrAbsent   = errors.New("openssl: libcrypto.so.3 cannot be loaded")
	ErrSign     = errors.New("openssl: signing failed")
	ErrOptions  = errors.New("openssl: unsupported hash or padding")
)

// engine is the library as loaded. A handle is a private key inside of it.
type engine interface {
	version() string
	adopt(pkcs1 []byte) (handle uintptr, err error)
	// sign writes the signature of digest to out, whose length is that of the modulus. It may be called by many at once.
	sign(handle uintptr, s scheme, digest, out []byte) error
	drop(handle uintptr)
}

// Library makes signers of RSA keys.
type Library struct {
	engine engine
	// slots bounds the calls at one time: each keeps a thread of the system busy.
	slots chan struct{}
}

// Open loads the library. ErrNotBuilt and ErrAbsent say that it is not at hand.
func Open() (*Library, error) {
	e, err := load()
	if err != nil {
		return nil, err
	}
	return newLibrary(e), nil
}

func newLibrary(e engine) *Library {
	return &Library{engine: e, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// Version of the library, such as 3.0.19.
func (l *Library) Version() string { return l.engine.version() }

// Signer gives the key to the library and tries it in each way. An error says that the library must not be used with
// this key.
func (l *Library) Signer(key *rsa.PrivateKey) (crypto.Signer, error) {
	der := x509.MarshalPKCS1PrivateKey(key)
	defer clear(der)
	handle, err := l.engine.adopt(der)
	if err != nil {
		return nil, fmt.Errorf("openssl: take the key: %w", err)
	}
	s := &signer{library: l, handle: handle, key: key}
	runtime.AddCleanup(s, l.engine.drop, handle)
	if err := s.test(); err != nil {
		return nil, err
	}
	return s, nil
}
