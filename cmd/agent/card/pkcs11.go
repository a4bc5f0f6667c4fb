//go:build cgo

package card

import (
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/miekg/pkcs11"
)

// middleware is a loaded PKCS#11 module. The mutex keeps its calls apart, but for Wait: not every module is as safe for
// threads as it says.
type middleware struct {
	mu      sync.Mutex
	ctx     *pkcs11.Ctx
	closed  bool
	waiting atomic.Int32
}

// maxCertificate bounds what is read of a certificate, in bytes; maxObjects how many objects of a token are looked at.
const (
	maxCertificate = 16 << 10
	maxObjects     = 64
)

// Load loads the middleware in the shared library at path; ErrModule if that fails.
func Load(path string) (Module, error) {
	ctx := pkcs11.New(path)
	if ctx == nil {
		return nil, fmt.Errorf("%w: %s", ErrModule, path)
	}
	if err := ctx.Initialize(); err != nil && !is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		ctx.Destroy()
		return nil, fmt.Errorf("%w: %s: %w", ErrModule, path, err)
	}
	return &middleware{ctx: ctx}, nil
}

// Close implements io.Closer.
func (m *middleware) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	if m.waiting.Load() > 0 {
		return nil // OpenSC, for one, frees under C_Finalize what a wait still uses; the end of the process has to do
	}
	return m.ctx.Finalize()
}

// Wait implements Waiter by C_WaitForSlotEvent. That a module cannot do it looks like an event that comes at once.
func (m *middleware) Wait() {
	m.waiting.Add(1)
	defer m.waiting.Add(-1)
	<-m.ctx.WaitForSlotEvent(0)
}

func (m *middleware) Slots() ([]Slot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids, err := m.ctx.GetSlotList(false)
	if err != nil {
		return nil, failure(err)
	}
	var out []Slot
	for _, id := range ids {
		info, err := m.ctx.GetSlotInfo(id)
		if err != nil {
			continue // the reader went between the two calls
		}
		out = append(out, Slot{ID: id, Reader: strings.TrimSpace(info.SlotDescription), Present: info.Flags&pkcs11.CKF_TOKEN_PRESENT != 0})
	}
	return out, nil
}

func (m *middleware) Token(slot uint) (Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.ctx.GetTokenInfo(slot)
	switch {
	case err == nil:
		return token(t), nil
	case is(err, pkcs11.CKR_TOKEN_NOT_RECOGNIZED):
		return Token{}, nil
	}
	return Token{}, failure(err)
}

func token(t pkcs11.TokenInfo) Token {
	has := func(flag uint) bool { return t.Flags&flag != 0 }
	return Token{
		Known: has(pkcs11.CKF_TOKEN_INITIALIZED), Label: strings.TrimSpace(t.Label), Serial: strings.TrimSpace(t.SerialNumber),
		Protected: has(pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH), CountLow: has(pkcs11.CKF_USER_PIN_COUNT_LOW),
		FinalTry: has(pkcs11.CKF_USER_PIN_FINAL_TRY), Locked: has(pkcs11.CKF_USER_PIN_LOCKED),
	}
}

func (m *middleware) Certificates(slot uint) ([]Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	session, err := m.ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, failure(err)
	}
	defer m.ctx.CloseSession(session) //nolint:errcheck // gone with the card at the latest
	handles, err := m.find(session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE),
		pkcs11.NewAttribute(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509),
	})
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, h := range handles {
		o := Object{}
		for _, kind := range []uint{pkcs11.CKA_VALUE, pkcs11.CKA_ID, pkcs11.CKA_LABEL} { // one by one: not every token has each
			got, err := m.ctx.GetAttributeValue(session, h, []*pkcs11.Attribute{pkcs11.NewAttribute(kind, nil)})
			if err != nil || len(got) != 1 {
				continue
			}
			switch kind {
			case pkcs11.CKA_VALUE:
				o.DER = got[0].Value
			case pkcs11.CKA_ID:
				o.ID = got[0].Value
			default:
				o.Label = string(got[0].Value)
			}
		}
		if len(o.DER) > 0 && len(o.DER) <= maxCertificate {
			out = append(out, o)
		}
	}
	return out, nil
}

