//go:build openssl && linux && (amd64 || arm64)

package openssl

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Numbers of OpenSSL's headers, which do not change within version 3.
const (
	initNoLoadConfig = 0x00000080
	initNoAtExit     = 0x00080000
	keyRSA           = 6
	padPKCS1, padPSS = 1, 6
	saltMax          = -3
)

// native is libcrypto.so.3. No function keeps a pointer of ours beyond the call, and none calls back. A function that
// takes pointers gets them through reflection, which keeps what they point to on the heap until it returns.
type native struct {
	initCrypto func(options uint64, settings uintptr) int32
	versionNum func() uint64

	d2iPrivateKey func(kind int32, into uintptr, at *uintptr, length int64) uintptr
	keyFree       func(key uintptr)

	newContext   func(key, provider uintptr) uintptr
	freeContext  func(ctx uintptr)
	signInit     func(ctx uintptr) int32
	setPadding   func(ctx uintptr, padding int32) int32
	setSalt      func(ctx uintptr, bytes int32) int32
	setDigest    func(ctx, digest uintptr) int32
	signDigest   func(ctx uintptr, out *byte, length *uintptr, digest *byte, size uintptr) int32
	sha256       func() uintptr
	sha384       func() uintptr
	sha512       func() uintptr
	clearErrors  func()
	nextError    func() uint64
	explainError func(code uint64, into *byte, size uintptr)
}

// load finds the library as the dynamic linker does. OpenSSL's own configuration file is not read: it could bring in
// providers and engines, code that nobody here asked for.
func load() (engine, error) {
	lib, err := purego.Dlopen("libcrypto.so.3", purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	n := &native{}
	for name, function := range map[string]any{
		"OPENSSL_init_crypto": &n.initCrypto, "OpenSSL_version_num": &n.versionNum,
		"d2i_PrivateKey": &n.d2iPrivateKey, "EVP_PKEY_free": &n.keyFree,
		"EVP_PKEY_CTX_new": &n.newContext, "EVP_PKEY_CTX_free": &n.freeContext, "EVP_PKEY_sign_init": &n.signInit,
		"EVP_PKEY_CTX_set_rsa_padding": &n.setPadding, "EVP_PKEY_CTX_set_rsa_pss_saltlen": &n.setSalt,
		"EVP_PKEY_CTX_set_signature_md": &n.setDigest, "EVP_PKEY_sign": &n.signDigest,
		"EVP_sha256": &n.sha256, "EVP_sha384": &n.sha384, "EVP_sha512": &n.sha512,
		"ERR_clear_error": &n.clearErrors, "ERR_get_error": &n.nextError, "ERR_error_string_n": &n.explainError,
	} {
		address, err := purego.Dlsym(lib, name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAbsent, err)
		}
		purego.RegisterFunc(function, address)
	}
	if n.initCrypto(initNoLoadConfig|initNoAtExit, 0) != 1 {
		return nil, fmt.Errorf("%w: OPENSSL_init_crypto", ErrAbsent)
	}
	return n, nil
}

// version decodes 0xMNN00PP0 (OpenSSL_version(3)).
func (n *native) version() string {
	v := n.versionNum()
	return fmt.Sprintf("%d.%d.%d", v>>28, v>>20&0xff, v>>4&0xff)
}

func (n *native) adopt(der []byte) (uintptr, error) {
	defer n.onThread()()
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&der[0])
	at := uintptr(unsafe.Pointer(&der[0])) // the library moves it on; it must not be a pointer to Go then
	key := n.d2iPrivateKey(keyRSA, 0, &at, int64(len(der)))
	if key == 0 {
		return 0, n.failed("d2i_PrivateKey")
	}
	return key, nil
}

func (n *native) drop(key uintptr) { n.keyFree(key) }

// sign has a context of its own, so that many can sign with one key at once.
func (n *native) sign(key uintptr, s scheme, digest, out []byte) error {
	defer n.onThread()()
	ctx := n.newContext(key, 0)
	if ctx == 0 {
		return n.failed("EVP_PKEY_CTX_new")
	}
	defer n.freeContext(ctx)
	padding, salt := int32(padPKCS1), int32(s.salt)
	if s.pss {
		padding = padPSS
	}
	if s.salt == maxSalt {
		salt = saltMax
	}
	length := uintptr(len(out))
	switch {
	case n.signInit(ctx) != 1:
		return n.failed("EVP_PKEY_sign_init")
	case n.setPadding(ctx, padding) != 1:
		return n.failed("EVP_PKEY_CTX_set_rsa_padding")
	case n.setDigest(ctx, n.digest(s.hash)) != 1:
		return n.failed("EVP_PKEY_CTX_set_signature_md")
	case s.pss && n.setSalt(ctx, salt) != 1:
		return n.failed("EVP_PKEY_CTX_set_rsa_pss_saltlen")
	case n.signDigest(ctx, &out[0], &length, &digest[0], uintptr(len(digest))) != 1:
		return n.failed("EVP_PKEY_sign")
	case length != uintptr(len(out)):
		return errors.New("the signature is not as long as the modulus")
	}
	return nil
}

func (n *native) digest(h crypto.Hash) uintptr {
	switch h {
	case crypto.SHA384:
		return n.sha384()
	case crypto.SHA512:
		return n.sha512()
	default:
		return n.sha256()
	}
}

// onThread stays on one thread of the system: OpenSSL keeps its errors for each thread.
func (n *native) onThread() (release func()) {
	runtime.LockOSThread()
	n.clearErrors()
	return runtime.UnlockOSThread
}

// failed tells what the library says of its last failure, without any data.
func (n *native) failed(function string) error {
	text := make([]byte, 256)
	n.explainError(n.nextError(), &text[0], uintptr(len(text)))
	n.clearErrors()
	text, _, _ = bytes.Cut(text, []byte{0})
	return fmt.Errorf("%s: %s", function, text)
}
