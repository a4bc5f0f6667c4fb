package card

import (
	"crypto/x509"
	"errors"
)

// What may be wrong with a card, its reader or its middleware. Each is a sentence of its own for people.
var (
	ErrUnsupported   = errors.New("card: no middleware can be loaded on this operating system or processor")
	ErrModule        = errors.New("card: the middleware cannot be loaded")
	ErrNoReader      = errors.New("card: no reader")
	ErrNoCard        = errors.New("card: no card in any reader")
	ErrNotRecognised = errors.New("card: the middleware does not know this card")
	ErrNoCertificate = errors.New("card: no certificate to sign in with")
	ErrExpired       = errors.New("card: the certificate is not valid now")
	ErrNoKey         = errors.New("card: no private key for the certificate")
	ErrPIN           = errors.New("card: wrong PIN")
	ErrPINLocked     = errors.New("card: the PIN is locked")
	ErrCancelled     = errors.New("card: the person cancelled")
	ErrRemoved       = errors.New("card: the card left the reader")
	ErrFailed        = errors.New("card: the card did not do what it was asked")
	ErrBusy          = errors.New("card: another signature is being made")
)

// Module is one PKCS#11 middleware. Its methods may be called from several goroutines. One that is an io.Closer is to be closed.
type Module interface {
	// Slots lists all slots, empty ones too. It asks the readers, not the cards.
	Slots() ([]Slot, error)
	// Token asks the card in a slot; the zero Token is one that the middleware does not know.
	Token(slot uint) (Token, error)
	// Certificates reads the certificates that a slot's token shows without a PIN.
	Certificates(slot uint) ([]Object, error)
	// Sign logs in, signs with the first of the keys that the token has, and logs out. It returns which key that was. Without a
	// PIN the person enters it on the reader. Errors are those above.
	Sign(slot uint, pin []byte, keys []Key, message []byte) (int, []byte, error)
}

// Waiter is a module that can tell when something happens in a slot.
type Waiter interface {
	// Wait returns when a card came or went in some slot, and at once if the module cannot tell. It may outlast the module's closing.
	Wait()
}

// Slot is one slot of a module. Several slots may stand for one reader.
type Slot struct {
	ID      uint
	Reader  string // the reader's name, as the middleware gives it
	Present bool   // there is a card
}

// Token is what a token says of itself.
type Token struct {
	Known     bool // initialised, and known to the middleware
	Label     string
	Serial    string
	Protected bool // the PIN is entered on the reader itself
	CountLow  bool // a wrong PIN was entered since the last right one
	FinalTry  bool // one more wrong PIN locks it
	Locked    bool
}

// Object is a certificate as a token keeps it.
type Object struct {
	ID    []byte // the same as that of its private key
	Label string
	DER   []byte
}

// Key names a private key of a token, and how it signs.
type Key struct {
	ID     []byte
	Method Method
}

// Method is how a key signs; SHA-256 always.
type Method int

// The methods: RSASSA-PKCS1-v1_5 (RFC 8017 8.2) and ECDSA, given as DER.
const (
	RSA Method = iota
	ECDSA
)

// Certificate is one to sign in with, and where its key is.
type Certificate struct {
	*x509.Certificate
	key Key
}