func (m *middleware) find(session pkcs11.SessionHandle, template []*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	if err := m.ctx.FindObjectsInit(session, template); err != nil {
		return nil, failure(err)
	}
	handles, _, err := m.ctx.FindObjects(session, maxObjects)
	if err := errors.Join(err, m.ctx.FindObjectsFinal(session)); err != nil {
		return nil, failure(err)
	}
	return handles, nil
}

func (m *middleware) Sign(slot uint, pin []byte, keys []Key, message []byte) (int, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	session, err := m.ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return 0, nil, failure(err)
	}
	defer m.ctx.CloseSession(session) //nolint:errcheck // gone with the card at the latest
	// The string shares the bytes of the PIN, so that wiping them wipes it in Go; the binding frees a copy
	// of its own in C without wiping it.
	if err := m.ctx.Login(session, pkcs11.CKU_USER, unsafe.String(unsafe.SliceData(pin), len(pin))); err != nil && !is(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
		return 0, nil, failure(err)
	}
	defer m.ctx.Logout(session) //nolint:errcheck // the session is closed next, and with the last session the login
	for i, key := range keys {
		handles, err := m.find(session, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY), pkcs11.NewAttribute(pkcs11.CKA_ID, key.ID),
		})
		if err != nil {
			return 0, nil, err
		}
		if len(handles) == 0 {
			continue
		}
		signature, err := m.sign(session, handles[0], key.Method, message)
		return i, signature, err
	}
	return 0, nil, ErrNoKey
}

func (m *middleware) sign(session pkcs11.SessionHandle, key pkcs11.ObjectHandle, method Method, message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	mechanism, input := uint(pkcs11.CKM_RSA_PKCS), append(digestInfo(), digest[:]...)
	if method == ECDSA {
		mechanism, input = pkcs11.CKM_ECDSA, digest[:]
	}
	if err := m.ctx.SignInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, key); err != nil {
		return nil, failure(err)
	}
	signature, err := m.ctx.Sign(session, input)
	if err != nil {
		return nil, failure(err)
	}
	if method == ECDSA {
		return derSignature(signature)
	}
	return signature, nil
}

// digestInfo is what precedes a SHA-256 digest in an RSASSA-PKCS1-v1_5 signature (RFC 8017 9.2, note 1).
func digestInfo() []byte {
	return []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
}

// derSignature turns r and s side by side, as PKCS#11 gives them, into DER.
func derSignature(raw []byte) ([]byte, error) {
	if len(raw) == 0 || len(raw)%2 != 0 {
		return nil, fmt.Errorf("%w: an ECDSA signature of %d bytes", ErrFailed, len(raw))
	}
	n := len(raw) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:n]), new(big.Int).SetBytes(raw[n:])})
}

func is(err error, code uint) bool {
	got, ok := errors.AsType[pkcs11.Error](err)
	return ok && uint(got) == code
}

// failure turns a return value of PKCS#11 into the fact that matters here.
func failure(err error) error {
	code, ok := errors.AsType[pkcs11.Error](err)
	if !ok {
		return fmt.Errorf("%w: %w", ErrFailed, err)
	}
	fact := ErrFailed
	switch uint(code) {
	case pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE:
		fact = ErrPIN
	case pkcs11.CKR_PIN_LOCKED:
		fact = ErrPINLocked
	case pkcs11.CKR_FUNCTION_CANCELED, pkcs11.CKR_CANCEL:
		fact = ErrCancelled
	case pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_SLOT_ID_INVALID:
		fact = ErrRemoved
	case pkcs11.CKR_TOKEN_NOT_RECOGNIZED:
		fact = ErrNotRecognised
	}
	return fmt.Errorf("%w: %w", fact, err)
}
