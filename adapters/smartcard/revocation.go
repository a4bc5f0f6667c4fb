package smartcard

import (
	"crypto/x509"
	"errors"
	"math/big"
	"time"
)

// Errors of a Source.
var (
	ErrOff    = errors.New("smartcard: revocation is switched off")
	ErrNoList = errors.New("smartcard: no revocation list of this authority")
	ErrStale  = errors.New("smartcard: revocation list is stale")
)

// Source knows which certificates were revoked. It answers from memory.
type Source interface {
	// Status returns an error when it cannot tell; ErrOff when it is not meant to.
	Status(issuer *x509.Certificate, serial *big.Int, now time.Time) (Status, error)
}

// Status of one certificate, and the list that says so.
type Status struct {
	Revoked    bool
	Number     string // cRLNumber, decimal
	ThisUpdate time.Time
}

// Off is a Source that switches the check off. A proof made without it counts as assurance 2 at most.
type Off struct{}

// Status always returns ErrOff.
func (Off) Status(*x509.Certificate, *big.Int, time.Time) (Status, error) { return Status{}, ErrOff }
