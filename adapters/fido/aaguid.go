package fido

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// AAGUID names a model of authenticator (WebAuthn Level 3, section 6.5.1). What a key says of itself is a claim until
// its attestation is verified. The zero value is no model.
type AAGUID [16]byte

// ParseAAGUID reads 32 hexadecimal digits in five groups, as metadata and vendors print them. The zero AAGUID, which many
// different authenticators use, names no model and is refused.
func ParseAAGUID(s string) (AAGUID, error) {
	var a AAGUID
	groups := strings.Split(s, "-")
	b, err := hex.DecodeString(strings.Join(groups, ""))
	if err != nil || len(b) != len(a) || len(groups) != 5 || len(groups[0]) != 8 || len(groups[1]) != 4 || len(groups[2]) != 4 || len(groups[3]) != 4 {
		return a, fmt.Errorf("fido: %q is not an AAGUID", s)
	}
	copy(a[:], b)
	if a == (AAGUID{}) {
		return a, fmt.Errorf("fido: the zero AAGUID names no model")
	}
	return a, nil
}

// String is the form that ParseAAGUID reads.
func (a AAGUID) String() string {
	s := hex.EncodeToString(a[:])
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// modelOf is the AAGUID in authenticator data; zero if it is not of 16 bytes.
func modelOf(b []byte) (a AAGUID) {
	if len(b) == len(a) {
		copy(a[:], b)
	}
	return a
}
