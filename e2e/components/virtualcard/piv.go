package virtualcard

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"sync"
)

// Card is a card as FIPS 201 has them (SP 800-73), in software: one key and certificate in slot 9A behind a PIN.
type Card struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pin         string

	mu       sync.Mutex
	left     int // tries
	verified bool
	chained  []byte
	expected int    // bytes of the answer
	rest     []byte // of an answer that was too long
}

// pivTries is how many wrong PINs lock the card.
const pivTries = 3

// NewCard makes a card; its PIN has 6 to 8 digits.
func NewCard(certificate *x509.Certificate, key crypto.Signer, pin string) *Card {
	return &Card{certificate: certificate, key: key, pin: pin, left: pivTries}
}

// TriesLeft is how many wrong PINs the card still takes.
func (c *Card) TriesLeft() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left
}

func (c *Card) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verified, c.chained, c.rest = false, nil, nil
}

// Status words (ISO 7816-4).
const (
	swOK        = "9000"
	swNotFound  = "6a82"
	swNoPIN     = "6982"
	swLocked    = "6983"
	swUnknown   = "6d00"
	swWrongData = "6a80"
)

// transmit answers one APDU, with command chaining and GET RESPONSE.
func (c *Card) transmit(apdu []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(apdu) < 4 {
		return sw("6700")
	}
	var data []byte
	data, c.expected = body(apdu)
	if apdu[1] == 0xc0 {
		return c.part(c.rest, swOK)
	}
	if apdu[0]&0x10 != 0 {
		c.chained = append(c.chained, data...)
		return sw(swOK)
	}
	data, c.chained = append(c.chained, data...), nil
	switch apdu[1] {
	case 0xa4:
		return c.selectApplication(data)
	case 0xcb:
		return c.getData(data)
	case 0x20:
		return c.verify(apdu[3], data)
	case 0x87:
		return c.authenticate(apdu[3], data)
	}
	return sw(swUnknown)
}

// body is the data of a short APDU, and how many bytes its sender expects (ISO 7816-3, 12.1).
func body(apdu []byte) (data []byte, expected int) {
	expected = 256
	if len(apdu) > 5 {
		data = apdu[5:min(len(apdu), 5+int(apdu[4]))]
	}
	last := int(apdu[len(apdu)-1])
	if end := 5 + len(data); last > 0 && (len(apdu) == 5 || len(data) > 0 && len(apdu) > end) {
		expected = last
	}
	return data, expected
}

func sw(word string) []byte {
	b, err := hex.DecodeString(word)
	if err != nil {
		panic(err) // a constant of this file
	}
	return b
}

// part gives the bytes that are expected and says how many wait.
func (c *Card) part(answer []byte, word string) []byte {
	if len(answer) <= c.expected {
		c.rest = nil
		return append(bytes.Clone(answer), sw(word)...)
	}
	c.rest = answer[c.expected:]
	return append(bytes.Clone(answer[:c.expected]), 0x61, byte(min(len(c.rest), 255)))
}

func tlv(tag string, value ...[]byte) []byte {
	body := bytes.Join(value, nil)
	out := sw(tag)
	switch n := len(body); {
	case n < 0x80:
		out = append(out, byte(n))
	case n < 0x100:
		out = append(out, 0x81, byte(n))
	default:
		out = append(out, 0x82, byte(n>>8), byte(n))
	}
	return append(out, body...)
}

const pivAID = "a000000308000010000100"

func (c *Card) selectApplication(aid []byte) []byte {
	if len(aid) < 5 || !bytes.HasPrefix(sw(pivAID), aid[:min(len(aid), 9)]) {
		return sw(swNotFound)
	}
	c.verified = false
	return c.part(tlv("61", tlv("4f", sw("000010000100")), tlv("79", tlv("4f", sw("a000000308")))), swOK)
}

func (c *Card) getData(data []byte) []byte {
	switch hex.EncodeToString(data) {
	case "5c035fc105": // X.509 certificate for PIV authentication
		return c.part(tlv("53", tlv("70", c.certificate.Raw), tlv("71", []byte{0}), tlv("fe")), swOK)
	case "5c035fc102": // CHUID: FASC-N, GUID, expiry; the signature is not looked at
		guid := append([]byte("lanyard-test----")[:12:12], c.certificate.SerialNumber.FillBytes(make([]byte, 32))[28:]...)
		return c.part(tlv("53", tlv("30", sw("d4e739da739ced39ce739da1685a1082108ce73984119257fc")), tlv("34", guid), tlv("35", []byte("20301231")), tlv("3e"), tlv("fe")), swOK)
	case "5c017e": // discovery: the PIV PIN and no other
		return c.part(tlv("7e", tlv("4f", sw(pivAID)), tlv("5f2f", sw("4000"))), swOK)
	}
	return sw(swNotFound)
}

func (c *Card) verify(reference byte, data []byte) []byte {
	switch {
	case reference != 0x80:
		return sw("6a88")
	case c.left == 0:
		return sw(swLocked)
	case len(data) == 0 && c.verified:
		return sw(swOK)
	case len(data) == 0:
		return []byte{0x63, 0xc0 | byte(c.left)}
	case string(bytes.TrimRight(data, "\xff")) != c.pin:
		c.left, c.verified = c.left-1, false
		return []byte{0x63, 0xc0 | byte(c.left)}
	}
	c.left, c.verified = pivTries, true
	return sw(swOK)
}

// authenticate signs with the key of slot 9A what is in tag 81 of the dynamic authentication template.
func (c *Card) authenticate(slot byte, data []byte) []byte {
	if slot != 0x9a {
		return sw("6a88")
	}
	if !c.verified {
		return sw(swNoPIN)
	}
	i := bytes.IndexByte(data, 0x81)
	if i < 0 || i+1 >= len(data) {
		return sw(swWrongData)
	}
	value := data[i+2:]
	switch data[i+1] { // a length in the long form
	case 0x81:
		value = data[i+3:]
	case 0x82:
		value = data[i+4:]
	}
	var signature []byte
	switch key := c.key.(type) {
	case *rsa.PrivateKey:
		// The bare operation: the padding is the middleware's.
		signature = new(big.Int).Exp(new(big.Int).SetBytes(value), key.D, key.N).FillBytes(make([]byte, key.Size()))
	case *ecdsa.PrivateKey:
		var err error
		if signature, err = ecdsa.SignASN1(rand.Reader, key, value); err != nil {
			return sw(swWrongData)
		}
	}
	return c.part(tlv("7c", tlv("82", signature)), swOK)
}
