package softkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Flags of authenticator data (WebAuthn Level 3, section 6.1).
const (
	UserPresent    byte = 1 << 0
	UserVerified   byte = 1 << 2
	BackupEligible byte = 1 << 3
	BackupState    byte = 1 << 4
	attested       byte = 1 << 6
)

// Errors that a browser would report as NotAllowedError, InvalidStateError and NotSupportedError.
var (
	ErrNoCredential = errors.New("softkey: no credential for this relying party")
	ErrExcluded     = errors.New("softkey: holds a credential of this user already")
	ErrAlgorithm    = errors.New("softkey: ES256 is not offered")
)

// Key is one security key. Not safe for concurrent use. The exported fields may be changed at any time, to
// behave as an honest key and browser would not.
type Key struct {
	RPID    string // what the key signs for
	Origin  string // what the browser says it runs at
	Flags   byte   // UserPresent and UserVerified unless changed
	Counter uint32 // of the last signature; the next one says Counter+Step
	Step    uint32 // 1 unless changed
	// ClientData, if set, replaces the client data that the browser would send.
	ClientData func(honest []byte) []byte
	AAGUID     [16]byte // what model it says it is
	// Attest, if set, makes the attestation statement of a new credential, in CBOR, and names its format. See Packed.
	Attest     func(authData, clientDataHash []byte) (format string, statement []byte, err error)
	Transports []string // of new credentials; usb if nil
	Forgetful  bool     // it finds no credential that it is not told, and knows no user handle

	seed        [32]byte
	credentials []Credential
}

// Credential is one discoverable credential on a key.
type Credential struct {
	ID     []byte `json:"id"`
	User   []byte `json:"user"`   // user handle
	Scalar []byte `json:"scalar"` // of the P-256 private key
}

// New makes a key from 32 random bytes.
func New(random io.Reader, rpID, origin string) (*Key, error) {
	k := &Key{RPID: rpID, Origin: origin, Flags: UserPresent | UserVerified, Step: 1}
	if _, err := io.ReadFull(random, k.seed[:]); err != nil {
		return nil, fmt.Errorf("softkey: draw seed: %w", err)
	}
	return k, nil
}

// saved is the exported form.
type saved struct {
	RPID        string       `json:"rpId"`
	Origin      string       `json:"origin"`
	Flags       byte         `json:"flags"`
	Counter     uint32       `json:"counter"`
	Step        uint32       `json:"step"`
	Seed        []byte       `json:"seed"`
	Credentials []Credential `json:"credentials"`
}

// Export writes the key with all its secrets.
func (k *Key) Export() ([]byte, error) {
	b, err := json.Marshal(saved{k.RPID, k.Origin, k.Flags, k.Counter, k.Step, k.seed[:], k.credentials})
	if err != nil {
		return nil, fmt.Errorf("softkey: export: %w", err)
	}
	return b, nil
}

// Import reads what Export wrote.
func Import(b []byte) (*Key, error) {
	var s saved
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("softkey: import: %w", err)
	}
	k := &Key{RPID: s.RPID, Origin: s.Origin, Flags: s.Flags, Counter: s.Counter, Step: s.Step, credentials: s.Credentials}
	if copy(k.seed[:], s.Seed) != len(k.seed) {
		return nil, errors.New("softkey: import: seed is too short")
	}
	for _, c := range k.credentials {
		if _, err := c.private(); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Credentials lists what the key holds, oldest first.
func (k *Key) Credentials() []Credential { return k.credentials }

// add makes a credential for a user.
func (k *Key) add(user []byte) Credential {
	n := binary.BigEndian.AppendUint32(nil, uint32(len(k.credentials)))
	c := Credential{ID: k.derive("id", n, user), User: user}
	for try := byte(0); ; try++ {
		c.Scalar = k.derive("key", append(n, try), user)
		if _, err := c.private(); err == nil { // all but one in 2^32 are in range
			break
		}
	}
	k.credentials = append(k.credentials, c)
	return c
}

func (k *Key) derive(what string, n, user []byte) []byte {
	mac := hmac.New(sha256.New, k.seed[:])
	for _, part := range [][]byte{[]byte(what), []byte(k.RPID), n, user} {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		mac.Write(part)
	}
	return mac.Sum(nil)
}

func (c Credential) private() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), c.Scalar)
	if err != nil {
		return nil, fmt.Errorf("softkey: scalar: %w", err)
	}
	return key, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("softkey: base64url: %w", err)
	}
	return b, nil
}
