package cryptoki

import (
	"errors"
	"fmt"
)

// Why there is no module, or no use of its answer.
var (
	ErrSystem = errors.New("cryptoki: middleware cannot be loaded on this operating system or processor")
	ErrLoad   = errors.New("cryptoki: the library cannot be loaded")
	ErrList   = errors.New("cryptoki: the list of functions cannot be used")
	ErrAnswer = errors.New("cryptoki: the module's answer makes no sense")
)

// Code is a return value other than CKR_OK (PKCS#11 2.40 base specification, 5.1). It is an error.
type Code uint64

// Error implements error.
func (c Code) Error() string { return fmt.Sprintf("CKR 0x%08X", uint64(c)) }

// The return values that something follows from.
const (
	Cancel               Code = 0x001
	SlotIDInvalid        Code = 0x003
	cantLock             Code = 0x00A
	DeviceRemoved        Code = 0x032
	FunctionCanceled     Code = 0x050
	FunctionNotSupported Code = 0x054
	PINIncorrect         Code = 0x0A0
	PINInvalid           Code = 0x0A1
	PINLenRange          Code = 0x0A2
	PINLocked            Code = 0x0A4
	SessionClosed        Code = 0x0B0
	SessionHandleInvalid Code = 0x0B3
	TokenNotPresent      Code = 0x0E0
	TokenNotRecognized   Code = 0x0E1
	UserAlreadyLoggedIn  Code = 0x100
	AlreadyInitialized   Code = 0x191
)

// Flags of CK_SLOT_INFO and CK_TOKEN_INFO.
const (
	FlagTokenPresent uint64 = 1 << 0
	FlagPINOnReader  uint64 = 1 << 8 // CKF_PROTECTED_AUTHENTICATION_PATH
	FlagInitialized  uint64 = 1 << 10
	FlagPINCountLow  uint64 = 1 << 16
	FlagPINFinalTry  uint64 = 1 << 17
	FlagPINLocked    uint64 = 1 << 18
)

// What calls are given.
const (
	osLockingOK    = 1 << 1 // CK_C_INITIALIZE_ARGS
	serialSession  = 1 << 2 // C_OpenSession
	user           = 1      // C_Login
	classAttribute = 0
)

// Attributes, classes of objects, and mechanisms.
const (
	Label           uint64 = 0x003
	Value           uint64 = 0x011
	CertificateType uint64 = 0x080
	ID              uint64 = 0x102

	Certificate uint64 = 1
	PrivateKey  uint64 = 3
	X509        uint64 = 0

	RSAPKCS Mechanism = 0x0001
	ECDSA   Mechanism = 0x1041
)
