package people

import (
	"encoding/hex"
	"math/big"
	"strings"
)

// CardHandle is the Handle of a Smartcard authenticator: the issuer's key identifier (the extension
// authorityKeyIdentifier, RFC 5280, 4.2.1.1) and the certificate's serial number, both lower-case
// hexadecimal, joined by a colon. The key identifier and not the issuer's name, because names are
// written in many ways and an issuer is renewed under the same name. A nil serial counts as zero.
func CardHandle(issuerKeyID []byte, serial *big.Int) string {
	if serial == nil {
		serial = new(big.Int)
	}
	return hex.EncodeToString(issuerKeyID) + ":" + serial.Text(16)
}

// ParseCardHandle takes a CardHandle apart.
func ParseCardHandle(handle string) (issuerKeyID []byte, serial *big.Int, ok bool) {
	key, number, found := strings.Cut(handle, ":")
	issuerKeyID, err := hex.DecodeString(key)
	serial, valid := new(big.Int).SetString(number, 16)
	if !found || err != nil || !valid || serial.Sign() < 0 || CardHandle(issuerKeyID, serial) != handle {
		return nil, nil, false
	}
	return issuerKeyID, serial, true
}
