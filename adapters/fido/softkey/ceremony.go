package softkey

import (
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// options are the members of both ceremonies' options that a key or browser acts on.
type options struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
	Parameters []struct {
		Algorithm int `json:"alg"`
	} `json:"pubKeyCredParams"`
	Allow   []descriptor `json:"allowCredentials"`
	Exclude []descriptor `json:"excludeCredentials"`
}

type descriptor struct {
	ID string `json:"id"`
}

// parseOptions takes the options with or without the enclosing publicKey member.
func parseOptions(b []byte) (options, error) {
	var outer struct {
		PublicKey *options `json:"publicKey"`
	}
	if err := json.Unmarshal(b, &outer); err != nil {
		return options{}, fmt.Errorf("softkey: options: %w", err)
	}
	if outer.PublicKey != nil {
		return *outer.PublicKey, nil
	}
	var o options
	if err := json.Unmarshal(b, &o); err != nil {
		return options{}, fmt.Errorf("softkey: options: %w", err)
	}
	return o, nil
}

func offers(o options, algorithm int) bool {
	for _, p := range o.Parameters {
		if p.Algorithm == algorithm {
			return true
		}
	}
	return false
}

func names(list []descriptor, c Credential) bool {
	return slices.ContainsFunc(list, func(d descriptor) bool { return d.ID == encode(c.ID) })
}

// response is RegistrationResponseJSON and AuthenticationResponseJSON (WebAuthn Level 3, section 5.1).
type response struct {
	ID         string         `json:"id"`
	RawID      string         `json:"rawId"`
	Type       string         `json:"type"`
	Attachment string         `json:"authenticatorAttachment"`
	Extensions map[string]any `json:"clientExtensionResults"`
	Response   any            `json:"response"`
}

func respond(id []byte, inner any) ([]byte, error) {
	b, err := json.Marshal(response{encode(id), encode(id), "public-key", "cross-platform", map[string]any{}, inner})
	if err != nil {
		return nil, fmt.Errorf("softkey: encode: %w", err)
	}
	return b, nil
}

// Create answers navigator.credentials.create with a new credential, attested if Attest is set.
func (k *Key) Create(optionsJSON []byte) ([]byte, error) {
	o, err := parseOptions(optionsJSON)
	if err != nil {
		return nil, err
	}
	user, err := decode(o.User.ID)
	if err != nil {
		return nil, err
	}
	if !offers(o, es256) {
		return nil, ErrAlgorithm
	}
	for _, c := range k.credentials {
		if names(o.Exclude, c) {
			return nil, ErrExcluded
		}
	}
	c := k.add(user)
	private, err := c.private()
	if err != nil {
		return nil, err
	}
	point, err := private.PublicKey.Bytes() // 0x04, X, Y
	if err != nil {
		return nil, fmt.Errorf("softkey: public key: %w", err)
	}
	data := k.authData(attested)
	data = append(data, k.AAGUID[:]...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(c.ID)))
	data = append(data, c.ID...)
	data = append(data, coseKey(point[1:33], point[33:])...)
	client := k.clientData("webauthn.create", o.Challenge)
	object, err := k.attest(data, client)
	if err != nil {
		return nil, err
	}
	transports := k.Transports
	if transports == nil {
		transports = []string{"usb"}
	}
	return respond(c.ID, map[string]any{
		"clientDataJSON":    encode(client),
		"attestationObject": encode(object),
		"authenticatorData": encode(data),
		"transports":        transports,
	})
}

// Get answers navigator.credentials.get with the newest credential that the options allow.
func (k *Key) Get(optionsJSON []byte) ([]byte, error) {
	o, err := parseOptions(optionsJSON)
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Backward(k.credentials) {
		if len(o.Allow) == 0 && !k.Forgetful || names(o.Allow, c) {
			return k.sign(c, o.Challenge)
		}
	}
	return nil, ErrNoCredential
}

func (k *Key) sign(c Credential, challenge string) ([]byte, error) {
	private, err := c.private()
	if err != nil {
		return nil, err
	}
	k.Counter += k.Step
	data, client := k.authData(0), k.clientData("webauthn.get", challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, err := private.Sign(nil, digest[:], crypto.SHA256) // without randomness: RFC 6979
	if err != nil {
		return nil, fmt.Errorf("softkey: sign: %w", err)
	}
	out := map[string]any{
		"clientDataJSON":    encode(client),
		"authenticatorData": encode(data),
		"signature":         encode(signature),
	}
	if !k.Forgetful {
		out["userHandle"] = encode(c.User)
	}
	return respond(c.ID, out)
}

// authData is the fixed part of authenticator data.
func (k *Key) authData(more byte) []byte {
	hash := sha256.Sum256([]byte(k.RPID))
	return binary.BigEndian.AppendUint32(append(hash[:], k.Flags|more), k.Counter)
}

func (k *Key) clientData(kind, challenge string) []byte {
	honest := fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":%q,"crossOrigin":false}`, kind, challenge, k.Origin)
	if k.ClientData != nil {
		return k.ClientData(honest)
	}
	return honest
}
