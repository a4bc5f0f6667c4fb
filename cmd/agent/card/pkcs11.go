package card

import (
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"github.com/lanyard-hub/lanyard/cmd/agent/card/cryptoki"
)

// middleware is a loaded PKCS#11 module. The mutex keeps its calls apart, but for Wait: not every module is as safe for
// threads as it says.
type middleware struct {
	mu      sync.Mutex
	module  *cryptoki.Module
	shared  bool // somebody else in this process has it too, and began first
	closed  bool
	waiting int // waits under way
}

// maxCertificate, maxID and maxLabel bound what is read of an object, in bytes; maxObjects how many objects of a token are looked at.
const (
	maxCertificate = 16 << 10
	maxID          = 1 << 10
	maxLabel       = 1 << 10
	maxObjects     = 64
)

// Load loads the middleware in the shared library at an absolute path; ErrModule if that fails, and ErrUnsupported as well where there
// is no way to load one.
func Load(path string) (Module, error) {
	module, err := cryptoki.Open(path)
	if errors.Is(err, cryptoki.ErrSystem) {
		err = ErrUnsupported
	}
	if err == nil {
		err = module.Initialize()
	}
	shared := errors.Is(err, cryptoki.AlreadyInitialized)
	if err != nil && !shared {
		return nil, fmt.Errorf("%w: %s: %w", ErrModule, path, err)
	}
	return &middleware{module: module, shared: shared}, nil
}

// Close implements io.Closer.
func (m *middleware) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	if m.waiting > 0 || m.shared {
		// OpenSC, for one, frees under C_Finalize what a wait still uses, and for somebody else it is not ours to end. The end of the
		// process has to do.
		return nil
	}
	return m.module.Finalize()
}

// Wait implements Waiter by C_WaitForSlotEvent. That a module cannot do it looks like an event that comes at once.
func (m *middleware) Wait() {
	if !m.begin() {
		return
	}
	defer m.end()
	_ = m.module.WaitForSlotEvent() // whatever it was, the readers are looked at
}

// begin a wait: none after the module was closed, which it would not see, and none beside that of somebody else (two at a time stop
// OpenSC for good).
func (m *middleware) begin() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.shared {
		return false
	}
	m.waiting++
	return true
}

func (m *middleware) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting--
}

func (m *middleware) Slots() ([]Slot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids, err := m.module.Slots()
	if err != nil {
		return nil, failure(err)
	}
	var out []Slot
	for _, id := range ids {
		info, err := m.module.SlotInfo(id)
		if err != nil {
			continue // the reader went between the two calls
		}
		out = append(out, Slot{ID: id, Reader: info.Description, Present: info.Flags&cryptoki.FlagTokenPresent != 0})
	}
	return out, nil
}

func (m *middleware) Token(slot uint) (Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.module.TokenInfo(slot)
	switch {
	case err == nil:
		return token(t), nil
	case errors.Is(err, cryptoki.TokenNotRecognized):
		return Token{}, nil
	}
	return Token{}, failure(err)
}

func token(t cryptoki.TokenInfo) Token {
	has := func(flag uint64) bool { return t.Flags&flag != 0 }
	return Token{
		Known: has(cryptoki.FlagInitialized), Label: t.Label, Serial: t.Serial, Protected: has(cryptoki.FlagPINOnReader),
		CountLow: has(cryptoki.FlagPINCountLow), FinalTry: has(cryptoki.FlagPINFinalTry), Locked: has(cryptoki.FlagPINLocked),
	}
}

func (m *middleware) Certificates(slot uint) ([]Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	session, err := m.module.OpenSession(slot)
	if err != nil {
		return nil, failure(err)
	}
	defer session.Close() //nolint:errcheck // gone with the card at the latest
	found, err := session.Find(maxObjects, cryptoki.Certificate, cryptoki.Number(cryptoki.CertificateType, cryptoki.X509))
	if err != nil {
		return nil, failure(err)
	}
	var out []Object
	for _, f := range found {
		if o := read(session, f); len(o.DER) > 0 {
			out = append(out, o)
		}
	}
	return out, nil
}

// read asks for attributes one by one: not every token has each.
func read(session cryptoki.Session, o cryptoki.Object) Object {
	get := func(kind uint64, most int) []byte {
		value, err := session.Get(o, kind, most)
		if err != nil {
			return nil
		}
		return value
	}
	return Object{ID: get(cryptoki.ID, maxID), Label: string(get(cryptoki.Label, maxLabel)), DER: get(cryptoki.Value, maxCertificate)}
}

func (m *middleware) Sign(slot uint, pin []byte, keys []Key, message []byte) (int, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	session, err := m.module.OpenSession(slot)
	if err != nil {
		return 0, nil, failure(err)
	}
	defer session.Close() //nolint:errcheck // gone with the card at the latest
	if err := session.Login(pin); err != nil && !errors.Is(err, cryptoki.UserAlreadyLoggedIn) {
		return 0, nil, failure(err)
	}
	defer session.Logout() //nolint:errcheck // the session is closed next, and with the last session the login
	for i, key := range keys {
		found, err := session.Find(1, cryptoki.PrivateKey, cryptoki.Bytes(cryptoki.ID, key.ID))
		if err != nil {
			return 0, nil, failure(err)
		}
		if len(found) == 0 {
			continue
		}
		signature, err := signature(session, found[0], key.Method, message)
		return i, signature, err
	}
	return 0, nil, ErrNoKey
}

func signature(session cryptoki.Session, key cryptoki.Object, method Method, message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	mechanism, input := cryptoki.RSAPKCS, append(digestInfo(), digest[:]...)
	if method == ECDSA {
		mechanism, input = cryptoki.ECDSA, digest[:]
	}
	raw, err := session.Sign(key, mechanism, input)
	if err != nil {
		return nil, failure(err)
	}
	if method == ECDSA {
		return derSignature(raw)
	}
	return raw, nil
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

// failure turns a return value of PKCS#11 into the fact that matters here.
func failure(err error) error {
	fact := ErrFailed
	code, _ := errors.AsType[cryptoki.Code](err)
	switch code {
	case cryptoki.PINIncorrect, cryptoki.PINInvalid, cryptoki.PINLenRange:
		fact = ErrPIN
	case cryptoki.PINLocked:
		fact = ErrPINLocked
	case cryptoki.FunctionCanceled, cryptoki.Cancel:
		fact = ErrCancelled
	case cryptoki.DeviceRemoved, cryptoki.TokenNotPresent, cryptoki.SessionHandleInvalid, cryptoki.SessionClosed, cryptoki.SlotIDInvalid:
		fact = ErrRemoved
	case cryptoki.TokenNotRecognized:
		fact = ErrNotRecognised
	}
	return fmt.Errorf("%w: %w", fact, err)
}
